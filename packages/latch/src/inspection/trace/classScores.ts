/** What an output row says of classes: which one, and how sure. */
import type { Network } from '../../model/network.ts'

/** How many classes an output row tells apart; 0 where it is numbers. */
export function classCount({ config, output }: Network): number {
  if (config.loss?.type === 'softmaxCrossEntropy') return output.width
  return config.loss?.type === 'binaryCrossEntropy' && output.width === 1 ? 2 : 0
}

/** Probabilities of the classes, in their order: a softmax, or a sigmoid and its complement for one logit. */
export function probabilitiesOf(logits: ArrayLike<number>): Float64Array {
  if (logits.length === 1) {
    return Float64Array.of(1 / (1 + Math.exp(logits[0])), 1 / (1 + Math.exp(-logits[0])))
  }
  const values = Float64Array.from(logits)
  const most = values.reduce((a, b) => Math.max(a, b), -Infinity)
  const powers = values.map((x) => Math.exp(x - most))
  const sum = powers.reduce((a, b) => a + b, 0)
  return powers.map((x) => x / sum)
}

/** A class's logit: its own, or the one logit of two classes with the class's sign. */
export function logitOf(logits: Float64Array, target: number): number {
  if (logits.length > 1) return logits[target]
  return target === 1 ? logits[0] : -logits[0]
}

/** The likeliest class; the first of equals. */
export function likeliestClass(logits: ArrayLike<number>): number {
  if (logits.length === 1) return logits[0] > 0 ? 1 : 0
  let best = 0
  for (let c = 1; c < logits.length; c++) if (logits[c] > logits[best]) best = c
  return best
}
