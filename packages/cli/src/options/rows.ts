/** Reads tables as rows for the library; prints what was inferred or skipped. */
import { DataError } from 'latch'
import { readExamples } from 'latch/tables'
import { plural } from '../terminal/numbers.ts'
import type { Output } from '../terminal/output.ts'

const COLUMN = 'by name or by number from 0 (default: inferred, and printed)'

/** The argument `<data>` of the commands that read a table. */
export const dataArgument = [
  '<data>',
  'data table: CSV, TSV or JSON Lines, plain or gzipped (- for standard input)',
] as const
export const textOption = ['--text <column>', `text column, ${COLUMN}`] as const
export const labelOption = ['--label <column>', `label column, ${COLUMN}`] as const
export const headerOption = [
  '--header',
  'the first line holds the column names (default: inferred, and printed)',
] as const
export const noHeaderOption = ['--no-header', 'the first line is data; name columns by number'] as const

export interface Rows {
  rows: Record<string, string>[]
  columns: { text: string; label: string }
  /** The file's name, for messages. */
  name: string
}

type TableFormat = 'csv' | 'tsv' | 'jsonl'

export interface RowFlags {
  text?: string
  label?: string
  format?: TableFormat
  header?: boolean
}

/** Reads texts and labels of a table; `-` is standard input. @throws DataError */
export async function readRows(source: string, flags: RowFlags, output: Output): Promise<Rows> {
  const { text, label, format = formatByName(source), header } = flags
  const examples = await readExamples(source, { text, label, format, header })
  for (const note of examples.notes) output.note(note)
  const columns = { text: examples.columns.text, label: examples.columns.label ?? '' }
  if (columns.text === columns.label) {
    const got = `column "${columns.text}" for both`
    throw new DataError({ where: source, expected: 'different columns for texts and labels', got })
  }
  const rows = examples.texts.map((value, i) => ({
    [columns.text]: value,
    [columns.label]: examples.labels[i],
  }))
  return { rows, columns, name: source === '-' ? 'standard input' : source }
}

/** The format by the extension of the name; a format known this way needs no note. */
export function formatByName(source: string): TableFormat | undefined {
  return /\.(csv|tsv|jsonl)(?:\.gz)?$/i.exec(source)?.[1].toLowerCase() as TableFormat | undefined
}

/** A second table with the columns of the first. @throws DataError, also for labels the first does not have */
export async function readRowsLike(first: Rows, source: string, output: Output): Promise<Rows> {
  const more = await readRows(source, first.columns, output)
  const known = new Set(first.rows.map((row) => row[first.columns.label]))
  requireKnownLabels(more, known, first.name)
  return { ...more, rows: renamed(more, first) }
}

/** @throws DataError for rows whose labels `owner` does not have */
export function requireKnownLabels(
  { rows, columns, name }: Rows,
  known: ReadonlySet<string>,
  owner: string,
): void {
  const unknown = rows.map((row) => row[columns.label]).filter((label) => !known.has(label))
  if (unknown.length === 0) return
  const labels = new Set(unknown)
  throw new DataError({
    where: name,
    expected: `the labels of ${owner} (${list(known)})`,
    got: `${plural(unknown.length, 'row')} with ${labels.size === 1 ? 'the label' : 'labels'} ${list(labels)}`,
    remedy: 'Remove these rows, or train on data with these labels.',
  })
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
      ? 'If that line is the header, the table has no rows.'
      : 'Add rows, with at least two different labels.',
  })
}

/** Renames the columns to those of the first table: without a header they are numbers. */
function renamed(more: Rows, first: Rows): Rows['rows'] {
  const { text, label } = first.columns
  if (more.columns.text === text && more.columns.label === label) return more.rows
  return more.rows.map((row) => ({ [text]: row[more.columns.text], [label]: row[more.columns.label] }))
}

function list(labels: ReadonlySet<string>): string {
  const shown = [...labels].slice(0, 8).map((label) => `"${label}"`)
  return shown.join(', ') + (labels.size > 8 ? ` and ${labels.size - 8} more` : '')
}
