/** Encoded texts with their classes, as the batches that training asks for. */
import type { Vocabulary } from '../../text/vocabulary.ts'
import { PackedBatch } from '../../tensors/packedBatch.ts'
import type { Dataset } from '../../training/dataset.ts'

/** Encoded texts with a class each. */
export class TextDataset implements Dataset {
  readonly ids: readonly Int32Array[]
  readonly lengths: Int32Array
  readonly classes: Int32Array

  constructor(tokens: readonly (readonly string[])[], classes: Int32Array, vocabulary: Vocabulary) {
    this.ids = tokens.map((list) => vocabulary.encode(list))
    this.lengths = Int32Array.from(this.ids, (list) => list.length)
    this.classes = classes
  }

  get size(): number {
    return this.ids.length
  }

  batch(rows: Int32Array) {
    const batch = PackedBatch.ofIds(Array.from(rows, (row) => this.ids[row]))
    const classes = Int32Array.from(rows, (row) => this.classes[row])
    return { batch, targets: { classes }, classes }
  }
}
