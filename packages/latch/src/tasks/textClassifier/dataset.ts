/** Encoded texts with their targets, as the batches that training asks for. */
import type { Vocabulary } from '../../text/vocabulary.ts'
import { PackedBatch } from '../../tensors/packedBatch.ts'
import type { Dataset, Sample } from '../../training/dataset.ts'

/** Encoded texts with a target each. */
export class TextDataset implements Dataset {
  readonly lengths: Int32Array
  readonly #ids: readonly Int32Array[]
  readonly #targets: (rows: Int32Array) => Omit<Sample, 'batch'>

  /** @param targets the targets of some rows */
  constructor(
    items: readonly { tokens: readonly string[] }[],
    vocabulary: Vocabulary,
    targets: (rows: Int32Array) => Omit<Sample, 'batch'>,
  ) {
    this.#ids = items.map(({ tokens }) => vocabulary.encode(tokens))
    this.lengths = Int32Array.from(this.#ids, (list) => list.length)
    this.#targets = targets
  }

  get size(): number {
    return this.#ids.length
  }

  batch(rows: Int32Array): Sample {
    const batch = PackedBatch.ofIds(Array.from(rows, (row) => this.#ids[row]))
    return { batch, ...this.#targets(rows) }
  }
}
