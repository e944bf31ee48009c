/** The predicted class of an output row and its probability. */
import { sigmoid, softmax } from '../../core/probabilities.ts'
import type { Network } from '../../model/network.ts'

/** Number of classes of the output; 0 if outputs are numbers. */
export function classCount({ config, output }: Network): number {
  const type = config.loss?.type
  if (type === 'softmaxCrossEntropy' || type === 'crf') return output.width
  return type === 'binaryCrossEntropy' && output.width === 1 ? 2 : 0
}

/** Probabilities of the classes: a softmax, or for a single logit a sigmoid and its complement. */
export function probabilitiesOf(logits: ArrayLike<number>): Float64Array {
  return logits.length === 1 ? Float64Array.of(sigmoid(-logits[0]), sigmoid(logits[0])) : softmax(logits)
}

/** A class's logit; if one logit stands for two classes, with the class's sign. */
export function logitOf(logits: Float64Array, target: number): number {
  if (logits.length > 1) return logits[target]
  return target === 1 ? logits[0] : -logits[0]
}

/** The most likely class; the first on ties. */
export function likeliestClass(logits: ArrayLike<number>): number {
  if (logits.length === 1) return logits[0] > 0 ? 1 : 0
  let best = 0
  for (let c = 1; c < logits.length; c++) if (logits[c] > logits[best]) best = c
  return best
}
