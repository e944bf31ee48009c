/** Long sequences of token ids with a class for each step, cut into segments that training reads one after the other. */
import { PackedBatch } from '../../tensors/packedBatch.ts'
import type { Dataset, Sample, SegmentBatch } from '../dataset.ts'

/** A sequence of ids and the class to predict at each step; a negative one does not count. */
export interface LongSequence {
  readonly ids: Int32Array
  readonly classes: Int32Array
}

/** Sequences that are read one after the other; the states begin at zero with each. */
export type Stream = readonly LongSequence[]

/** One segment: which sequence, its first step, and the step after its last one. */
interface Segment {
  readonly sequence: LongSequence
  readonly from: number
  readonly to: number
}

/**
 * Groups of streams that are read side by side, some steps of each in a batch. Where a sequence ends within them, the
 * next one begins in the same batch, as a row of its own.
 */
export class SegmentedDataset implements Dataset {
  readonly lengths: Int32Array
  readonly segments: readonly SegmentBatch[]
  readonly batchSize: number
  readonly #rows: readonly Segment[]

  /** @param steps the most steps of a stream in a batch */
  constructor(groups: readonly (readonly Stream[])[], steps: number) {
    const rows: Segment[] = []
    const segments: SegmentBatch[] = []
    let batchSize = 0
    for (const group of groups) {
      batchSize = Math.max(batchSize, group.length)
      const streams = group.map((stream) => cutStream(stream, steps))
      // The longest first, as they are packed.
      streams.sort((a, b) => b.steps - a.steps)
      let places: number[] = []
      for (let k = 0; k < (streams[0]?.batches.length ?? 0); k++) {
        const [first, before] = [rows.length, places]
        const continues: number[] = []
        places = streams.map(({ batches }, stream) => {
          for (const segment of batches[k] ?? []) {
            continues.push(segment.from > 0 ? before[stream] : -1)
            rows.push(segment)
          }
          return continues.length - 1
        })
        segments.push({
          rows: Int32Array.from(continues, (_, b) => first + b),
          continues: Int32Array.from(continues),
        })
      }
    }
    this.#rows = rows
    this.batchSize = batchSize
    this.segments = segments
    this.lengths = Int32Array.from(rows, ({ from, to }) => to - from)
  }

  get size(): number {
    return this.#rows.length
  }

  batch(rows: Int32Array): Sample {
    const cut = (list: (sequence: LongSequence) => Int32Array) =>
      Array.from(rows, (row) => {
        const { sequence, from, to } = this.#rows[row]
        return list(sequence).subarray(from, to)
      })
    const batch = PackedBatch.ofIds(cut(({ ids }) => ids))
    return { batch, targets: { stepClasses: cut(({ classes }) => classes) } }
  }
}

/** The segments of a stream in each batch, and its steps in all. */
function cutStream(stream: Stream, steps: number): { batches: Segment[][]; steps: number } {
  const batches: Segment[][] = []
  let at = 0
  for (const sequence of stream) {
    const { length } = sequence.ids
    for (let from = 0; from < length;) {
      const to = Math.min(length, from + steps - (at % steps))
      if (at % steps === 0) batches.push([])
      batches[batches.length - 1].push({ sequence, from, to })
      at += to - from
      from = to
    }
  }
  return { batches, steps: at }
}
