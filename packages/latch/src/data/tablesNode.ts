/**
 * Tables from files, gzip files and standard input, read as streams (Node only). Every source becomes bytes, then text,
 * then records, by csv-parse or as JSON Lines. Parquet and JSON arrays are read whole.
 */
import { constants } from 'node:buffer'
import { pipeline as piped } from 'node:stream/promises'
import { parse } from 'csv-parse'
import { DataError, UsageError } from '../core/errors.ts'
import { joined, nameOf, readBytes, readHead } from './bytesNode.ts'
import type { TableSource } from './bytesNode.ts'
import { guessTextColumn, listColumns } from './columns.ts'
import { RecordReader } from './csvRecords.ts'
import { TextReader } from './encoding/encoding.ts'
import {
  READING_OPTIONS,
  chooseTextColumns,
  exampleTable,
  examplesFromTable,
  joinTexts,
  listNames,
} from './examples.ts'
import type { ExampleOptions, Examples, ReadingOptions } from './examples.ts'
import { checkHeap } from '../core/heapNode.ts'
import { isParquet, assertTextFile } from './fileKinds.ts'
import { isFolder, readFolder } from './folderNode.ts'
import { readParquet } from './parquet/readParquetNode.ts'
import {
  HEAD_LENGTH,
  LONGEST_HEAD,
  collectArray,
  dropEmptyLines,
  lineReader,
  needsMoreForQuotes,
  startTable,
} from './tableStart.ts'
import type { CollectorOptions } from './tableCollector.ts'
import { assertKnownOptions, type Names } from '../core/knownNames.ts'
import type { Table, TableHead, TableOptions, TableStart } from './tableStart.ts'

/** Rows between two looks at the heap. */
const ROWS_A_CHECK = 256

/**
 * Reads a table as a stream and keeps only the chosen columns. Parquet is read, too.
 * @throws DataError for a file that cannot be read, text of another encoding, damaged gzip, or data that is not a
 * table; UsageError for an unknown option
 */
export async function readTable(source: TableSource, options: TableOptions = {}): Promise<Table> {
  const name = nameOf(source, options.name)
  const chunks = readBytes(source, name)
  const head = await readHead(chunks, (length) => length >= HEAD_LENGTH)
  if (isParquet(head) && (options.format ?? 'parquet') === 'parquet') {
    return readParquet(await readHead(joined(head, chunks), () => false), name, options)
  }
  assertTextFile(head, name)
  const decoder = new TextReader(name, head, options.encoding)
  const pieces = decoded(joined(head, chunks), decoder)
  try {
    const { pending, ...start } = await readStart(pieces, decoder.notes, { ...options, name })
    const text = joined(pending, pieces)
    const lines = lineReader(start)
    if (start.format === 'json') collectArray(await collectText(text, name), start)
    else if (lines) await collectLines(text, lines, start)
    else await collectRecords(text, start)
    return { ...start.collector.finish(), format: start.format }
  } finally {
    await pieces.return(undefined)
  }
}

async function* decoded(chunks: AsyncIterable<Uint8Array>, decoder: TextReader): AsyncGenerator<string> {
  for await (const bytes of chunks) {
    const text = decoder.push(bytes)
    if (text !== '') yield text
  }
  decoder.finish()
}

/** The start of a table, and its text up to there. */
async function readStart(
  pieces: AsyncIterator<string>,
  notes: readonly string[],
  options: TableOptions & { name: string },
): Promise<TableStart & { pending: string }> {
  const head: TableHead = { text: '', isWhole: false, blankLines: 0, notes }
  await extendHead(head, pieces, HEAD_LENGTH)
  if (!head.isWhole && needsMoreForQuotes(head.text, options.name, options)) {
    let length = head.text.length
    do {
      length *= 2
      await extendHead(head, pieces, length)
    } while (!head.isWhole && needsMoreForQuotes(head.text, options.name, options))
    // What follows the first quote shows whether it closes.
    await extendHead(head, pieces, head.text.length + HEAD_LENGTH)
  }
  const start = startTable(head, options)
  return { ...start, pending: head.text.slice(start.skip) }
}

/** Reads on until the head has `length` characters and one that is not blank. Empty lines before it are left out. */
async function extendHead(head: TableHead, pieces: AsyncIterator<string>, length: number): Promise<void> {
  const parts = [head.text]
  let size = head.text.length
  let isBlank = !/\S/.test(head.text)
  while (size < length || (isBlank && size <= LONGEST_HEAD)) {
    const result = await pieces.next()
    if (result.done) {
      head.isWhole = true
      break
    }
    const isStart = size <= 1 && isBlank
    if (isStart) {
      head.text = parts.splice(0).join('') + result.value
      dropEmptyLines(head)
      parts.push(head.text)
      size = head.text.length
      isBlank = !/\S/.test(head.text)
      continue
    }
    parts.push(result.value)
    size += result.value.length
    isBlank &&= !/\S/.test(result.value)
  }
  head.text = parts.join('')
}

