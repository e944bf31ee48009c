/** Reserves memory for the largest batch of a run before it starts, and names the options that need less. */
import type { Capacity } from '../layers/layer.ts'
import { internalsOf, type Network } from '../model/network.ts'
import { MemoryError, type Fix } from '../core/errors.ts'
import { capacityFor, type Dataset } from './dataset.ts'

/** @throws MemoryError naming the batch and the options that make it smaller */
export function reserveFor(network: Network, datasets: readonly Dataset[], batchSize: number): void {
  const capacity = capacityFor(datasets, batchSize)
  try {
    internalsOf(network).reserve(capacity)
  } catch (error) {
    throw error instanceof MemoryError ? tooLarge(error, capacity, network.checkpointSteps) : error
  }
}

function tooLarge(
  error: MemoryError,
  { sequences, steps, rows }: Capacity,
  checkpointSteps: number | null,
): MemoryError {
  // Kept windows and one window's tape together are shortest at the root of the length.
  const windows = Math.ceil(Math.sqrt(steps))
  const fix: Fix[] = []
  if (sequences > 1) {
    const to = `use smaller batches (it is ${sequences}), two of which can be accumulated for one update`
    fix.push({ option: 'batchSize', value: Math.ceil(sequences / 2), to })
  }
  if (checkpointSteps === null || checkpointSteps > windows) {
    fix.push({ option: 'checkpointSteps', value: windows, to: 'keep fewer timesteps in memory' })
  }
  const { expected, got } = error
  return new MemoryError(
    {
      where: `fit, a batch of ${sequences} sequences of up to ${steps} steps (${rows} in all): ${error.where}`,
      expected,
      got,
      remedy: 'Shorter sequences, fewer units and a smaller vocabulary need less memory.',
      fix,
    },
    { cause: error },
  )
}
