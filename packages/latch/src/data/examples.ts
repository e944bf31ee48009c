/**
 * Tables → texts and labels, ready to be tokenized. Rows without a text or a label are skipped, and their number is
 * reported in a note. Nothing here parses text (tables.ts does), so there is no dependency.
 *
 * How places are counted, here and in all of data/: a *row* is a data row of a table or an object, counted from 0; a
 * *line* is a line of a file, counted from 1, header and blank lines included, as editors show it.
 */
import { DataError } from '../core/errors.ts'
import { guessLabelColumn, guessTextColumn, listColumns, resolveColumn } from './columns.ts'
import type { TableSample } from './columns.ts'
import { cleanLabel } from './labels.ts'
import { TableCollector } from './tableCollector.ts'
import type { CollectedTable, CollectorOptions } from './tableCollector.ts'
import type { TableOptions } from './tableStart.ts'
import { assertKnownOptions, type Names } from '../core/knownNames.ts'

/** How a table is read, whatever its columns. */
export type ReadingOptions = Pick<
  TableOptions,
  'format' | 'name' | 'header' | 'encoding' | 'delimiter' | 'quotes'
>

/** Which columns of a table hold the texts and the labels. */
export interface ExampleOptions extends ReadingOptions {
  /** The text's column, by name or by number from 0. Default: inferred, with a note. */
  text?: string
  /** The label's column; `false`: no labels. Default: inferred, with a note. */
  label?: string | false
}

/** Names of these options, for checks of names. */
export const READING_OPTIONS: Names<ReadingOptions> = {
  format: 1,
  name: 1,
  header: 1,
  encoding: 1,
  delimiter: 1,
  quotes: 1,
}
const NAMES: Names<ExampleOptions> = { text: 1, label: 1, ...READING_OPTIONS }

/** One example as `fit` and `evaluate` take it. */
export interface ExampleRow {
  text: string
  /** Empty without labels. */
  label: string
}

/** Texts and their labels, ready to train on. */
export interface Examples {
  /** The same as rows: `model.fit(examples.rows, { text: 'text', label: 'label' })`. Built on each access. */
  readonly rows: ExampleRow[]
  texts: string[]
  /** One per text; empty if `label` was false. */
  labels: string[]
  /** The row (from 0) of each text in the table. */
  rowNumbers: number[]
  /** The columns used, by name, or by number without a header. */
  columns: { text: string; label: string | undefined }
  /** Number of rows skipped; a row without text and label counts as `emptyText`. */
  skipped: { emptyText: number; emptyLabel: number }
  /** What was inferred and skipped, each a sentence for the user. */
  notes: string[]
}

/**
 * Texts and labels from objects, such as rows of a database.
 * @throws DataError for a missing column, a cell that is an object, or no usable row.
 */
export function examplesFromRows<Row extends object>(
  rows: Iterable<Row>,
  options: Pick<ExampleOptions, 'text' | 'label' | 'name'> = {},
): Examples {
  const collector = new TableCollector({ ...exampleTable(options), name: options.name ?? 'rows' })
  let number = 0
  for (const row of rows) collector.acceptObject(row as Record<string, unknown>, `row ${number++}`)
  return examplesFromTable(collector.finish(), options)
}

/** The table options that read just the columns of the examples. */
export function exampleTable(options: ExampleOptions): TableOptions & Pick<CollectorOptions, 'complete'> {
  assertKnownOptions('option', options, NAMES)
  const { text, label, ...reading } = options
  const columns = [text, label].filter((reference) => typeof reference === 'string')
  return {
    ...reading,
    columns,
    complete: text !== undefined && label !== undefined,
    choose: (sample, notes) => chooseColumns(sample, notes, options),
  }
}

function chooseColumns(sample: TableSample, notes: string[], options: ExampleOptions): number[] {
  const wanted = options.label === false ? 1 : 2
  if (sample.columns.length < wanted) {
    const got = sample.columns.length === 1 ? `one column, ${listColumns(sample.columns)}` : 'no columns'
    throw new DataError({
      where: sample.name,
      expected: wanted === 1 ? 'a column of texts' : 'a column of texts and a column of labels',
      got,
      fix: sample.isKeyed ? [] : { option: 'delimiter', to: 'name the character between cells' },
    })
  }
  const inferred: string[] = []
  const labelIndex = typeof options.label === 'string' ? resolveColumn(options.label, sample) : undefined
  let textIndex: number
  if (options.text === undefined) {
    const guess = guessTextColumn(sample, labelIndex)
    textIndex = guess.index
    inferred.push(`texts from column "${sample.columns[textIndex]}" (${guess.reason})`)
  } else textIndex = resolveColumn(options.text, sample)
  if (options.label === false) return noteInferred(sample, notes, inferred, [textIndex])
  if (labelIndex !== undefined) return noteInferred(sample, notes, inferred, [textIndex, labelIndex])
  const guess = guessLabelColumn(sample, textIndex)
  inferred.push(`labels from column "${sample.columns[guess.index]}" (${guess.reason})`)
  return noteInferred(sample, notes, inferred, [textIndex, guess.index])
}

function noteInferred(sample: TableSample, notes: string[], inferred: string[], columns: number[]): number[] {
  if (inferred.length > 0) notes.push(`${sample.name}: ${inferred.join(', ')}.`)
  return columns
}

/**
 * Texts and labels from a table that was read with `exampleTable(options)`.
 * @throws DataError if every row lacks a text or a label.
 */
export function examplesFromTable(table: CollectedTable, options: ExampleOptions): Examples {
  const name = options.name ?? 'table'
  const labelled = options.label !== false
  const texts: string[] = []
  const labels: string[] = []
  const rowNumbers: number[] = []
  const skipped = { emptyText: 0, emptyLabel: 0 }
  for (const [number, row] of table.rows.entries()) {
    const text = row[0].trim()
    const label = labelled ? cleanLabel(row[1]) : ''
    if (text === '') skipped.emptyText++
    else if (labelled && label === '') skipped.emptyLabel++
    else {
      texts.push(text)
      if (labelled) labels.push(label)
      rowNumbers.push(number)
    }
  }
  const notes = [...table.notes, ...skippedNotes(name, skipped)]
  if (texts.length === 0) {
    const got = `${table.rows.length} ${table.rows.length === 1 ? 'row' : 'rows'} with an empty text or label`
    throw new DataError({ where: name, expected: 'at least one row with text and label', got })
  }
  return {
    get rows() {
      return texts.map((text, i) => ({ text, label: labels[i] ?? '' }))
    },
    texts,
    labels,
    rowNumbers,
    columns: { text: table.columns[0], label: table.columns[1] },
    skipped,
    notes,
  }
}

function skippedNotes(name: string, skipped: Examples['skipped']): string[] {
  const parts: string[] = []
  if (skipped.emptyText > 0) parts.push(`${countRows(skipped.emptyText)} with an empty text`)
  if (skipped.emptyLabel > 0) parts.push(`${countRows(skipped.emptyLabel)} with an empty label`)
  return parts.length > 0 ? [`${name}: skipped ${parts.join(' and ')}.`] : []
}

function countRows(count: number): string {
  return count === 1 ? '1 row' : `${count} rows`
}