async function collectText(text: AsyncIterable<string>, name: string): Promise<string> {
  const all: string[] = []
  let length = 0
  for await (const piece of text) {
    all.push(piece)
    length += piece.length
    if (length <= constants.MAX_STRING_LENGTH) continue
    throw new DataError({
      where: name,
      expected: `a JSON array of at most ${constants.MAX_STRING_LENGTH.toLocaleString('en')} characters`,
      got: 'more',
      remedy: 'Write one object per line (JSON Lines), which is read as a stream.',
    })
  }
  return all.join('')
}

async function collectLines(
  text: AsyncIterable<string>,
  reader: NonNullable<ReturnType<typeof lineReader>>,
  start: TableStart,
): Promise<void> {
  for await (const piece of text) {
    reader.push(piece)
    checkHeap(start.collector.kept, start.dialect.name)
  }
  reader.finish()
}

async function collectRecords(
  text: AsyncIterable<string>,
  { collector, dialect }: TableStart,
): Promise<void> {
  let rows = 0
  const reader = new RecordReader(dialect, (cells, line) => {
    collector.acceptCells(cells, line)
    if (++rows % ROWS_A_CHECK === 0) checkHeap(collector.kept, dialect.name)
  })
  try {
    await piped(text, parse(reader.options).resume())
  } catch (thrown) {
    throw reader.explain(thrown)
  }
}

/**
 * Texts and labels of a table, read as a stream; or of a folder with a subfolder for each class and a text in each file.
 * @throws DataError as `readTable`, and for no usable row; UsageError for a column that is not there.
 */
export async function readExamples(source: TableSource, options: ExampleOptions = {}): Promise<Examples> {
  const named = { ...options, name: nameOf(source, options.name) }
  const table = (await isFolder(source))
    ? await readFolder(source as string, named)
    : await readTable(source, exampleTable(named))
  return examplesFromTable(table, named)
}

/** Which column of a table holds the texts. */
export interface TextOptions extends ReadingOptions {
  /**
   * By name or by number from 0; of several, the texts are joined in this order with a space, without empty ones. Only a
   * table of one column needs none.
   */
  text?: string | readonly string[]
  /** The columns that a model was trained on, `[model.summary().textColumn]`: read where `text` is absent and the table has them. */
  trainedText?: readonly string[] | null
}

const TEXTS: Names<TextOptions> = { text: 1, trainedText: 1, ...READING_OPTIONS }

/** The texts of a table. */
export interface TableTexts {
  /** One per row, empty ones included. */
  texts: string[]
  /** The column they come from, by name, or by number without a header; several are separated by commas. */
  column: string
  /** What was inferred, in sentences for the user. */
  notes: string[]
}

/** The texts of the files in the subfolders, in the order of their names. */
async function readFolderTexts(folder: string, options: TextOptions): Promise<TableTexts> {
  const { columns, rows, notes } = await readFolder(folder, { ...options, label: false })
  return { texts: rows.map(joinTexts), column: columns.join(','), notes }
}

/**
 * The texts of a table, one per row, or of a folder as `readExamples` reads it, one per file, for prediction: none is left out.
 * Texts with their labels: `readExamples`.
 * @throws DataError as `readTable`; UsageError for a column that is not there, and several columns without `text`
 */
export async function readTexts(source: TableSource, options: TextOptions = {}): Promise<TableTexts> {
  assertKnownOptions('readTexts option', options, TEXTS)
  const { text, trainedText, ...reading } = options
  if (await isFolder(source)) return readFolderTexts(source as string, options)
  const whole: TableOptions & Pick<CollectorOptions, 'complete' | 'likely'> = {
    ...reading,
    columns: text === undefined ? [] : listNames(text),
    complete: text !== undefined,
    likely: trainedText ?? undefined,
    choose(sample, notes) {
      const inferred: string[] = []
      const chosen = chooseTextColumns(sample, inferred, options, () => {
        if (sample.columns.length === 1) return [0]
        throw new UsageError({
          where: sample.name,
          expected: 'the column of the texts',
          got: `none of the columns ${listColumns(sample.columns)}`,
          fix: {
            option: 'text',
            value: sample.columns[guessTextColumn(sample).index],
            to: 'read that column',
          },
        })
      })
      for (const words of inferred) notes.push(`${sample.name}: ${words}.`)
      return chosen
    },
  }
  const table = await readTable(source, whole)
  return { texts: table.rows.map(joinTexts), column: table.columns.join(','), notes: table.notes }
}
