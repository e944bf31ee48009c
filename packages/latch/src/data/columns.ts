/**
 * The columns of a table. A column is named by its header, or by its number from 0; every inferred column is reported to
 * the user in a note.
 */
import { DataError } from '../core/errors.ts'

/** The first rows of a table, with all columns, to choose columns from. */
export interface TableSample {
  name: string
  columns: readonly string[]
  hasHeader: boolean
  rows: readonly (readonly string[])[]
}

const NUMBER = /^\d+$/

/**
 * Whether the first record is a header. If columns are given by name: yes. If by number: no, unless the record contains
 * these numbers as names. Otherwise: yes if its cells are short, distinct, not numeric, and do not occur again
 * in their columns.
 */
export function detectHeader(
  records: readonly (readonly string[])[],
  references: readonly string[],
): boolean {
  const first = records[0].map((cell) => cell.trim())
  if (references.length > 0) {
    return references.every((reference) => first.includes(reference)) || !references.every(isNumber)
  }
  if (records.length < 2 || new Set(first).size < first.length) return false
  return first.every((cell, column) => {
    if (cell === '' || cell.length > 40 || !Number.isNaN(Number(cell))) return false
    return !records.some((record, row) => row > 0 && record[column]?.trim() === cell)
  })
}

/**
 * The index of a column by name, else by number from 0.
 * @throws DataError listing the columns.
 */
export function resolveColumn(reference: string, sample: Omit<TableSample, 'rows'>): number {
  const { columns, hasHeader, name } = sample
  const index = columns.indexOf(reference)
  if (index >= 0 && columns.indexOf(reference, index + 1) >= 0) {
    const remedy = 'Rename one of them.'
    throw new DataError({
      where: name,
      expected: `one column "${reference}"`,
      got: 'two columns with that name',
      remedy,
    })
  }
  if (index >= 0) return index
  if (isNumber(reference) && Number(reference) < columns.length) return Number(reference)
  throw new DataError({
    where: name,
    expected: hasHeader ? `a column "${reference}"` : `a column number ${reference}`,
    got: hasHeader
      ? `the columns ${listColumns(columns)}`
      : `${columns.length} ${columns.length === 1 ? 'column' : 'columns'}, numbered from 0`,
    remedy: hasHeader ? 'If the table has no header line, name columns by number from 0.' : undefined,
  })
}

function isNumber(reference: string): boolean {
  return NUMBER.test(reference)
}

function listColumns(columns: readonly string[]): string {
  const shown = columns
    .slice(0, 20)
    .map((column) => `"${column.length > 40 ? `${column.slice(0, 40)}…` : column}"`)
  return shown.join(', ') + (columns.length > 20 ? ` and ${columns.length - 20} more` : '')
}

const TEXT_NAMES =
  'text comment sentence review question utterance message content body tweet query headline title sms email document description input'
const LABEL_NAMES =
  'label class sentiment category intent target topic tag emotion polarity type language lang rating stars score spam output'

/** An inferred column and the reason for it. */
export interface ColumnGuess {
  index: number
  reason: string
}

/** The column that most likely holds the text: by its name, else the longest cells. */
export function guessTextColumn(sample: TableSample, taken?: number): ColumnGuess {
  const named = columnByName(sample, TEXT_NAMES, taken)
  if (named !== undefined) return { index: named, reason: 'by its name' }
  const lengths = sample.columns.map((_, column) => sumOf(sample, (row) => row[column]?.length ?? 0))
  return { index: best(lengths, taken), reason: 'the longest cells' }
}

/** The column that most likely holds the label: by its name, else the fewest different values (two or more). */
export function guessLabelColumn(sample: TableSample, taken: number): ColumnGuess {
  const named = columnByName(sample, LABEL_NAMES, taken)
  if (named !== undefined) return { index: named, reason: 'by its name' }
  const scores = sample.columns.map((_, column) => {
    const values = new Set(sample.rows.map((row) => row[column]?.trim() ?? ''))
    return values.size < 2 ? -Infinity : -values.size
  })
  return { index: best(scores, taken), reason: 'the fewest different values' }
}

/** Exact names first (in the list's order), then names that hold one as a part: `comment_text`. */
function columnByName(sample: TableSample, names: string, taken?: number): number | undefined {
  if (!sample.hasHeader) return undefined
  const lower = sample.columns.map((column) => column.toLowerCase())
  const wanted = names.split(' ')
  for (const matches of [isSame, hasPart]) {
    for (const name of wanted) {
      const index = lower.findIndex((column, at) => at !== taken && matches(column, name))
      if (index >= 0) return index
    }
  }
  return undefined
}

function isSame(column: string, name: string): boolean {
  return column === name
}

function hasPart(column: string, name: string): boolean {
  return column.split(/[^\p{L}\p{N}]+/u).includes(name)
}

function sumOf(sample: TableSample, measure: (row: readonly string[]) => number): number {
  return sample.rows.reduce((sum, row) => sum + measure(row), 0)
}

function best(scores: readonly number[], taken?: number): number {
  let index = taken === 0 ? 1 : 0
  scores.forEach((score, column) => {
    if (column !== taken && score > scores[index]) index = column
  })
  return index
}
