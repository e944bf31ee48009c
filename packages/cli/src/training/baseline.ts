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

/** One sentence that compares a network with the baseline; differences within one standard error count as ties. */
export function compareWithBaseline(name: string, accuracy: number, baseline: Baseline): string {
  const error = Math.sqrt((baseline.accuracy * (1 - baseline.accuracy)) / Math.max(1, baseline.n))
  const difference = accuracy - baseline.accuracy
  const figures = `${percent(accuracy)} against ${percent(baseline.accuracy)}`
  if (Math.abs(difference) <= error || difference === 0) {
    const why = error > 0 ? `, within one standard error of ${points(error)}` : ''
    return `${name} ties with the ${baseline.name} baseline (${figures}${why}). The simpler model may be enough.`
  }
  if (difference < 0) {
    return `${name} is below the ${baseline.name} baseline (${figures}). The simpler model is better here.`
  }
  return `${name} beats the ${baseline.name} baseline by ${points(difference)} (${figures}).`
}
