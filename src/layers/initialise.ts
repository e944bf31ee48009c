/**
 * Initial weights, seeded by parameter name so that adding a layer does not change the others.
 * Glorot uniform (Glorot & Bengio 2010) for input and dense kernels, orthogonal per gate for recurrent
 * kernels (Saxe et al. 2014), uniform ±0.1 for embeddings, zeros for biases, one for the forget gate's.
 */
import type { Random } from '../tensor/random.ts'

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

/** A random orthogonal (n, n) matrix: Gram–Schmidt, twice for accuracy, on normal rows. */
export function orthogonal(n: number, random: Random): Float64Array {
  const q = Float64Array.from({ length: n * n }, () => random.normal())
  for (let i = 0; i < n; i++) {
    const row = q.subarray(i * n, (i + 1) * n)
    for (let pass = 0; pass < 2; pass++) {
      for (let j = 0; j < i; j++) {
        const other = q.subarray(j * n, (j + 1) * n)
        const projection = dot(row, other)
        for (let k = 0; k < n; k++) row[k] -= projection * other[k]
      }
    }
    const norm = Math.sqrt(dot(row, row))
    for (let k = 0; k < n; k++) row[k] /= norm
  }
  return q
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0
  for (let k = 0; k < a.length; k++) sum += a[k] * b[k]
  return sum
}
