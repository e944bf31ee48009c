/**
 * Ridge regression (Hoerl & Kennard 1970) of a number on the words and pairs of words of a text: each text is a row of
 * ones where it has a term, times the term's inverse document frequency, of length 1; what a text regressor should beat.
 */
import { termsOf } from './labelBayes.ts'

/** A text and its number. */
interface Measured {
  readonly tokens: readonly string[]
  readonly value: number
}

/** Weight of the squared weights, as in scikit-learn. */
const PENALTY = 1
/** Conjugate gradients end at this part of the first residual, or after so many steps. */
const TOLERANCE = 1e-6
const MOST_STEPS = 100

/** One text: term numbers and their values. */
interface SparseRow {
  readonly terms: Int32Array
  readonly values: Float64Array
}

/** Fits on the texts; answers with the number of a text. */
export function ridge(training: readonly Measured[]): (tokens: readonly string[]) => number {
  const numbers = new Map<string, number>()
  const texts: number[] = []
  for (const { tokens } of training) {
    for (const term of new Set(termsOf(tokens))) {
      let number = numbers.get(term)
      if (number === undefined) numbers.set(term, (number = numbers.size))
      texts[number] = (texts[number] ?? 0) + 1
    }
  }
  const rowOf = (tokens: readonly string[]): SparseRow => {
    const terms = [...new Set(termsOf(tokens))].flatMap((term) => numbers.get(term) ?? [])
    const raw = terms.map((term) => 1 + Math.log((1 + training.length) / (1 + texts[term])))
    const length = Math.sqrt(raw.reduce((sum, x) => sum + x * x, 0)) || 1
    return { terms: Int32Array.from(terms), values: Float64Array.from(raw, (x) => x / length) }
  }
  const mean = training.reduce((sum, { value }) => sum + value, 0) / training.length
  const rows = training.map(({ tokens }) => rowOf(tokens))
  const weights = solve(
    rows,
    Float64Array.from(training, ({ value }) => value - mean),
    numbers.size,
  )
  return (tokens) => mean + product(rowOf(tokens), weights)
}

function product({ terms, values }: SparseRow, weights: Float64Array): number {
  let sum = 0
  for (let i = 0; i < terms.length; i++) sum += values[i] * weights[terms[i]]
  return sum
}

/** (XᵀX + λI) w = Xᵀy by conjugate gradients. */
function solve(rows: readonly SparseRow[], targets: Float64Array, width: number): Float64Array {
  const weights = new Float64Array(width)
  const transposed = (scores: ArrayLike<number>) => {
    const out = new Float64Array(width)
    rows.forEach(({ terms, values }, r) => {
      for (let i = 0; i < terms.length; i++) out[terms[i]] += values[i] * scores[r]
    })
    return out
  }
  const residual = transposed(targets)
  const direction = residual.slice()
  let left = dot(residual, residual)
  const least = left * TOLERANCE * TOLERANCE
  for (let step = 0; step < MOST_STEPS && left > least; step++) {
    const image = transposed(rows.map((row) => product(row, direction)))
    for (let j = 0; j < width; j++) image[j] += PENALTY * direction[j]
    const size = left / dot(direction, image)
    for (let j = 0; j < width; j++) {
      weights[j] += size * direction[j]
      residual[j] -= size * image[j]
    }
    const before = left
    left = dot(residual, residual)
    for (let j = 0; j < width; j++) direction[j] = residual[j] + (left / before) * direction[j]
  }
  return weights
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i]
  return sum
}
