/**
 * A batch as packed sequences, the first stage of the data flow: `(B, T, …)` of the public API becomes time-major rows
 * here, and only here. Sequences are sorted longest first; step t holds one row for each of the `batchSizes[t]`
 * sequences that have not ended, so there is no padding inside. Row of (step t, sequence b): offsets[t] + b.
 */
import { ShapeError } from '../core/errors.ts'

/** The largest batch that planned memory holds. */
export interface Capacity {
  sequences: number // B
  steps: number // T
  rows: number // R
  /** Whether batches may bring masks of their own. Default false. */
  masked?: boolean
  /** Whether backward passes may record ∂L/∂h_t and ∂L/∂c_t. Default false. */
  recorded?: boolean
}

export const NOTHING: Capacity = { sequences: 0, steps: 0, rows: 0 }

/** Whether memory planned for `have` is enough for `need`. */
export function covers(have: Capacity, need: Capacity): boolean {
  if ((need.masked && !have.masked) || (need.recorded && !have.recorded)) return false
  return need.sequences <= have.sequences && need.steps <= have.steps && need.rows <= have.rows
}

/** The smallest capacity that is enough for both. */
export function union(a: Capacity, b: Capacity): Capacity {
  return {
    sequences: Math.max(a.sequences, b.sequences),
    steps: Math.max(a.steps, b.steps),
    rows: Math.max(a.rows, b.rows),
    masked: a.masked || b.masked,
    recorded: a.recorded || b.recorded,
  }
}

/** Sequences of any lengths, packed. Create one with `ofIds` or `ofFeatures`. */
export class PackedBatch {
  /** B, T and R = Σ lengths. */
  readonly sequences: number
  readonly steps: number
  readonly rows: number
  /** Longest first. (B) */
  readonly lengths: Int32Array
  /** sortedIndices[b]: the caller's number of sequence b (PyTorch's `sorted_indices`). (B) */
  readonly sortedIndices: Int32Array
  /** Sequences that have not ended at each step (PyTorch's `batch_sizes`). (T) */
  readonly batchSizes: Int32Array
  /** First row of each step. (T) */
  readonly offsets: Int32Array
  /** Whether all sequences are equally long. */
  readonly equal: boolean
  /** Token ids, packed. (R) */
  ids: Int32Array | null = null
  /** Features, packed. (R, F) */
  features: Float32Array | Float64Array | null = null
  featureWidth = 0
  #mask: Uint8Array | null = null

  /** `order`: the sequences longest first, where that is known. */
  constructor(lengths: ArrayLike<number>, order?: Int32Array) {
    const B = lengths.length
    for (let i = 0; i < B; i++) requireWhole(`batch, length of sequence ${i}`, lengths[i])
    if (B === 0) throw new ShapeError({ where: 'batch', expected: 'at least one sequence', got: 'none' })
    order ??= Int32Array.from(lengths, (_, i) => i).sort((a, b) => lengths[b] - lengths[a] || a - b)
    this.sortedIndices = order
    this.lengths = Int32Array.from(order, (i) => lengths[i])
    const shortest = this.lengths[B - 1]
    if (!(shortest >= 1)) {
      throw new ShapeError({
        where: `batch, sequence ${order[B - 1]}`,
        expected: 'at least one step',
        got: `${shortest}`,
        remedy: 'Remove empty sequences.',
      })
    }
    const T = this.lengths[0]
    this.sequences = B
    this.steps = T
    this.equal = shortest === T
    this.batchSizes = new Int32Array(T)
    this.offsets = new Int32Array(T)
    let running = B
    let row = 0
    for (let t = 0; t < T; t++) {
      while (this.lengths[running - 1] <= t) running--
      this.batchSizes[t] = running
      this.offsets[t] = row
      row += running
    }
    this.rows = row
  }

  /** Which steps are valid (1) and which are masked (0), packed; null: all are valid. (R) */
  get mask(): Uint8Array | null {
    return this.#mask
  }

