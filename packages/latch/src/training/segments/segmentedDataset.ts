/** Long sequences of token ids with a class for each step, cut into segments that training reads one after the other. */
import { PackedBatch } from '../../tensors/packedBatch.ts'
import type { Dataset, Sample, SegmentBatch } from '../dataset.ts'

/** A sequence of ids and the class to predict at each step; a negative one does not count. */
export interface LongSequence {
  readonly ids: Int32Array
  readonly classes: Int32Array
}

/** One segment: which sequence, and its first step. */
interface Segment {
  readonly sequence: LongSequence
  readonly from: number
}

/** Groups of sequences that are read side by side; the states begin at zero with each group. */
export class SegmentedDataset implements Dataset {
  readonly lengths: Int32Array
  readonly segments: readonly SegmentBatch[]
  readonly #rows: readonly Segment[]
  readonly #steps: number

  /** @param steps the most steps of a segment */
  constructor(groups: readonly (readonly LongSequence[])[], steps: number) {
    const rows: Segment[] = []
    const segments: SegmentBatch[] = []
    for (const group of groups) {
      // The longest first, so that those that go on are the first ones.
      const sorted = [...group].sort((a, b) => b.ids.length - a.ids.length)
      for (let from = 0; from < (sorted[0]?.ids.length ?? 0); from += steps) {
        const going = sorted.filter(({ ids }) => ids.length > from)
        const first = rows.length
        for (const sequence of going) rows.push({ sequence, from })
        segments.push({ rows: Int32Array.from(going, (_, b) => first + b), starts: from === 0 })
      }
    }
    this.#rows = rows
    this.#steps = steps
    this.segments = segments
    this.lengths = Int32Array.from(rows, ({ sequence, from }) => Math.min(steps, sequence.ids.length - from))
  }

  get size(): number {
    return this.#rows.length
  }

  batch(rows: Int32Array): Sample {
    const cut = (list: (sequence: LongSequence) => Int32Array) =>
      Array.from(rows, (row) => {
        const { sequence, from } = this.#rows[row]
        return list(sequence).subarray(from, from + this.#steps)
      })
    const batch = PackedBatch.ofIds(cut(({ ids }) => ids))
    return { batch, targets: { stepClasses: cut(({ classes }) => classes) } }
  }
}
