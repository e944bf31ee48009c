/**
 * Norms of small matrices, in float64. Spectral: power iteration on MᵀM (Golub & Van Loan, Matrix
 * Computations, §8.2) from a fixed random start, so that the same matrix always gives the same number.
 */
import { Random } from '../tensor/random.ts'

/** Row-major numbers. */
export interface Matrix {
  rows: number
  columns: number
  values: Float64Array | Float32Array
}

/** Relative change of the norm at which the iteration stops. */
const CONVERGED = 1e-12
const MOST_ITERATIONS = 2000

/** Root of the sum of squares; NaN and Infinity as they come. */
export function frobeniusNorm({ values }: Matrix): number {
  let sum = 0
  for (const x of values) sum += x * x
  if (sum > 1e-280 && sum < Infinity) return Math.sqrt(sum)
  // Squares that left the range of float64.
  let largest = 0
  for (const x of values) largest = Math.max(largest, Math.abs(x))
  if (!(largest > 0 && largest < Infinity)) return largest
  sum = 0
  for (const x of values) sum += (x / largest) ** 2
  return largest * Math.sqrt(sum)
}

/** Largest singular value; the Frobenius norm where that is zero or not finite. */
export function spectralNorm(matrix: Matrix): number {
  const size = frobeniusNorm(matrix)
  if (!(size > 0 && size < Infinity)) return size
  const { rows, columns, values } = matrix
  const random = new Random(1, 'spectral norm')
  const v = Float64Array.from({ length: columns }, () => random.normal())
  const u = new Float64Array(rows)
  scaleTo(v, 1 / frobeniusNorm({ rows: 1, columns, values: v }))
  let norm = 0
  for (let i = 0; i < MOST_ITERATIONS; i++) {
    // Scaled by the Frobenius norm, no square leaves the range.
    let square = 0
    for (let r = 0; r < rows; r++) {
      let sum = 0
      for (let c = 0; c < columns; c++) sum += values[r * columns + c] * v[c]
      u[r] = sum / size
      square += u[r] * u[r]
    }
    const next = Math.sqrt(square)
    if (Math.abs(next - norm) <= CONVERGED * next) return next * size
    norm = next
    v.fill(0)
    for (let r = 0; r < rows; r++) {
      for (let c = 0; c < columns; c++) v[c] += (values[r * columns + c] / size) * u[r]
    }
    scaleTo(v, 1 / frobeniusNorm({ rows: 1, columns, values: v }))
  }
  return norm * size
}

function scaleTo(v: Float64Array, factor: number): void {
  for (let i = 0; i < v.length; i++) v[i] *= factor
}

/** `rows` orthonormal random vectors (Gram–Schmidt on normal ones, twice for rounding), rows ≤ columns. */
export function orthonormalProbes(rows: number, columns: number, key: string): Matrix {
  const random = new Random(1, key)
  const values = Float64Array.from({ length: rows * columns }, () => random.normal())
  for (let r = 0; r < rows; r++) {
    const own = values.subarray(r * columns, (r + 1) * columns)
    for (let pass = 0; pass < 2; pass++) {
      for (let q = 0; q < r; q++) {
        const other = values.subarray(q * columns, (q + 1) * columns)
        const along = own.reduce((sum, x, c) => sum + x * other[c], 0)
        for (let c = 0; c < columns; c++) own[c] -= along * other[c]
      }
      scaleTo(own, 1 / frobeniusNorm({ rows: 1, columns, values: own }))
    }
  }
  return { rows, columns, values }
}

/** The identity: every unit vector is a probe. */
export function unitProbes(size: number): Matrix {
  const values = new Float64Array(size * size)
  for (let i = 0; i < size; i++) values[i * size + i] = 1
  return { rows: size, columns: size, values }
}
