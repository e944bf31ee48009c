/** Memory for the largest batch that a run can meet, taken before the work starts, and what to do where it is too little. */
import type { Capacity } from '../layers/layer.ts'
import type { Network } from '../model/network.ts'
import { MemoryError } from '../core/errors.ts'
import { capacityFor, type Dataset } from './dataset.ts'

/** @throws MemoryError naming the batch and what makes it smaller */
export function reserveFor(network: Network, datasets: readonly Dataset[], batchSize: number): void {
  const capacity = capacityFor(datasets, batchSize)
  try {
    network.reserve(capacity)
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
  const shorter = Math.ceil(Math.sqrt(steps))
  const windows =
    checkpointSteps === null || checkpointSteps > shorter
      ? `set checkpointSteps (${shorter} is a good start), `
      : ''
  return new MemoryError(
    {
      where: `fit, a batch of ${sequences} sequences of up to ${steps} steps (${rows} in all): ${error.where}`,
      expected: error.expected,
      got: error.got,
      remedy: `Lower batchSize (${sequences}) and raise accumulationSteps for it, ${windows}or lower the length limit (${steps}), the units or the vocabulary size.`,
    },
    { cause: error },
  )
}
