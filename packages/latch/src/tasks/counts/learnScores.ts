/**
 * What each n-gram says about the classes: its naive-Bayes log-probabilities times factors that a logistic regression
 * learns (Wang & Manning 2012, with the logistic loss of Mesnil et al. 2014). Loaded with training.
 */
import { Random } from '../../core/random.ts'
import { Interval, yieldToEventLoop } from '../../training/eventLoop.ts'

/** Added to each count, so that no n-gram rules out a class. */
const SMOOTHING = 0.5
/** Where the factors begin, and to where the penalty of their squares draws them: naive Bayes, which claims too much unscaled. */
const START = 0.2
/** Of AdaGrad (Duchi et al. 2011). */
const LEARNING_RATE = 0.1
const PASSES = 10
const FIRST_SQUARE = 1e-6

/** A text: the rows of its n-grams in the table, each once. */
export interface CountedRow {
  rows: readonly number[]
  class: number
}

/** (N, C) and (C): what an n-gram, and a text by itself, add to the score of each class. */
export interface Scores {
  scores: Float32Array
  bias: number[]
}

/**
 * Minimises, by AdaGrad, the cross-entropy of the texts plus half the squared distance of the factors from their start.
 * @param table (N, 1 + C): counts in the columns from 1 on
 * @param classWeights (C): the weight of each class in the loss
 * @param bias (C): where the bias begins
 */
export async function learnScores(
  table: Uint32Array,
  texts: readonly CountedRow[],
  classWeights: readonly number[],
  bias: readonly number[],
): Promise<Scores> {
  const C = classWeights.length
  const ratios = logRatios(table, C)
  const factors = new Float64Array(ratios.length).fill(START)
  const squares = new Float64Array(ratios.length).fill(FIRST_SQUARE)
  const ownBias = Float64Array.from(bias)
  const biasSquares = new Float64Array(C).fill(FIRST_SQUARE)
  /** Texts of each n-gram, over which its penalty is spread. */
  const frequencies = new Uint32Array(ratios.length / C)
  for (const { rows } of texts) for (const row of rows) frequencies[row]++
  const random = new Random('counts')
  const order = Int32Array.from(texts, (_, i) => i)
  const gradient = new Float64Array(C)
  const interval = new Interval()
  for (let pass = 0; pass < PASSES; pass++) {
    for (const i of random.shuffle(order)) {
      const { rows, class: own } = texts[i]
      gradient.set(ownBias)
      for (const row of rows) {
        for (let c = 0, at = row * C; c < C; c++, at++) gradient[c] += ratios[at] * factors[at]
      }
      lossGradient(gradient, own, classWeights[own])
      for (let c = 0; c < C; c++) ownBias[c] -= adaGrad(gradient[c], biasSquares, c)
      for (const row of rows) {
        const penalty = 1 / frequencies[row]
        for (let c = 0, at = row * C; c < C; c++, at++) {
          const slope = gradient[c] * ratios[at] + penalty * (factors[at] - START)
          factors[at] -= adaGrad(slope, squares, at)
        }
      }
      if (interval.passed()) await yieldToEventLoop()
    }
  }
  return {
    scores: Float32Array.from(ratios, (ratio, at) => rounded(ratio * factors[at])),
    bias: Array.from(ownBias, rounded),
  }
}

/** (N, C): log P(n-gram | class), less its mean over the classes. */
function logRatios(table: Uint32Array, C: number): Float64Array {
  const N = table.length / (C + 1)
  const totals = new Float64Array(C).fill(SMOOTHING * N)
  table.forEach((count, i) => i % (C + 1) && (totals[(i % (C + 1)) - 1] += count))
  const ratios = new Float64Array(N * C)
  for (let row = 0; row < N; row++) {
    let sum = 0
    for (let c = 0; c < C; c++) {
      const ratio = Math.log((table[row * (C + 1) + 1 + c] + SMOOTHING) / totals[c])
      sum += ratios[row * C + c] = ratio
    }
    for (let c = 0; c < C; c++) ratios[row * C + c] -= sum / C
  }
  return ratios
}

/** Logits → the gradient of their cross-entropy, in place. */
function lossGradient(logits: Float64Array, own: number, weight: number): void {
  const most = logits.reduce((a, b) => Math.max(a, b))
  let sum = 0
  for (let c = 0; c < logits.length; c++) sum += logits[c] = Math.exp(logits[c] - most)
  for (let c = 0; c < logits.length; c++) logits[c] *= weight / sum
  logits[own] -= weight
}

/** The step of a number, which divides by all slopes so far. */
function adaGrad(slope: number, squares: Float64Array, at: number): number {
  squares[at] += slope * slope
  return (LEARNING_RATE * slope) / Math.sqrt(squares[at])
}

/** To three digits, so that the last bit of a logarithm decides nothing. */
export const rounded = (x: number): number => Math.round(x * 1000) / 1000