  /**
   * A batch of token id sequences; `masks` has 1 for each valid step and 0 for each masked one.
   * @throws ShapeError for an empty sequence, an id that is not a whole number, or masks of other lengths
   */
  static ofIds(
    sequences: readonly ArrayLike<number>[],
    masks?: readonly ArrayLike<number | boolean>[],
  ): PackedBatch {
    const batch = new PackedBatch(sequences.map((s) => s.length))
    const ids = new Int32Array(batch.rows)
    batch.eachRow((row, sequence, t) => {
      const id = sequences[sequence][t]
      ids[row] = id
      if (ids[row] !== id) requireWhole(`batch, sequence ${sequence}, step ${t}`, id)
    })
    batch.ids = ids
    if (masks) {
      requireLength('batch masks', masks, sequences.length, 'masks (one per sequence)')
      sequences.forEach(({ length }, i) =>
        requireLength(`batch mask of sequence ${i}`, masks[i], length, 'numbers (one per step)'),
      )
      batch.#pack((sequence, t) => masks[sequence][t])
    }
    return batch
  }

  /**
   * A batch of features `(B, T, F)`, row-major, with optional lengths (B); steps beyond a length are not read.
   * `mask` (B, T) has 1 for each valid step and 0 for each masked one.
   * @throws ShapeError where data, lengths or mask do not have this shape
   */
  static ofFeatures(
    features: ArrayLike<number>,
    shape: readonly [number, number, number],
    lengths?: ArrayLike<number>,
    mask?: ArrayLike<number | boolean>,
  ): PackedBatch {
    const [B, T, F] = shape
    for (const size of shape) requireWhole('batch shape (batch, timesteps, features)', size)
    if (features.length !== B * T * F) {
      throw new ShapeError({
        where: 'batch features',
        expected: `${B}·${T}·${F} = ${B * T * F} numbers for (batch, timesteps, features) = (${shape})`,
        got: `${features.length}`,
      })
    }
    if (lengths) requireLength('batch lengths', lengths, B, 'lengths (one per sequence)')
    if (mask) requireLength('batch mask', mask, B * T, 'numbers (batch · timesteps)')
    const batch = new PackedBatch(lengths ?? new Int32Array(B).fill(T))
    if (batch.steps > T)
      throw new ShapeError({ where: 'batch lengths', expected: `at most ${T} steps`, got: `${batch.steps}` })
    const Kind = features instanceof Float32Array ? Float32Array : Float64Array
    const packed = new Kind(batch.rows * F)
    batch.eachRow((row, sequence, t) => {
      const from = (sequence * T + t) * F
      for (let j = 0; j < F; j++) packed[row * F + j] = features[from + j]
    })
    batch.features = packed
    batch.featureWidth = F
    if (mask) batch.#pack((sequence, t) => mask[sequence * T + t])
    return batch
  }

  #pack(valid: (sequence: number, step: number) => unknown): void {
    const mask = new Uint8Array(this.rows)
    this.eachRow((row, sequence, t) => {
      const given = Number(valid(sequence, t))
      requireWhole(`batch mask, sequence ${sequence}, step ${t}`, given)
      mask[row] = given ? 1 : 0
    })
    this.#mask = mask
  }

  /** Visits each row: (row, the caller's number of the sequence, step). */
  eachRow(visit: (row: number, sequence: number, step: number) => void): void {
    for (let t = 0; t < this.steps; t++) {
      for (let b = 0; b < this.batchSizes[t]; b++) visit(this.offsets[t] + b, this.sortedIndices[b], t)
    }
  }
}

function requireLength(where: string, list: ArrayLike<unknown>, length: number, unit: string): void {
  if (list.length === length) return
  throw new ShapeError({ where, expected: `${length} ${unit}`, got: `${list.length}` })
}

function requireWhole(where: string, value: number): void {
  if ((value | 0) === value) return
  throw new ShapeError({ where, expected: 'a whole number below 2^31', got: String(value) })
}
