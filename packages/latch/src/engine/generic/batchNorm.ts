/**
 * Plain kernels of batch normalisation: statistics of columns over valid rows, and the normalised rows, forward and
 * backward. All sums are taken in float64, by ascending row.
 */
import type { Pointer } from '../kernels.ts'
import type { Access } from '../reference/access.ts'
import type { RowShape } from './rows.ts'

/** Mean and 1/√(variance + epsilon) of each column. */
export interface ColumnStatistics {
  readonly mean: Float64Array
  readonly scale: Float64Array
}

/** Which rows count; null: all. */
type Valid = ArrayLike<number> | null

/** Writes the mean and the variance (divided by the number of rows) of the valid rows; returns how many there are. */
export function columnStatistics(
  { f, shift }: Access,
  mean: Float64Array,
  variance: Float64Array,
  x: Pointer,
  { rows, width, stride }: RowShape,
  valid: Valid,
): number {
  const v = f()
  const from = x >>> shift
  mean.fill(0)
  variance.fill(0)
  let count = 0
  for (let r = 0; r < rows; r++) {
    if (valid?.[r] === 0) continue
    count++
    for (let j = 0; j < width; j++) mean[j] += v[from + r * stride + j]
  }
  for (let j = 0; j < width; j++) mean[j] /= count || 1
  for (let r = 0; r < rows; r++) {
    if (valid?.[r] === 0) continue
    for (let j = 0; j < width; j++) {
      const centred = v[from + r * stride + j] - mean[j]
      variance[j] += centred * centred
    }
  }
  for (let j = 0; j < width; j++) variance[j] /= count || 1
  return count
}

/** y = weight·(x − mean)·scale + bias; weight and bias (width) may be 0: none. */
export function normaliseColumns(
  { f, shift }: Access,
  y: Pointer,
  x: Pointer,
  weight: Pointer,
  bias: Pointer,
  { mean, scale }: ColumnStatistics,
  { rows, width, stride }: RowShape,
): void {
  const v = f()
  const [w, b] = [weight >>> shift, bias >>> shift]
  for (let r = 0; r < rows; r++) {
    const [to, from] = [(y >>> shift) + r * stride, (x >>> shift) + r * stride]
    for (let j = 0; j < width; j++) {
      const normal = (v[from + j] - mean[j]) * scale[j]
      v[to + j] = (weight ? v[w + j] : 1) * normal + (bias ? v[b + j] : 0)
    }
  }
}

/** Sums over all rows, each (width): of dy·n and of dy, with n = (x − mean)·scale. */
export interface ColumnSums {
  readonly weight: Float64Array
  readonly bias: Float64Array
}

/** sums = Σ over rows of dy·n and dy. */
export function sumColumns(
  { f, shift }: Access,
  sums: ColumnSums,
  dy: Pointer,
  x: Pointer,
  { mean, scale }: ColumnStatistics,
  { rows, width, stride }: RowShape,
): void {
  const v = f()
  sums.weight.fill(0)
  sums.bias.fill(0)
  for (let r = 0; r < rows; r++) {
    const [given, from] = [(dy >>> shift) + r * stride, (x >>> shift) + r * stride]
    for (let j = 0; j < width; j++) {
      sums.weight[j] += v[given + j] * (v[from + j] - mean[j]) * scale[j]
      sums.bias[j] += v[given + j]
    }
  }
}

/**
 * dx = weight·scale·dy and, at the `count` valid rows that the statistics are of, less what these pass on:
 * weight·scale·(Σ dy + n·Σ dy·n)/count. `count` 0: the statistics are constants.
 */
export function normaliseColumnsBackward(
  { f, shift }: Access,
  dx: Pointer,
  dy: Pointer,
  x: Pointer,
  weight: Pointer,
  { mean, scale }: ColumnStatistics,
  sums: ColumnSums,
  { rows, width, stride }: RowShape,
  valid: Valid,
  count: number,
): void {
  const v = f()
  const w = weight >>> shift
  for (let r = 0; r < rows; r++) {
    const at = r * stride
    const [to, given, from] = [(dx >>> shift) + at, (dy >>> shift) + at, (x >>> shift) + at]
    const passes = count > 0 && valid?.[r] !== 0
    for (let j = 0; j < width; j++) {
      let own = v[given + j]
      if (passes) {
        const normal = (v[from + j] - mean[j]) * scale[j]
        own -= (sums.bias[j] + normal * sums.weight[j]) / count
      }
      v[to + j] = (weight ? v[w + j] : 1) * scale[j] * own
    }
  }
}
