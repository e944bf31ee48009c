/**
 * Matrices as a reader writes them on paper: rows of numbers, products written out, shapes checked.
 * The examples work by this file and compare with the engine; it shares no code with it.
 */
import { ShapeError } from 'latch'

export type Matrix = readonly (readonly number[])[]

/** Of a matrix, as the lecture writes it: `(1, 5)`. */
export function shapeOf(matrix: Matrix): string {
  return `(${matrix.length}, ${matrix[0].length})`
}

/** (n, k)·(k, m) → (n, m). @throws ShapeError where the inner sizes differ */
export function multiply(a: Matrix, b: Matrix): number[][] {
  if (a[0].length !== b.length) {
    const expected = `as many rows on the right as columns on the left (${a[0].length})`
    throw new ShapeError({ where: `${shapeOf(a)}·${shapeOf(b)}`, expected, got: `${b.length}` })
  }
  return a.map((row) => b[0].map((_, j) => row.reduce((sum, x, k) => sum + x * b[k][j], 0)))
}

/** The sum of matrices of one shape. @throws ShapeError where the shapes differ */
export function add(...matrices: Matrix[]): number[][] {
  const [first] = matrices
  for (const other of matrices) {
    if (shapeOf(other) === shapeOf(first)) continue
    throw new ShapeError({ where: 'sum of matrices', expected: shapeOf(first), got: shapeOf(other) })
  }
  return first.map((row, i) => row.map((_, j) => matrices.reduce((sum, m) => sum + m[i][j], 0)))
}

/** Each number of a matrix on its own. */
export function each(matrix: Matrix, change: (x: number) => number): number[][] {
  return matrix.map((row) => row.map(change))
}

/** Rows become columns. */
export function transpose(matrix: Matrix): number[][] {
  return matrix[0].map((_, j) => matrix.map((row) => row[j]))
}

/** A flat list as rows. */
export function inRows(flat: ArrayLike<number>, columns: number): number[][] {
  const rows = flat.length / columns
  return Array.from({ length: rows }, (_, i) =>
    Array.from({ length: columns }, (_, j) => flat[i * columns + j]),
  )
}

/** σ(x) = 1 / (1 + e⁻ˣ): any number becomes one between 0 and 1. */
export function sigmoid(x: number): number {
  return 1 / (1 + Math.exp(-x))
}

/** The row of a word: 1 at its place in the vocabulary, else 0. */
export function oneHot(place: number, size: number): number[] {
  return Array.from({ length: size }, (_, i) => (i === place ? 1 : 0))
}

/** Of two lists of equal length, how far the two furthest apart are. */
export function largestDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) {
    throw new ShapeError({ where: 'comparison', expected: `${a.length} numbers`, got: `${b.length}` })
  }
  let largest = 0
  for (let i = 0; i < a.length; i++) {
    const difference = Math.abs(a[i] - b[i])
    // NaN is no agreement.
    largest = Number.isNaN(difference) ? Infinity : Math.max(largest, difference)
  }
  return largest
}
