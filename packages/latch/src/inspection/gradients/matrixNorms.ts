/**
 * Norms of small matrices, in float64. Spectral: Lanczos on MᵀM with full reorthogonalisation (Golub & Van
 * Loan, Matrix Computations, ch. 10) from a fixed random start: the same matrix always gives the same number.
 * Power iteration takes thousands of steps where many singular values are alike, as in an LSTM's Jacobian.
 */
import { Random } from '../../core/random.ts'

/** Row-major numbers. */
export interface Matrix {
  rows: number
  columns: number
  values: Float64Array | Float32Array
}

/** Relative change of the squared norm, twice in a row, at which the iteration stops. */
const CONVERGED = 1e-13

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
  const { rows, columns } = matrix
  const random = new Random(1, 'spectral norm')
  const first = Float64Array.from({ length: columns }, () => random.normal())
  scaleTo(first, 1 / length(first))
  const basis: Float64Array[] = [first]
  const [diagonal, offDiagonal]: [number[], number[]] = [[], []]
  let [largest, calm] = [0, 0]
  // MᵀM has at most so many eigenvalues that are not zero, and the start may have a part in its kernel.
  const most = Math.min(rows + 1, columns)
  for (let k = 0; k < most && calm < 2; k++) {
    const w = gramTimes(matrix, basis[k], size)
    diagonal.push(dot(w, basis[k]))
    for (let pass = 0; pass < 2; pass++) for (const q of basis) subtract(w, dot(w, q), q)
    const next = topOfTridiagonal(diagonal, offDiagonal, largest)
    calm = next - largest <= CONVERGED * next ? calm + 1 : 0
    largest = next
    const left = length(w)
    if (left <= CONVERGED * largest) break
    offDiagonal.push(left)
    scaleTo(w, 1 / left)
    basis.push(w)
  }
  return Math.sqrt(largest) * size
}

/** MᵀM·v / size²: scaled by the Frobenius norm, no square leaves the range. */
function gramTimes({ rows, columns, values }: Matrix, v: Float64Array, size: number): Float64Array {
  const out = new Float64Array(columns)
  for (let r = 0; r < rows; r++) {
    const at = r * columns
    let sum = 0
    for (let c = 0; c < columns; c++) sum += values[at + c] * v[c]
    sum /= size
    for (let c = 0; c < columns; c++) out[c] += (values[at + c] / size) * sum
  }
  return out
}

/** Largest eigenvalue of a tridiagonal matrix, at least `low`, by bisection on the signs of its pivots. */
function topOfTridiagonal(diagonal: readonly number[], offDiagonal: readonly number[], low: number): number {
  let high = low
  diagonal.forEach((x, i) => (high = Math.max(high, x + (offDiagonal[i - 1] ?? 0) + (offDiagonal[i] ?? 0))))
  while (high - low > 1e-15 * high) {
    const middle = (low + high) / 2
    if (middle === low || middle === high) break
    if (allBelow(diagonal, offDiagonal, middle)) high = middle
    else low = middle
  }
  return high
}

function allBelow(diagonal: readonly number[], offDiagonal: readonly number[], x: number): boolean {
  let pivot = 0
  for (let i = 0; i < diagonal.length; i++) {
    pivot = diagonal[i] - x - (i > 0 ? offDiagonal[i - 1] ** 2 / pivot : 0)
    if (pivot >= 0) return false
  }
  return true
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i]
  return sum
}

function length(v: Float64Array): number {
  return Math.sqrt(dot(v, v))
}

/** a −= factor·b. */
function subtract(a: Float64Array, factor: number, b: Float64Array): void {
  for (let i = 0; i < a.length; i++) a[i] -= factor * b[i]
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
        subtract(own, dot(own, other), other)
      }
      scaleTo(own, 1 / length(own))
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
