/** The baseline of a network: naive Bayes on the same rows. It shows whether the network is worth its cost. */
import { naiveBayes } from 'latch'
import { stratifiedSplit } from 'latch/training'
import { percent, points } from '../terminal/numbers.ts'

type Row = Record<string, string>

export interface Columns {
  text: string
  label: string
}

export interface Baseline {
  name: 'naive Bayes'
  /** Which rows it was measured on. */
  part: 'test' | 'validation'
  accuracy: number
  n: number
}

export interface Parts {
  train: readonly Row[]
  validation: readonly Row[]
  test: readonly Row[]
}

/** Rows in two parts, stratified by class; the same fraction and key give the same parts. */
export function stratifiedParts(
  rows: readonly Row[],
  label: string,
  fraction: number,
  key: readonly (number | string)[],
) {
  const labels = [...new Set(rows.map((row) => row[label]))].sort((a, b) => (a < b ? -1 : 1))
  const numbers = new Map(labels.map((name, i) => [name, i]))
  const classes = rows.map((row) => numbers.get(row[label]) ?? -1)
  const { train, validation } = stratifiedSplit(classes, fraction, key)
  const pick = (part: Int32Array): Row[] => Array.from(part, (i) => rows[i])
  return { train: pick(train), heldOut: pick(validation) }
}

/** Evaluates the baseline on the test rows, else on the validation rows; undefined where there are neither. */
export function evaluateBaseline({ train, validation, test }: Parts, columns: Columns): Baseline | undefined {
  const part = test.length > 0 ? 'test' : 'validation'
  const rows = part === 'test' ? test : validation
  if (rows.length === 0) return undefined
  const { accuracy, n } = naiveBayes(train, columns).evaluate(rows)
  return { name: 'naive Bayes', part, accuracy, n }
}

/** One sentence that compares a network with the baseline; differences within one standard error count as ties. */
export function compareWithBaseline(name: string, accuracy: number, baseline: Baseline): string {
  const error = Math.sqrt((baseline.accuracy * (1 - baseline.accuracy)) / Math.max(1, baseline.n))
  const difference = accuracy - baseline.accuracy
  const figures = `${percent(accuracy)} against ${percent(baseline.accuracy)}`
  if (Math.abs(difference) <= error || difference === 0) {
    const why = error > 0 ? `, within one standard error of ${points(error)}` : ''
    return `${name} ties with the naive Bayes baseline (${figures}${why}). The simpler model may be enough.`
  }
  if (difference < 0) {
    return `${name} is below the naive Bayes baseline (${figures}). The simpler model is better here.`
  }
  return `${name} beats the naive Bayes baseline by ${points(difference)} (${figures}).`
}
