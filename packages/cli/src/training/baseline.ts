/** The baseline of a model, on the same rows: it shows whether the network is worth its cost. */
import type { TextClassifier } from 'latch'
import { stratifiedSplit } from 'latch/training'
import { percent, points } from '../terminal/numbers.ts'

type Row = Record<string, string>

export interface Columns {
  text: string
  label: string
}

export interface Baseline {
  /** As the task calls it. */
  name: string
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

/** Evaluates the task's baseline on the test rows, else on the validation rows; undefined where there are neither. */
export async function evaluateBaseline(
  model: TextClassifier,
  { train, validation, test }: Parts,
  columns: Columns,
): Promise<Baseline | undefined> {
  const part = test.length > 0 ? 'test' : 'validation'
  const rows = part === 'test' ? test : validation
  if (rows.length === 0) return undefined
  const baseline = await model.baseline(train, columns)
  const { value, n } = baseline.evaluate(rows)
  return { name: baseline.name, part, accuracy: value, n }
}

/** A difference of two accuracies on the same rows, with its 95 % interval. */
export interface Difference {
  from: number
  to: number
}

/**
 * The 95 % interval of `a - b`, accuracies on `n` rows each (Agresti and Caffo: a success and a failure are added to
 * both, so that few rows give a wide one). Whether the same rows are right in both is not used, so it is rather too wide.
 * @param more variance from other sources
 */
export function differenceInterval(a: number, b: number, n: number, more = 0): Difference {
  const [p, q] = [a, b].map((accuracy) => (accuracy * n + 1) / (n + 2))
  const margin = 1.96 * Math.sqrt((p * (1 - p) + q * (1 - q)) / (n + 2) + more)
  return { from: p - q - margin, to: p - q + margin }
}

/** `95 % interval -1.2 to 3.4 points`. */
export function describeInterval({ from, to }: Difference): string {
  const figure = (value: number) => (100 * value).toFixed(1).replace(/^-(?=0\.0$)/, '')
  return `95 % interval ${figure(from)} to ${figure(to)} points`
}

/** One sentence that compares a network with the baseline; a difference whose 95 % interval contains 0 counts as a tie. */
export function compareWithBaseline(name: string, accuracy: number, baseline: Baseline): string {
  const interval = differenceInterval(accuracy, baseline.accuracy, baseline.n)
  const figures = `${percent(accuracy)} against ${percent(baseline.accuracy)}, ${describeInterval(interval)}`
  if (interval.from <= 0 && interval.to >= 0)
    return `${name} ties with the ${baseline.name} baseline (${figures}). The simpler model may be enough.`
  if (interval.to < 0)
    return `${name} is below the ${baseline.name} baseline (${figures}). The simpler model is better here.`
  return `${name} beats the ${baseline.name} baseline by ${points(accuracy - baseline.accuracy)} (${figures}).`
}
