/** The floor beside a network: naive Bayes on the same rows. People should know when a network is not worth it. */
import { naiveBayes } from 'latch'
import { stratifiedSplit } from 'latch/training'
import { percent, points } from '../terminal/numbers.ts'

type Row = Record<string, string>

export interface Columns {
  text: string
  label: string
}

export interface Floor {
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

/** Rows in two parts, by class: the same share, seed and name give the same parts. */
export function splitAs(
  rows: readonly Row[],
  label: string,
  share: number,
  key: readonly (number | string)[],
) {
  const labels = [...new Set(rows.map((row) => row[label]))].sort((a, b) => (a < b ? -1 : 1))
  const numbers = new Map(labels.map((name, i) => [name, i]))
  const classes = rows.map((row) => numbers.get(row[label]) ?? -1)
  const { train, validation } = stratifiedSplit(classes, share, key)
  const pick = (part: Int32Array): Row[] => Array.from(part, (i) => rows[i])
  return { train: pick(train), aside: pick(validation) }
}

/** Measures on the test rows, else on the validation rows; none where there is neither. */
export function measureFloor({ train, validation, test }: Parts, columns: Columns): Floor | undefined {
  const part = test.length > 0 ? 'test' : 'validation'
  const rows = part === 'test' ? test : validation
  if (rows.length === 0) return undefined
  const { accuracy, n } = naiveBayes(train, columns).evaluate(rows)
  return { name: 'naive Bayes', part, accuracy, n }
}

/** How a network stands against the floor, in a sentence; a standard error is what chance alone moves. */
export function verdictOnFloor(name: string, accuracy: number, floor: Floor): string {
  const error = Math.sqrt((floor.accuracy * (1 - floor.accuracy)) / Math.max(1, floor.n))
  const difference = accuracy - floor.accuracy
  const figures = `${percent(accuracy)} against ${percent(floor.accuracy)}`
  if (Math.abs(difference) <= error || difference === 0) {
    const why = error > 0 ? `: within one standard error, ${points(error)}` : ''
    return `${name} is level with the naive Bayes floor (${figures}${why}). The simpler model may do.`
  }
  if (difference < 0) {
    return `${name} does not reach the naive Bayes floor (${figures}). Here the simpler model is the better one.`
  }
  return `${name} beats the naive Bayes floor by ${points(difference)} (${figures}).`
}
