/** Sequences of ids that are two texts each: the first one's below a number, then the second one's from it on. */
import type { PackedBatch } from '../tensors/packedBatch.ts'

/**
 * Both texts of each sequence, in the caller's order; ids of the second are `size` less.
 * @param throwUnsplit called for a sequence without a first or a second text, or with ids of the first after the second's
 */
export function splitIds(
  batch: PackedBatch,
  size: number,
  throwUnsplit: (sequence: number) => never,
): { first: Int32Array[]; second: Int32Array[] } {
  const { ids, lengths, sortedIndices } = batch
  const all: Int32Array[] = []
  lengths.forEach((length, b) => (all[sortedIndices[b]] = new Int32Array(length)))
  batch.eachRow((row, sequence, t) => {
    all[sequence][t] = ids?.[row] ?? -1
  })
  const [first, second]: Int32Array[][] = [[], []]
  all.forEach((own, sequence) => {
    const at = own.findIndex((id) => id >= size)
    const rest = own.subarray(Math.max(0, at)).map((id) => id - size)
    if (at < 1 || rest.some((id) => id < 0)) throwUnsplit(sequence)
    first.push(own.subarray(0, at))
    second.push(rest)
  })
  return { first, second }
}
