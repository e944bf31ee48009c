/** Logits → probabilities by label: one logit is a sigmoid for the second label, more are a softmax. */

import { likeliestClass, probabilitiesOf } from '../../inspection/trace/classScores.ts'

/** What a classifier says of a text. */
export interface Prediction<L extends string = string> {
  label: L
  /**
   * By label. JavaScript lists keys that look like whole numbers first, in rising order; the order of the
   * class numbers is that of the model's `labels`.
   */
  probabilities: Record<L, number>
}

export function predictionOf<L extends string>(
  logits: ArrayLike<number>,
  labels: readonly L[],
): Prediction<L> {
  const shares = probabilitiesOf(logits)
  const probabilities = Object.fromEntries(labels.map((label, c) => [label, shares[c]])) as Record<L, number>
  // From the logits, as evaluation decides: two shares can round to the same number.
  return { label: labels[likeliestClass(logits)], probabilities }
}
