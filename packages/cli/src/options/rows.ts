/** Reads tables as rows for the library; prints what was inferred or skipped. */
import { stat } from 'node:fs/promises'
import { DataError, LatchError, UsageError, type ErrorFacts } from 'latch'
import type { AnyModel } from 'latch/formats'
import { readExamples } from 'latch/tables'
import { plural } from '../terminal/numbers.ts'
import type { Output } from '../terminal/output.ts'
import { formatNames, namesList } from './options.ts'
import { noteAsFlags, TABLE_HELP, tableOptions, type TableFlags } from './tableFlags.ts'

const COLUMN = 'by name or by number from 0 (default: inferred, and printed)'

/** The argument `<data>` of the commands that read a table. */
export const dataArgument = [
  '<data>',
  `data table: ${TABLE_HELP} (- for standard input), or a folder with a subfolder of text files for each class`,
] as const
export const textOption = [
  '--text <columns>',
  `text column, ${COLUMN}; several, separated by commas, are joined by a space; two for pairs of texts`,
] as const
export const tagsOption = [
  '--tags <column>',
  'tagger: tag column; beside it, --label is the column of a label of the whole sentence, such as its intent',
] as const
export const labelOption = ['--label <column>', `label column, ${COLUMN}`] as const

export interface Rows {
  rows: Record<string, string>[]
  columns: { text: string; label: string }
  /** The row (from 0) of each in the table. */
  rowNumbers: number[]
  /** The file's name, for messages. */
  name: string
  /** How it was read. */
  reading: TableFlags
}

export interface RowFlags extends TableFlags {
  text?: string
  label?: string
}

/** The columns of `--text`, or of a model: `title,body`. */
export const textColumns = namesList('--text')

/** Columns as `fit` and `evaluate` of a model take them. */
export function namedColumns(
  { columns: { input, target } }: Pick<AnyModel, 'columns'>,
  { text, label }: Rows['columns'],
): Record<string, string | string[]> {
  return { [input]: input === 'texts' ? textColumns(text) : text, [target]: label }
}

/** Columns of `fit` as the flag `--text` names them. */
export function textFlag(text: string | readonly string[] | undefined): string | undefined {
  return typeof text === 'string' || text === undefined ? text : formatNames(text)
}

/** How a model reads rows. */
export interface RowReading {
  /** The text column that it was trained on. */
  trained?: string | null
  /** Whether a text has any number of labels. */
  labelLists?: boolean
}

/** Reads texts and labels of a table; `-` is standard input. @throws DataError */
export async function readRows(
  source: string,
  flags: RowFlags,
  output: Output,
  { trained = null, labelLists = false }: RowReading = {},
): Promise<Rows> {
  const { label } = flags
  const text = flags.text === undefined ? undefined : textColumns(flags.text)
  const reading = tableOptions(flags)
  const trainedText = trained === null ? null : textColumns(trained)
  const examples = await readExamples(source, { text, trainedText, label, labelLists, ...reading })
  for (const note of examples.notes) output.note(noteAsFlags(note))
  const columns = { text: formatNames(examples.textColumns), label: examples.columns.label ?? '' }
  if (examples.textColumns.includes(columns.label)) {
    const got = `column "${columns.label}" for both`
    throw new UsageError({ where: source, expected: 'different columns for texts and labels', got })
  }
  const rows = examples.texts.map((value, i) => ({
    [columns.text]: value,
    [columns.label]: examples.labels[i],
  }))
  const name = source === '-' ? 'standard input' : source
  return { rows, columns, rowNumbers: examples.rowNumbers, name, reading }
}

/** An error on one of the rows, with its place in the file; any other error unchanged. */
export function atFile(error: unknown, { name, rowNumbers, columns }: Rows): unknown {
  if (!(error instanceof LatchError) || error.row === undefined) return error
  const place = error.where.replace(/^(validation )?row \d+, /, '')
  const where = `${name}, row ${rowNumbers[error.row]}, "${columns.text}", ${place}`
  return new DataError({ ...error, where, fix: error.fixes }, { cause: error })
}

/** A second table with the columns of the first. @throws DataError, also for labels the first does not have */
export async function readRowsLike(first: Rows, source: string, output: Output): Promise<Rows> {
  const more = await readTableLike(first, source, output)
  const known = new Set(first.rows.map((row) => row[first.columns.label]))
  requireKnownLabels(more, known, first.name)
  return more
}

/** Likewise, with any labels. @throws DataError */
export async function readTableLike(
  first: Rows,
  source: string,
  output: Output,
  how: RowReading = {},
): Promise<Rows> {
  const { format: _format, ...reading } = first.reading
  const isFolder = (await stat(source).catch(() => undefined))?.isDirectory()
  const columns = isFolder ? {} : first.columns
  const more = await readRows(source, { ...reading, ...columns }, output, how)
  const { text, label } = first.columns
  return { ...more, rows: renamed(more, first), columns: { text, label } }
}

/** @throws DataError for rows whose labels `owner` does not have */
export function requireKnownLabels(table: Rows, known: ReadonlySet<string>, owner: string): void {
  const facts = unknownLabels(table, known, owner)
  if (facts) throw new DataError(facts)
}

/** What is wrong with rows whose labels `owner` does not have; null: nothing. */
export function unknownLabels(
  { rows, columns, rowNumbers, name }: Rows,
  known: ReadonlySet<string>,
  owner: string,
): ErrorFacts | null {
  const unknown = rows.map((row) => row[columns.label]).filter((label) => !known.has(label))
  if (unknown.length === 0) return null
  const labels = new Set(unknown)
  const first = rowNumbers[rows.findIndex((row) => !known.has(row[columns.label]))]
  const place = unknown.length === 1 ? `row ${first}` : `the first is row ${first}`
  return {
    where: name,
    expected: `the labels of ${owner} (${listLabels(known)})`,
    got: `${plural(unknown.length, 'row')} with ${labels.size === 1 ? 'the label' : 'labels'} ${listLabels(labels)} (${place})`,
    remedy: 'Remove these rows, or train on data with these labels.',
  }
}

/** A table with only a header line reads as one row of data. @throws DataError */
export function requireTwoRows({ rows, columns, name }: Rows): void {
  if (rows.length > 1) return
  const numbered = /^\d+$/.test(columns.text)
  throw new DataError({
    where: name,
    expected: 'at least two rows',
    got: numbered ? 'one line, read as data' : plural(rows.length, 'row'),
    remedy: numbered
      ? 'Add rows: if that line is the header, the table has none.'
      : 'Add rows, with at least two different labels.',
  })
}

/** Renames the columns to those of the first table: without a header they are numbers. */
function renamed(more: Rows, first: Rows): Rows['rows'] {
  const { text, label } = first.columns
  if (more.columns.text === text && more.columns.label === label) return more.rows
  return more.rows.map((row) => ({ [text]: row[more.columns.text], [label]: row[more.columns.label] }))
}

/** `"bad", "good"`; the first eight. */
export function listLabels(labels: ReadonlySet<string>): string {
  const shown = [...labels].slice(0, 8).map((label) => `"${label}"`)
  return shown.join(', ') + (labels.size > 8 ? ` and ${labels.size - 8} more` : '')
}
