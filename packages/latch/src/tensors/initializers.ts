/**
 * Initial weights, seeded by parameter name so that adding a layer does not change the others.
 * Glorot uniform (Glorot & Bengio 2010) for input and dense kernels, orthogonal per gate for recurrent
 * kernels (Saxe et al. 2014), uniform ±0.1 for embeddings, zeros for biases, one for the forget gate's.
 */
import type { Random } from '../core/random.ts'

/** Uniform in ±√(6 / (fanIn + fanOut)), shape (rows, columns) = (fanOut, fanIn). */
export function glorotUniform(rows: number, columns: number, random: Random): Float64Array {
  const limit = Math.sqrt(6 / (rows + columns))
  return uniform(rows * columns, limit, random)
}

/** Uniform in ±limit. */
export function uniform(count: number, limit: number, random: Random): Float64Array {
  return Float64Array.from({ length: count }, () => random.between(-limit, limit))
}

/** `gates` orthogonal (H, H) matrices one above the other: shape (gates·H, H). */
export function orthogonalPerGate(gates: number, units: number, random: Random): Float64Array {
  const out = new Float64Array(gates * units * units)
  for (let g = 0; g < gates; g++) out.set(orthogonal(units, random), g * units * units)
  return out
}

/**
 * A random orthogonal (n, n) matrix: Gram–Schmidt on normal rows, a second time for those that the first
 * left with little of their length (Daniel et al. 1976: twice is enough).
 */
export function orthogonal(n: number, random: Random): Float64Array {
  const q = Float64Array.from({ length: n * n }, () => random.normal())
  for (let i = 0; i < n; i++) {
    const row = q.subarray(i * n, (i + 1) * n)
    const before = dot(row, row)
    project(row, q, i)
    if (dot(row, row) < 0.25 * before) project(row, q, i)
    const norm = Math.sqrt(dot(row, row))
    for (let k = 0; k < n; k++) row[k] /= norm
  }
  return q
}

/** Takes the first `count` rows of q out of `row`. */
function project(row: Float64Array, q: Float64Array, count: number): void {
  const n = row.length
  for (let j = 0; j < count; j++) {
    const at = j * n
    const projection = dot(row, q.subarray(at, at + n))
    for (let k = 0; k < n; k++) row[k] -= projection * q[at + k]
  }
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0
  for (let k = 0; k < a.length; k++) sum += a[k] * b[k]
  return sum
}
