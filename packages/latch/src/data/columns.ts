/**
 * The columns of a table. A column is named by its header, or by its number from 0; every inferred column is reported to
 * the user in a note.
 */
import { DataError, UsageError } from '../core/errors.ts'
import { closestName } from '../core/knownNames.ts'

/** The first rows of a table, with all columns, to choose columns from. */
export interface TableSample {
  name: string
  columns: readonly string[]
  hasHeader: boolean
  /** Whether the rows are objects, whose keys are the columns. */
  isKeyed: boolean
  /** (rows, columns): every cell, '' where there is none. Built on first access. */
  readonly rows: readonly (readonly string[])[]
  /** The number of rows. */
  rowCount: number
  /** Visits the cells that the rows have, row by row: a sparse table costs no more than its cells. */
  eachCell(visit: (column: number, text: string, row: number) => void): void
}

const NUMBER = /^\d+$/

/** Whether the first record is a header, and why. */
export interface HeaderGuess {
  hasHeader: boolean
  /** Null where the columns given by name decide. */
  reason: string | null
}

/**
 * Whether the first record is a header. If columns are given by name, or by numbers that it contains as names: yes.
 * Otherwise its cells must look like names: each short, distinct, no number and no sentence; and either one is a usual
 * name of a column, or none occurs again in its column. A single column needs a usual name.
 */
export function detectHeader(
  records: readonly (readonly string[])[],
  references: readonly string[],
): HeaderGuess {
  const first = records[0].map((cell) => cell.trim())
  const named = references.length > 0 && references.every((reference) => first.includes(reference))
  if (named || !references.every(isNumber)) return { hasHeader: true, reason: null }
  if (records.length < 2) return { hasHeader: false, reason: 'it is the only one' }
  const other = first.find((cell, column) => !looksLikeName(cell) && !isRowNumbers(records, column))
  if (other !== undefined) return { hasHeader: false, reason: `${quoted(other)} is no name` }
  if (new Set(first).size < first.length) return { hasHeader: false, reason: 'two cells are the same' }
  const repeats = first.map(() => false)
  for (const record of records.slice(1)) {
    record.slice(0, first.length).forEach((cell, column) => {
      repeats[column] ||= cell.trim() === first[column]
    })
  }
  const usual = first.find((cell, column) => !repeats[column] && isUsualName(cell))
  if (usual !== undefined) return { hasHeader: true, reason: `${quoted(usual)} is a usual name` }
  if (first.length === 1) return { hasHeader: false, reason: `${quoted(first[0])} is no usual name` }
  const repeated = first[repeats.indexOf(true)]
  return repeated === undefined
    ? { hasHeader: true, reason: 'none of its cells occurs again' }
    : { hasHeader: false, reason: `${quoted(repeated)} occurs again` }
}

/** A cell that could be the name of a column: short, not a number, date, address or sentence. */
function looksLikeName(cell: string): boolean {
  const isShort = cell !== '' && cell.length <= 40 && cell.split(/\s+/).length <= 5
  const isOther = isNumeric(cell) || /^\d{1,4}[-/.:]\d|@|:\/\//.test(cell)
  return isShort && !isOther && /\p{L}/u.test(cell) && !/[.!?;:,…。！？]$/.test(cell)
}

function isNumeric(cell: string): boolean {
  return cell !== '' && !Number.isNaN(Number(cell.replace(/,/g, '.')))
}

/** The first column of a table that was saved with its row numbers has no name. */
function isRowNumbers(records: readonly (readonly string[])[], column: number): boolean {
  return (
    column === 0 && records.every((record, row) => (row === 0 ? record[0] === '' : /^\d+$/.test(record[0])))
  )
}

function quoted(cell: string): string {
  return `"${cell.length > 40 ? `${cell.slice(0, 40)}…` : cell}"`
}

/**
 * The index of a column by name, else by number from 0.
 * @throws UsageError listing the columns; DataError for two columns of that name.
 */
