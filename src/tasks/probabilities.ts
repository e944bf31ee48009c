/** Logits → probabilities by label: one logit is a sigmoid for the second label, more are a softmax. */

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
  const shares = logits.length === 1 ? sigmoidPair(logits[0]) : softmax(logits)
  // From the logits, as evaluation decides: two shares can round to the same number.
  let best = logits.length === 1 && logits[0] > 0 ? 1 : 0
  for (let c = 1; c < logits.length; c++) if (logits[c] > logits[best]) best = c
  const probabilities = Object.fromEntries(labels.map((label, c) => [label, shares[c]])) as Record<L, number>
  return { label: labels[best], probabilities }
}

function sigmoidPair(logit: number): number[] {
  const second = 1 / (1 + Math.exp(-logit))
  return [1 / (1 + Math.exp(logit)), second]
}

function softmax(logits: ArrayLike<number>): number[] {
  const values = Array.from(logits)
  const most = Math.max(...values)
  const powers = values.map((x) => Math.exp(x - most))
  const sum = powers.reduce((a, b) => a + b, 0)
  return powers.map((x) => x / sum)
}
