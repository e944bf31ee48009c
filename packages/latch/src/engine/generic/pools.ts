/**
 * Plain pooling over time: sums, and averages whose weights are learned (attention). Both take one step after the
 * other, so that a stream which takes the same steps gets the same bits.
 */
import type { Pointer } from '../kernels.ts'
import type { Access } from '../reference/access.ts'

/** Numbers of any precision. */
export type Numbers = Float64Array | Float32Array

/** Packed rows (R, width; stride) of B sequences (see layers/packed.ts), and which rows are valid (null: all). */
export interface PackedRows {
  readonly sequences: number
  readonly lengths: ArrayLike<number>
  readonly offsets: ArrayLike<number>
  readonly width: number
  readonly stride: number
  readonly valid: ArrayLike<number> | null
}

/** y (B, width; stride) = the sum over time of x, ascending. `sums` (width) is scratch memory. */
export function sumPoolForward(
  { f, shift }: Access,
  y: Pointer,
  x: Pointer,
  packed: PackedRows,
  sums: Float64Array,
): void {
  const v = f()
  const { width, stride } = packed
  for (let b = 0; b < packed.sequences; b++) {
    sums.fill(0)
    for (let t = 0; t < packed.lengths[b]; t++) {
      const row = packed.offsets[t] + b
      if (packed.valid?.[row] === 0) continue
      const from = (x >>> shift) + row * stride
      for (let j = 0; j < width; j++) sums[j] += v[from + j]
    }
    const to = (y >>> shift) + b * stride
    for (let j = 0; j < width; j++) v[to + j] = sums[j]
  }
}

/** dx = dy at every row that counts, else 0. */
export function sumPoolBackward({ f, shift }: Access, dx: Pointer, dy: Pointer, packed: PackedRows): void {
  const v = f()
  const { width, stride } = packed
  for (let b = 0; b < packed.sequences; b++) {
    const from = (dy >>> shift) + b * stride
    for (let t = 0; t < packed.lengths[b]; t++) {
      const row = packed.offsets[t] + b
      const to = (dx >>> shift) + row * stride
      const counts = packed.valid?.[row] !== 0
      for (let j = 0; j < width; j++) v[to + j] = counts ? v[from + j] : 0
    }
  }
}

/** x·w over `width` numbers, in ascending order. */
export function scoreOf(x: Numbers, from: number, w: Numbers, weight: number, width: number): number {
  let sum = 0
  for (let j = 0; j < width; j++) sum += x[from + j] * w[weight + j]
  return sum
}

/**
 * Takes one step more into a weighted average: `state` from `at` on holds the largest score and the sum of
 * e^(score − largest), 0 before the first step; `sums` from `first` on holds Σ e^(score − largest)·x.
 * What came before shrinks where a larger score comes (Milakov & Gimelshein 2018).
 */
export function takeStep(
  state: Numbers,
  at: number,
  sums: Numbers,
  first: number,
  x: Numbers,
  from: number,
  width: number,
  score: number,
): void {
  if (state[at + 1] === 0) state[at] = score
  if (score > state[at]) {
    const shrink = Math.exp(state[at] - score)
    for (let j = 0; j < width; j++) sums[first + j] *= shrink
    state[at + 1] *= shrink
    state[at] = score
  }
  const weight = Math.exp(score - state[at])
  for (let j = 0; j < width; j++) sums[first + j] += weight * x[from + j]
  state[at + 1] += weight
}

/** Scratch memory of attention. */
export interface AttentionScratch {
  readonly sums: Float64Array // (width)
  readonly dWeight: Float64Array // (width)
  /** The largest score and Σ e^(score − largest) of each sequence, from forward to backward. */
  readonly states: Float64Array // (B, 2)
}

/** y (B, width; stride) = Σ_t a_t·x_t, a = softmax over the steps of x_t·w. Nothing counts: zeros. */
export function attentionForward(
  { f, shift }: Access,
  { sums, states }: AttentionScratch,
  y: Pointer,
  x: Pointer,
  weight: Pointer,
  packed: PackedRows,
): void {
  const v = f()
  const { width, stride } = packed
  for (let b = 0; b < packed.sequences; b++) {
    sums.fill(0)
    states[2 * b] = states[2 * b + 1] = 0
    for (let t = 0; t < packed.lengths[b]; t++) {
      const row = packed.offsets[t] + b
      if (packed.valid?.[row] === 0) continue
      const from = (x >>> shift) + row * stride
      takeStep(states, 2 * b, sums, 0, v, from, width, scoreOf(v, from, v, weight >>> shift, width))
    }
    const to = (y >>> shift) + b * stride
    for (let j = 0; j < width; j++) v[to + j] = sums[j] / (states[2 * b + 1] || 1)
  }
}

/**
 * dx_t = a_t·dy + s_t·w and dw = Σ s_t·x_t, with the scores' gradients s_t = a_t·(dy·x_t − dy·y). dx 0: not written.
 */
export function attentionBackward(
  { f, shift }: Access,
  { dWeight, states }: AttentionScratch,
  dx: Pointer,
  dy: Pointer,
  x: Pointer,
  weight: Pointer,
  packed: PackedRows,
): void {
  const v = f()
  const { width, stride } = packed
  const w = weight >>> shift
  dWeight.fill(0)
  for (let b = 0; b < packed.sequences; b++) {
    const given = (dy >>> shift) + b * stride
    let common = 0
    for (let t = 0; t < packed.lengths[b]; t++) {
      const row = packed.offsets[t] + b
      const from = (x >>> shift) + row * stride
      const a = packed.valid?.[row] === 0 ? 0 : shareOf(states, b, scoreOf(v, from, v, w, width))
      common += a * scoreOf(v, from, v, given, width)
    }
    for (let t = 0; t < packed.lengths[b]; t++) {
      const row = packed.offsets[t] + b
      const [from, to] = [(x >>> shift) + row * stride, (dx >>> shift) + row * stride]
      const a = packed.valid?.[row] === 0 ? 0 : shareOf(states, b, scoreOf(v, from, v, w, width))
      const slope = a * (scoreOf(v, from, v, given, width) - common)
      for (let j = 0; j < width; j++) dWeight[j] += slope * v[from + j]
      if (dx) for (let j = 0; j < width; j++) v[to + j] = a * v[given + j] + slope * v[w + j]
    }
  }
}

/** The weight of a step in its sequence's average. */
function shareOf(states: Float64Array, b: number, score: number): number {
  return Math.exp(score - states[2 * b]) / states[2 * b + 1]
}