export function resolveColumn(
  reference: string,
  sample: Pick<TableSample, 'name' | 'columns' | 'hasHeader'>,
): number {
  const { columns, hasHeader, name } = sample
  const index = columns.indexOf(reference)
  if (index >= 0 && columns.indexOf(reference, index + 1) >= 0) {
    const remedy = `Rename one of them, or name the column by its number, ${index} or ${columns.indexOf(reference, index + 1)}.`
    throw new DataError({
      where: name,
      expected: `one column "${reference}"`,
      got: 'two columns with that name',
      remedy,
    })
  }
  if (index >= 0) return index
  if (isNumber(reference) && Number(reference) < columns.length) return Number(reference)
  const closest = hasHeader ? closestName(reference, columns) : undefined
  const named =
    closest === undefined ? 'Name one of them, or its number from 0.' : `Did you mean ${quoted(closest)}?`
  throw new UsageError({
    where: name,
    expected: hasHeader ? `a column "${reference}"` : `a column number ${reference}`,
    got: hasHeader
      ? `the columns ${listColumns(columns)}`
      : `${columns.length} ${columns.length === 1 ? 'column' : 'columns'}, numbered from 0`,
    remedy: hasHeader ? named : 'Name a column by its number.',
  })
}

function isNumber(reference: string): boolean {
  return NUMBER.test(reference)
}

/** `"text", "label"`. */
export function listColumns(columns: readonly string[]): string {
  const shown = columns.slice(0, 20).map(quoted)
  return shown.join(', ') + (columns.length > 20 ? ` and ${columns.length - 20} more` : '')
}

const TEXT_NAMES =
  'text comment sentence review question utterance message content body tweet query headline title sms email document description input'
const LABEL_NAMES =
  'label class sentiment category intent target topic tag emotion polarity type language lang rating stars score spam output'
const OTHER_NAMES =
  'id idx index key name date time timestamp year user author source url length split fold count value'

const USUAL_NAMES = new Set(
  `${TEXT_NAMES} ${LABEL_NAMES} ${OTHER_NAMES}`.split(' ').flatMap((name) => [name, `${name}s`]),
)

/** `text`, `Comment_Text`, `Review Text`: one word with a usual part, or usual words alone. */
function isUsualName(cell: string): boolean {
  const words = cell.toLowerCase().split(/\s+/)
  if (words.length > 1) return words.every((word) => USUAL_NAMES.has(word))
  const parts = cell.split(/[^\p{L}\p{N}]+|(?<=\p{Ll})(?=\p{Lu})/u)
  return parts.some((part) => USUAL_NAMES.has(part.toLowerCase()))
}

/** An inferred column and the reason for it. */
export interface ColumnGuess {
  index: number
  reason: string
}

/** The column that most likely holds the text: by its name, else the longest cells. */
export function guessTextColumn(sample: TableSample, label?: number): ColumnGuess {
  const taken = label === undefined ? [] : [label]
  const named = columnByName(sample, TEXT_NAMES, taken)
  if (named !== undefined) return { index: named, reason: 'by its name' }
  const lengths = sample.columns.map(() => 0)
  sample.eachCell((column, text) => (lengths[column] += text.length))
  return { index: best(lengths, taken), reason: 'the longest cells' }
}

/** The column that most likely holds the label: by its name, else the fewest different values (two or more). */
export function guessLabelColumn(sample: TableSample, taken: readonly number[]): ColumnGuess {
  const named = columnByName(sample, LABEL_NAMES, taken)
  if (named !== undefined) return { index: named, reason: 'by its name' }
  const values = sample.columns.map(() => ({ texts: new Set<string>(), cells: 0 }))
  sample.eachCell((column, text) => {
    values[column].texts.add(text.trim())
    values[column].cells++
  })
  const scores = values.map(({ texts, cells }) => {
    const size = texts.size + (cells < sample.rowCount && !texts.has('') ? 1 : 0)
    return size < 2 ? -Infinity : -size
  })
  return { index: best(scores, taken), reason: 'the fewest different values' }
}

/** Exact names first (in the list's order), then names that hold one as a part: `comment_text`. */
function columnByName(sample: TableSample, names: string, taken: readonly number[]): number | undefined {
  if (!sample.hasHeader) return undefined
  const [whole, parts] = [new Map<string, number>(), new Map<string, number>()]
  const note = (found: Map<string, number>, name: string, column: number) => {
    if (!found.has(name)) found.set(name, column)
  }
  sample.columns.forEach((column, at) => {
    if (taken.includes(at)) return
    const lower = column.toLowerCase()
    note(whole, lower, at)
    for (const part of lower.split(/[^\p{L}\p{N}]+/u)) note(parts, part, at)
  })
  for (const found of [whole, parts]) {
    const name = names.split(' ').find((wanted) => found.has(wanted))
    if (name !== undefined) return found.get(name)
  }
  return undefined
}

function best(scores: readonly number[], taken: readonly number[]): number {
  let index = scores.findIndex((_, column) => !taken.includes(column))
  scores.forEach((score, column) => {
    if (!taken.includes(column) && score > scores[index]) index = column
  })
  return index
}
