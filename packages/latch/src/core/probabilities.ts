/** Logits to probabilities, in float64. The kernels have their own versions for whole batches. */
import { maximum } from './lists.ts'

/** 1 / (1 + e^−x). */
export function sigmoid(x: number): number {
  return 1 / (1 + Math.exp(-x))
}

/** log Σ e^x, without overflow. */
export function logSumExp(logits: ArrayLike<number>): number {
  const { largest, sum } = sumOfPowers(logits)
  return Math.log(sum) + largest
}

/** e^x / Σ e^x, without overflow. */
export function softmax(logits: ArrayLike<number>): Float64Array {
  const { largest, sum } = sumOfPowers(logits)
  return Float64Array.from(logits, (x) => Math.exp(x - largest) / sum)
}

/** x − log Σ e^x, without overflow. */
export function logSoftmax(logits: ArrayLike<number>): Float64Array {
  const { largest, sum } = sumOfPowers(logits)
  return Float64Array.from(logits, (x) => x - largest - Math.log(sum))
}

function sumOfPowers(logits: ArrayLike<number>): { largest: number; sum: number } {
  const largest = maximum(Array.from(logits))
  let sum = 0
  for (let j = 0; j < logits.length; j++) sum += Math.exp(logits[j] - largest)
  return { largest, sum }
}
