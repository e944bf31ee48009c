/**
 * Plain kernels of local pooling: the largest number or the mean of each window's rows, forward and backward. Windows are
 * lists of rows, −1 for padding. Sums are taken in float64, in ascending order.
 */
import type { Pointer } from '../kernels.ts'
import type { Access } from '../reference/access.ts'

/** Windows (size, count) over rows of `width` numbers, `stride` apart; −1: padding. */
export interface WindowRows {
  readonly rows: ArrayLike<number>
  readonly size: number
  readonly count: number
  readonly width: number
  readonly stride: number
}

/** y = the largest number of each window, the first on ties, and `winners` (count, width) the row it lies in. */
export function windowMaxForward(
  { f, shift }: Access,
  y: Pointer,
  x: Pointer,
  { rows, size, count, width, stride }: WindowRows,
  winners: Int32Array,
): void {
  const v = f()
  const [to, from] = [y >>> shift, x >>> shift]
  for (let i = 0; i < count; i++) {
    let seen = false
    for (let k = 0; k < size; k++) {
      const row = rows[k * count + i]
      if (row < 0) continue
      for (let j = 0; j < width; j++) {
        const value = v[from + row * stride + j]
        const at = to + i * stride + j
        // A NaN wins, as in PyTorch.
        if (seen && !(value > v[at]) && (!Number.isNaN(value) || Number.isNaN(v[at]))) continue
        v[at] = value
        winners[i * width + j] = row
      }
      seen = true
    }
  }
}

/** dx (zeros at first) += dy at the winners. */
export function windowMaxBackward(
  { f, shift }: Access,
  dx: Pointer,
  dy: Pointer,
  { count, width, stride }: WindowRows,
  winners: Int32Array,
): void {
  const v = f()
  const [to, from] = [dx >>> shift, dy >>> shift]
  for (let i = 0; i < count; i++)
    for (let j = 0; j < width; j++) v[to + winners[i * width + j] * stride + j] += v[from + i * stride + j]
}

/** y = the mean of each window: over its rows, or with `countPadding` over its size. */
export function windowMeanForward(
  { f, shift }: Access,
  y: Pointer,
  x: Pointer,
  windows: WindowRows,
  countPadding: boolean,
): void {
  const v = f()
  const { rows, size, count, width, stride } = windows
  const [to, from] = [y >>> shift, x >>> shift]
  const sums = new Float64Array(width)
  for (let i = 0; i < count; i++) {
    sums.fill(0)
    for (let k = 0; k < size; k++) {
      const row = rows[k * count + i]
      if (row < 0) continue
      for (let j = 0; j < width; j++) sums[j] += v[from + row * stride + j]
    }
    const divisor = countPadding ? size : countRows(windows, i)
    for (let j = 0; j < width; j++) v[to + i * stride + j] = sums[j] / divisor
  }
}

/** dx (zeros at first) += dy / what the sum was divided by, at each row of the window. */
export function windowMeanBackward(
  { f, shift }: Access,
  dx: Pointer,
  dy: Pointer,
  windows: WindowRows,
  countPadding: boolean,
): void {
  const v = f()
  const { rows, size, count, width, stride } = windows
  const [to, from] = [dx >>> shift, dy >>> shift]
  for (let i = 0; i < count; i++) {
    const divisor = countPadding ? size : countRows(windows, i)
    for (let k = 0; k < size; k++) {
      const row = rows[k * count + i]
      if (row < 0) continue
      for (let j = 0; j < width; j++) v[to + row * stride + j] += v[from + i * stride + j] / divisor
    }
  }
}

function countRows({ rows, size, count }: WindowRows, i: number): number {
  let found = 0
  for (let k = 0; k < size; k++) if (rows[k * count + i] >= 0) found++
  return found
}
