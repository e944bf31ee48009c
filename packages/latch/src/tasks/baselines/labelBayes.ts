/**
 * Naive Bayes of each label by itself: a text has a label if its words and pairs of words are likelier in the texts that
 * have it than in the others. Multinomial, with add-one smoothing; what a multi-label classifier should beat.
 */

/** A text with the numbers of its labels. */
interface Labelled {
  readonly tokens: readonly string[]
  readonly classes: readonly number[]
}

/** Fits on the texts; answers with the numbers of a text's labels. */
export function labelBayes(
  training: readonly Labelled[],
  labels: number,
): (tokens: readonly string[]) => number[] {
  // Counts of a term in the texts with each label, and in all texts. (labels + 1)
  const counts = new Map<string, Float64Array>()
  const totals = new Float64Array(labels + 1)
  const texts = new Float64Array(labels + 1)
  for (const { tokens, classes } of training) {
    const places = [...classes, labels]
    for (const place of places) texts[place]++
    for (const term of termsOf(tokens)) {
      let row = counts.get(term)
      if (!row) counts.set(term, (row = new Float64Array(labels + 1)))
      for (const place of places) {
        row[place]++
        totals[place]++
      }
    }
  }
  const logOdds = (own: readonly Float64Array[], c: number) => {
    const others = texts[labels] - texts[c]
    if (texts[c] === 0) return -Infinity
    if (others === 0) return Infinity
    let sum = Math.log(texts[c] / others)
    for (const row of own) {
      sum += Math.log((row[c] + 1) / (totals[c] + counts.size))
      sum -= Math.log((row[labels] - row[c] + 1) / (totals[labels] - totals[c] + counts.size))
    }
    return sum
  }
  return (tokens) => {
    const own = termsOf(tokens).flatMap((term) => counts.get(term) ?? [])
    return Array.from({ length: labels }, (_, c) => c).filter((c) => logOdds(own, c) > 0)
  }
}

/** Words and pairs of neighbours. */
export function termsOf(tokens: readonly string[]): string[] {
  return [...tokens, ...tokens.slice(1).map((token, i) => `${tokens[i]} ${token}`)]
}
