/**
 * A batch as packed sequences: `(B, T, …)` at the door turns into time-major rows here, and only here.
 * Sequences are ordered longest first; step t holds a row for each of the `counts[t]` sequences that
 * still run, so padding does not exist inside. Row of (step t, sequence b): offsets[t] + b.
 */
import { ShapeError } from '../core/errors.ts'

/** The most a plan has to hold. */
export interface Capacity {
  sequences: number // B
  steps: number // T
  rows: number // R
  /** Whether batches may bring masks of their own. Default false. */
  masked?: boolean
}

export const NOTHING: Capacity = { sequences: 0, steps: 0, rows: 0, masked: false }

/** Whether a plan for `have` holds what `need` asks for. */
export function covers(have: Capacity, need: Capacity): boolean {
  const masked = !need.masked || have.masked === true
  return masked && need.sequences <= have.sequences && need.steps <= have.steps && need.rows <= have.rows
}

/** The least that holds both. */
export function union(a: Capacity, b: Capacity): Capacity {
  return {
    sequences: Math.max(a.sequences, b.sequences),
    steps: Math.max(a.steps, b.steps),
    rows: Math.max(a.rows, b.rows),
    masked: a.masked === true || b.masked === true,
  }
}

/** Sequences of any lengths, packed. Make one with `ofIds` or `ofFeatures`. */
export class PackedBatch {
  /** B, T and R = Σ lengths. */
  readonly sequences: number
  readonly steps: number
  readonly rows: number
  /** Longest first. (B) */
  readonly lengths: Int32Array
  /** order[b]: the number that sequence b had at the door. (B) */
  readonly order: Int32Array
  /** Sequences still running at each step. (T) */
  readonly counts: Int32Array
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

  constructor(lengths: ArrayLike<number>) {
    const B = lengths.length
    for (let i = 0; i < B; i++) requireWhole(`batch, length of sequence ${i}`, lengths[i])
    if (B === 0) throw new ShapeError({ where: 'batch', expected: 'at least one sequence', got: 'none' })
    const order = Int32Array.from({ length: B }, (_, i) => i)
    order.sort((a, b) => lengths[b] - lengths[a] || a - b)
    this.order = order
    this.lengths = Int32Array.from(order, (i) => lengths[i])
    const shortest = this.lengths[B - 1]
    if (!(shortest >= 1)) {
      throw new ShapeError({
        where: `batch, sequence ${order[B - 1]}`,
        expected: 'at least one step',
        got: `${shortest}`,
        remedy: 'Leave empty sequences out.',
      })
    }
    const T = this.lengths[0]
    this.sequences = B
    this.steps = T
    this.equal = shortest === T
    this.counts = new Int32Array(T)
    this.offsets = new Int32Array(T)
    let running = B
    let row = 0
    for (let t = 0; t < T; t++) {
      while (this.lengths[running - 1] <= t) running--
      this.counts[t] = running
      this.offsets[t] = row
      row += running
    }
    this.rows = row
  }

  /** Which steps count (1) and which are masked (0), packed; null: all count. (R) */
  get mask(): Uint8Array | null {
    return this.#mask
  }

  /**
   * A batch of token id sequences; `masks` tells of each step whether it counts.
   * @throws ShapeError for sequences or masks that do not fit
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
      requireLength('batch masks', masks, sequences.length)
      sequences.forEach(({ length }, i) => requireLength(`batch mask of sequence ${i}`, masks[i], length))
      batch.#pack((sequence, t) => masks[sequence][t])
    }
    return batch
  }

  /**
   * A batch of features `(B, T, F)`, row-major, with optional lengths (B); what lies beyond a length is not read.
   * `mask` (B, T) tells of each step whether it counts.
   * @throws ShapeError for what does not fit the shape
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
    if (lengths) requireLength('batch lengths', lengths, B)
    if (mask) requireLength('batch mask', mask, B * T)
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

  #pack(counts: (sequence: number, step: number) => unknown): void {
    const mask = new Uint8Array(this.rows)
    this.eachRow((row, sequence, t) => {
      const given = Number(counts(sequence, t))
      requireWhole(`batch mask, sequence ${sequence}, step ${t}`, given)
      mask[row] = given ? 1 : 0
    })
    this.#mask = mask
  }

  /** Calls back for each row: (row, sequence number at the door, step). */
  eachRow(visit: (row: number, sequence: number, step: number) => void): void {
    for (let t = 0; t < this.steps; t++) {
      for (let b = 0; b < this.counts[t]; b++) visit(this.offsets[t] + b, this.order[b], t)
    }
  }
}

function requireLength(where: string, list: ArrayLike<unknown>, length: number): void {
  if (list.length === length) return
  throw new ShapeError({ where, expected: `${length} of them`, got: `${list.length}` })
}

function requireWhole(where: string, value: number): void {
  if ((value | 0) === value) return
  throw new ShapeError({ where, expected: 'a whole number below 2^31', got: String(value) })
}
