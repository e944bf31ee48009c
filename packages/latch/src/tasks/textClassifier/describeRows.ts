/** What makes texts and their labels hard to learn from, said before training. */
import { formatCount } from '../labels.ts'
import { unknownTokens } from '../unknownTokens.ts'
import type { TextItem, TextLearned } from './learned.ts'

/** Labels and rows above which the label column is doubted. */
const MANY_LABELS = 1000
const DISTINCT = { rows: 20, fraction: 0.5 }
/** The fraction of rows of one class from which accuracy says little. */
const ONE_CLASS = 0.95
const FEW_TOKENS = 5
const MANY_UNKNOWN = 0.3
const FEW_ROWS = 20

/** A sentence for each difficulty of the training rows. */
export function describeRows(learned: TextLearned, training: readonly TextItem[]): string[] {
  const { labels } = learned
  const rows = training.length
  const out: string[] = [...describeNumber(training)]
  if (labels.length > MANY_LABELS || (rows >= DISTINCT.rows && labels.length > rows * DISTINCT.fraction)) {
    out.push(
      `${formatCount(labels.length, 'different label')} in ${formatCount(rows, 'training row')}: check that the label ` +
        'column holds classes, not texts, numbers or names.',
    )
  }
  const counts = new Array<number>(labels.length).fill(0)
  for (const item of training) counts[item.class]++
  const most = counts.reduce((best, count, c) => (count > counts[best] ? c : best), 0)
  if (counts[most] >= rows * ONE_CLASS) {
    const percent = Math.floor((1000 * counts[most]) / rows) / 10
    out.push(
      `${percent} % of the training rows have the label ${JSON.stringify(labels[most])}: always predicting it is as ` +
        'accurate, so compare macro F1, or balance the class weights.',
    )
  }
  return [...out, ...describeTokens(learned, training)]
}

type Texts = readonly { tokens: readonly string[] }[]

/** Whether there are few rows. */
function describeNumber({ length: rows }: Texts): string[] {
  return rows < FEW_ROWS ? [`${formatCount(rows, 'row')} to train on: predictions will be unreliable.`] : []
}

/** Likewise, of the texts alone. */
export function describeTexts(learned: TextLearned, training: Texts): string[] {
  return [...describeNumber(training), ...describeTokens(learned, training)]
}

function describeTokens(learned: TextLearned, training: Texts): string[] {
  const { words } = learned
  const rows = training.length
  const out: string[] = []
  const { unknown, total } = unknownTokens(learned, training)
  if (rows >= DISTINCT.rows && words.size - 1 < FEW_TOKENS)
    out.push(`The vocabulary has only ${formatCount(words.size - 1, 'token')}.`)
  if (unknown > total * MANY_UNKNOWN)
    out.push(
      `${Math.round((100 * unknown) / total)} % of the tokens of the training rows are read as unknown.`,
    )
  return out
}
