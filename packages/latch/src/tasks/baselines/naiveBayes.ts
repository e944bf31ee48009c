/**
 * Multinomial naive Bayes with add-one smoothing (Manning et al. 2008, ch. 13): the baseline that a
 * network should beat before it is worth its training time. Printed with every trained classifier.
 */
import { examplesFromRows } from '../../data/examples.ts'
import { sortLabels } from '../../data/labels.ts'
import { createTokenizer } from '../../text/tokenizer.ts'
import { UsageError } from '../../core/errors.ts'
import { maximum } from '../../core/lists.ts'
import { assertKnownOptions, type Names } from '../../core/knownNames.ts'

/** Columns and terms of `naiveBayes`. */
export interface NaiveBayesOptions {
  text: string | readonly string[]
  label: string
  /** 1: words; 2: words and pairs of neighbours. Default 2, the stronger baseline on most data. */
  ngrams?: 1 | 2
}

const NAMES: Names<NaiveBayesOptions> = { text: 1, label: 1, ngrams: 1 }

/** A fitted naive Bayes classifier. */
export interface NaiveBayes {
  labels: readonly string[]
  predict(text: string): string
  /** Fraction of rows whose label is predicted correctly. */
  evaluate(rows: Iterable<object>): { accuracy: number; n: number }
}

/** Fits a naive Bayes classifier on the rows. */
export function naiveBayes(rows: Iterable<object>, options: NaiveBayesOptions): NaiveBayes {
  assertKnownOptions('naiveBayes option', options, NAMES)
  const { text, label, ngrams = 2 } = options
  const { texts, labels: given } = examplesFromRows(rows, { text, label })
  const tokenizer = createTokenizer({ kind: 'words', lowercase: true })
  const terms = (t: string) => withPairs(tokenizer.tokenize(t), ngrams)
  const labels = sortLabels(given)
  if (labels.length < 2) {
    throw new UsageError({ where: 'naiveBayes', expected: 'at least two labels', got: `${labels.length}` })
  }
  const numbers = new Map(labels.map((name, i) => [name, i]))
  const counts = new Map<string, Float64Array>()
  const totals = new Float64Array(labels.length)
  const rowsOf = new Float64Array(labels.length)
  texts.forEach((t, i) => {
    const c = numbers.get(given[i])!
    rowsOf[c]++
    for (const term of terms(t)) {
      let row = counts.get(term)
      if (!row) counts.set(term, (row = new Float64Array(labels.length)))
      row[c]++
      totals[c]++
    }
  })
  const predict = (t: string) => labels[best(terms(t), counts, totals, rowsOf)]
  return {
    labels,
    predict,
    evaluate(test) {
      const examples = examplesFromRows(test, { text, label })
      const right = examples.texts.filter((t, i) => predict(t) === examples.labels[i]).length
      return { accuracy: right / examples.texts.length, n: examples.texts.length }
    },
  }
}

function withPairs(tokens: string[], ngrams: 1 | 2): string[] {
  if (ngrams === 1) return tokens
  return [...tokens, ...tokens.slice(1).map((token, i) => `${tokens[i]} ${token}`)]
}

/** log P(class) + Σ log P(term | class); unseen terms are ignored. */
function best(
  terms: string[],
  counts: Map<string, Float64Array>,
  totals: Float64Array,
  rows: Float64Array,
): number {
  const scores = rows.map((n) => Math.log(n))
  for (const term of terms) {
    const row = counts.get(term)
    if (!row) continue
    for (let c = 0; c < scores.length; c++) scores[c] += Math.log((row[c] + 1) / (totals[c] + counts.size))
  }
  return scores.indexOf(maximum(scores))
}
