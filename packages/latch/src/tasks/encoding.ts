/** Encoded sequences → packed batches, in batches of similar length. */
import type { ModelInput } from '../formats/imported.ts'
import { PackedBatch } from '../tensors/packedBatch.ts'
import type { EncodedSequence } from './model.ts'

/** Sequences that the network processes together. */
const BATCH = 64

/** One batch of sequences of one kind. */
export function packSequences(
  sequences: readonly Pick<EncodedSequence, 'ids' | 'features' | 'steps'>[],
  { kind, width }: ModelInput,
): PackedBatch {
  if (kind === 'ids') return PackedBatch.ofIds(sequences.map(({ ids }) => ids!))
  const T = sequences.reduce((most, { steps }) => Math.max(most, steps), 0)
  const all = new Float64Array(sequences.length * T * width)
  sequences.forEach(({ features }, b) => all.set(features!, b * T * width))
  const lengths = sequences.map(({ steps }) => steps)
  return PackedBatch.ofFeatures(all, [sequences.length, T, width], lengths)
}

/** Calls back with the indices of the sequences of each batch, the longest first. */
export function forEachBatch(lengths: readonly number[], visit: (numbers: readonly number[]) => void): void {
  const order = lengths.map((_, i) => i).sort((a, b) => lengths[b] - lengths[a] || a - b)
  for (let from = 0; from < order.length; from += BATCH) visit(order.slice(from, from + BATCH))
}
