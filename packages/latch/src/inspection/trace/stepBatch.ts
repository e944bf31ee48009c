/** Batches of one sequence's steps: prefixes of it, it without some steps, a step by itself. */
import { PackedBatch } from '../../tensors/packedBatch.ts'
import { maximum } from '../../core/lists.ts'

/** Each sequence reads some steps of the one in `batch`, with what its mask says of them. */
export function batchOfSteps(
  { ids, features, featureWidth: F, mask }: Pick<PackedBatch, 'ids' | 'features' | 'featureWidth' | 'mask'>,
  sequences: readonly (readonly number[])[],
): PackedBatch {
  const at = (list: ArrayLike<number>) => sequences.map((steps) => steps.map((t) => list[t]))
  const masks = mask ? at(mask) : undefined
  if (ids) return PackedBatch.ofIds(at(ids), masks)
  const lengths = sequences.map(({ length }) => length)
  const T = maximum(lengths)
  const numbers = new Float64Array(sequences.length * T * F)
  const counts = new Uint8Array(sequences.length * T)
  sequences.forEach((steps, b) =>
    steps.forEach((t, i) => {
      numbers.set(features!.subarray(t * F, (t + 1) * F), (b * T + i) * F)
      if (masks) counts[b * T + i] = masks[b][i]
    }),
  )
  return PackedBatch.ofFeatures(numbers, [sequences.length, T, F], lengths, masks && counts)
}
