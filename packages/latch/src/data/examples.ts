/**
 * Tables → texts and labels, ready to be tokenized. Rows without a text or a label are skipped, and their number is
 * reported in a note. Nothing here parses text (tables.ts does), so there is no dependency.
 *
 * How places are counted, here and in all of data/: a *row* is a data row of a table or an object, counted from 0; a
 * *line* is a line of a file, counted from 1, header and blank lines included, as editors show it.
 */
import { atRow, DataError, UsageError, type Fix } from '../core/errors.ts'
import { describe } from '../core/validation.ts'
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
  /**
   * The text's column, by name or by number from 0; of several, the texts are joined in this order with a space, without
   * empty ones. Default: inferred, with a note.
   */
  text?: string | readonly string[]
  /** The columns that a model was trained on, `[model.summary().textColumn]`: read where `text` is absent and the table has them. */
  trainedText?: readonly string[] | null
  /** The label's column; `false`: no labels. Default: inferred, with a note. */
  label?: string | false
  /**
   * Whether a text has any number of labels: a cell may be a list, which is read as JSON text (`["rude","loud"]`), and
   * rows with an empty label are kept: they have none. Default false.
   */
  labelLists?: boolean
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
const NAMES: Names<ExampleOptions> = { text: 1, trainedText: 1, label: 1, labelLists: 1, ...READING_OPTIONS }

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
  /** The columns used, by name, or by number without a header; of several texts, separated by commas. */
  columns: { text: string; label: string | undefined }
  /** The columns of the texts, one by one. */
  textColumns: string[]
  /** Number of rows skipped; a row without text and label counts as `emptyText`. */
  skipped: { emptyText: number; emptyLabel: number }
  /** What was inferred and skipped, each a sentence for the user. */
  notes: string[]
}

/**
 * Texts and labels from objects, such as rows of a database.
 * @throws UsageError for a column that is not there; DataError for a cell that is an object, or no usable row.
 */
export function examplesFromRows<Row extends object>(
  rows: Iterable<Row>,
  options: Pick<ExampleOptions, 'text' | 'label' | 'labelLists' | 'name'> = {},
): Examples {
  const collector = new TableCollector({ ...exampleTable(options), name: options.name ?? 'rows' })
  let number = 0
  for (const row of rows as Iterable<unknown>) {
    const place = `row ${number}`
    if (typeof row !== 'object' || row === null)
      throw atRow(new DataError({ where: place, expected: 'an object', got: describe(row) }), number, '')
    collector.acceptObject(row as Record<string, unknown>, place)
    number++
  }
  return examplesFromTable(collector.finish(), options)
}

/** The table options that read just the columns of the examples. */
export function exampleTable(
  options: ExampleOptions,
): TableOptions & Pick<CollectorOptions, 'complete' | 'likely' | 'lists'> {
  assertKnownOptions('option', options, NAMES)
  const { text, trainedText, label, labelLists, ...reading } = options
  if (text !== undefined && typeof label === 'string' && listNames(text).includes(label)) {
    const [where, got] = [options.name ?? 'rows', `column ${JSON.stringify(label)} for both`]
    throw new UsageError({ where, expected: 'different columns for texts and labels', got })
  }
  const columns = [
    ...(text === undefined ? [] : listNames(text)),
    ...(typeof label === 'string' ? [label] : []),
  ]
  return {
    ...reading,
    columns,
    likely: trainedText ?? undefined,
    lists: labelLists,
    complete: text !== undefined && label !== undefined,
    choose: (sample, notes) => chooseColumns(sample, notes, options),
  }
}

/** What one column may be: cells with another delimiter, or labels before texts. */
function fixesOfOne({ rows }: TableSample): Fix[] {
  const delimiter = { option: 'delimiter', to: 'name the character between cells' }
  const lines = { option: 'format', value: 'lines', to: 'read lines of a label, a space and a text' }
  return rows.every(([cell = '']) => /\S\s+\S/.test(cell)) ? [delimiter, lines] : [delimiter]
}

function chooseColumns(sample: TableSample, notes: string[], options: ExampleOptions): number[] {
  const wanted = options.label === false ? 1 : 2
  if (sample.columns.length < wanted) {
    const got = sample.columns.length === 1 ? `one column, ${listColumns(sample.columns)}` : 'no columns'
    throw new DataError({
      where: sample.name,
      expected: wanted === 1 ? 'a column of texts' : 'a column of texts and a column of labels',
      got,
      fix: sample.isKeyed ? [] : fixesOfOne(sample),
    })
  }
  const inferred: string[] = []
  const labelIndex = typeof options.label === 'string' ? resolveColumn(options.label, sample) : undefined
  const texts = chooseTextColumns(sample, inferred, options, () => {
    const guess = guessTextColumn(sample, labelIndex)
    inferred.push(`texts from column "${sample.columns[guess.index]}" (${guess.reason})`)
    return [guess.index]
  })
  if (options.label === false) return noteInferred(sample, notes, inferred, texts)
  if (labelIndex !== undefined) return noteInferred(sample, notes, inferred, [...texts, labelIndex])
  const guess = guessLabelColumn(sample, texts)
  inferred.push(`labels from column "${sample.columns[guess.index]}" (${guess.reason})`)
  return noteInferred(sample, notes, inferred, [...texts, guess.index])
}

/** The columns of the texts: the given ones, else those of the training, else `otherwise`. */
export function chooseTextColumns(
  sample: TableSample,
  inferred: string[],
  { text, trainedText }: Pick<ExampleOptions, 'text' | 'trainedText'>,
  otherwise: () => number[],
): number[] {
  if (text !== undefined) return listNames(text).map((name) => resolveColumn(name, sample))
  if (!trainedText?.length || !trainedText.every((name) => sample.columns.includes(name))) return otherwise()
  const noun = trainedText.length === 1 ? 'column' : 'columns'
  inferred.push(`texts from ${noun} ${listColumns(trainedText)} (as in training)`)
  return trainedText.map((name) => resolveColumn(name, sample))
}

/** @throws UsageError for an empty list */
export function listNames(text: string | readonly string[]): readonly string[] {
  const names = typeof text === 'string' ? [text] : text
  if (names.length > 0) return names
  throw new UsageError({ where: 'text', expected: 'a column, or a list of them', got: 'an empty list' })
}

/** The texts of several columns as one. */
export function joinTexts(cells: readonly string[]): string {
  if (cells.length === 1) return cells[0]
  return cells
    .map((cell) => cell.trim())
    .filter((cell) => cell !== '')
    .join(' ')
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
  const needsLabel = labelled && !options.labelLists
  const texts: string[] = []
  const labels: string[] = []
  const rowNumbers: number[] = []
  const skipped = { emptyText: 0, emptyLabel: 0 }
  const count = table.columns.length - (labelled ? 1 : 0)
  for (const [number, row] of table.rows.entries()) {
    const text = joinTexts(row.slice(0, count)).trim()
    const label = labelled ? cleanLabel(row[count]) : ''
    if (text === '') skipped.emptyText++
    else if (needsLabel && label === '') skipped.emptyLabel++
    else {
      texts.push(text)
      if (labelled) labels.push(label)
      rowNumbers.push(number)
    }
  }
  const textColumns = table.columns.slice(0, count)
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
    columns: { text: textColumns.join(','), label: table.columns[count] },
    textColumns,
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
