/** Encoded texts with their targets, as the batches that training asks for. */
import { PackedBatch } from '../../tensors/packedBatch.ts'
import type { Dataset, Sample } from '../../training/dataset.ts'

/** The ids of texts with a target each. */
export class IdDataset implements Dataset {
  readonly lengths: Int32Array
  readonly #ids: readonly Int32Array[]
  readonly #targets: (rows: Int32Array) => Omit<Sample, 'batch'>

  /** @param targets the targets of some rows */
  constructor(ids: readonly Int32Array[], targets: (rows: Int32Array) => Omit<Sample, 'batch'>) {
    this.#ids = ids
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
