/** What traces of one sequence and of a batch have in common: a pass over the whole tape, and what it left. */
import type { Pass } from '../../layers/layer.ts'
import type { PackedBatch } from '../../tensors/packedBatch.ts'
import type { Network } from '../../model/network.ts'
import { readLayers } from './tapeReader.ts'
import { linkTrace, type AnySequenceTrace } from './traceLink.ts'

/** Mean over what counted, and how much that was (rows of a softmax, numbers of other losses). */
export interface PlainLoss {
  mean: number
  weight: number
}

/** Runs passes without gradient checkpointing, so that the whole tape is kept. */
export function wholeTape<T>(
  network: Network,
  run: (pass: Pass) => T,
  how: Pick<Pass, 'record' | 'overrides'>,
): T {
  network.prepareTraining()
  const { checkpointSteps } = network
  network.checkpointSteps = null
  try {
    return run({ training: false, key: 0, ...how })
  } finally {
    network.checkpointSteps = checkpointSteps
  }
}

/** A trace a sequence, in the caller's order; `above` is the batch as the output has it. The gradients on the tape are those of sums of losses. */
export function tracesOf(
  network: Network,
  batch: PackedBatch,
  above: PackedBatch,
  output: Float64Array,
  losses: readonly PlainLoss[] | null,
  linked: boolean,
): AnySequenceTrace[] {
  const traces = new Array<AnySequenceTrace>(batch.sequences)
  for (let b = 0; b < batch.sequences; b++) {
    const sequence = batch.sortedIndices[b]
    const loss = losses && losses[sequence]
    const trace = {
      ...outputsOf(network, above, output, b),
      loss: loss && loss.mean,
      layers: readLayers(network, batch, b, loss && (loss.weight > 0 ? 1 / loss.weight : 0)),
    } as AnySequenceTrace
    // The weights do not explain numbers that were held.
    if (linked) linkTrace(trace, network)
    traces[sequence] = trace
  }
  return traces
}

function outputsOf(network: Network, batch: PackedBatch, output: Float64Array, b: number) {
  const { width, per } = network.output
  const [sequence, T] = [batch.sortedIndices[b], batch.lengths[b]]
  const row = (at: number, count = 1) => output.slice(at * width, (at + count) * width)
  if (per === 'sequence') return { output: row(sequence), outputs: null }
  const first = sequence * batch.steps
  return { output: row(first, T), outputs: Array.from({ length: T }, (_, t) => row(first + t)) }
}
