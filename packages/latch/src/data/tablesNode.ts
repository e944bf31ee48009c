/**
 * Tables from files, gzip files and standard input, read as streams (Node only). Every source becomes bytes, then
 * strict UTF-8 text, then records, by csv-parse or as JSON Lines.
 */
import { createReadStream } from 'node:fs'
import { basename } from 'node:path'
import { Readable, pipeline } from 'node:stream'
import { pipeline as piped } from 'node:stream/promises'
import { createGunzip } from 'node:zlib'
import { parse } from 'csv-parse'
import { DataError } from '../core/errors.ts'
import { guessTextColumn, resolveColumn } from './columns.ts'
import { RecordReader } from './csvRecords.ts'
import { exampleTable, examplesFromTable } from './examples.ts'
import type { ExampleOptions, Examples } from './examples.ts'
import { isGzip } from './tables.ts'
import { holdsFirstLine, jsonLinesReader, startTable } from './tableStart.ts'
import type { Table, TableOptions, TableStart } from './tableStart.ts'
import { Utf8Reader } from './utf8.ts'
import { assertKnownOptions, type Names } from '../core/knownNames.ts'

/** A file's path, '-' for standard input, or a stream of bytes. */
export type TableSource = string | AsyncIterable<Uint8Array>

/**
 * Reads a table as a stream and keeps only the chosen columns.
 * @throws DataError for a file that cannot be read, invalid UTF-8, damaged gzip, or data that is not a table
 */
export async function readTable(source: TableSource, options: TableOptions = {}): Promise<Table> {
  const name = nameOf(source, options.name)
  const pieces = readText(source, name)
  try {
    const head = await readHead(pieces)
    const start = startTable(head, { ...options, name })
    const text = joined(head, pieces)
    if (start.format === 'jsonl') await collectObjects(text, start)
    else await collectRecords(text, start)
    return { ...start.collector.finish(), format: start.format }
  } finally {
    await pieces.return(undefined)
  }
}

async function readHead(pieces: AsyncIterator<string>): Promise<string> {
  let head = ''
  while (!holdsFirstLine(head)) {
    const result = await pieces.next()
    if (result.done) break
    head += result.value
  }
  return head
}

async function collectObjects(text: AsyncIterable<string>, start: TableStart): Promise<void> {
  const reader = jsonLinesReader(start)
  for await (const piece of text) reader.push(piece)
  reader.finish()
}

async function collectRecords(
  text: AsyncIterable<string>,
  { collector, dialect }: TableStart,
): Promise<void> {
  const reader = new RecordReader(dialect, (cells, line) => collector.acceptCells(cells, line))
  try {
    await piped(text, parse(reader.options).resume())
  } catch (thrown) {
    throw reader.explain(thrown)
  }
}

/**
 * Texts and labels of a table, read as a stream.
 * @throws DataError as `readTable`, and for a missing column or no usable row.
 */
export async function readExamples(source: TableSource, options: ExampleOptions = {}): Promise<Examples> {
  const named = { ...options, name: nameOf(source, options.name) }
  return examplesFromTable(await readTable(source, exampleTable(named)), named)
}

/** Which column of a table holds the texts. */
export interface TextOptions extends Pick<TableOptions, 'format' | 'name' | 'header'> {
  /** By name or by number from 0. Default: inferred, with a note. */
  text?: string
}

const TEXTS: Names<TextOptions> = { text: 1, format: 1, name: 1, header: 1 }

/** The texts of a table. */
export interface TableTexts {
  /** One per row, empty ones included. */
  texts: string[]
  /** The column they come from, by name, or by number without a header. */
  column: string
  /** What was inferred, in sentences for the user. */
  notes: string[]
}

/**
 * The texts of a table, one per row, for prediction: no row is left out. Texts with their labels: `readExamples`.
 * @throws DataError as `readTable`, and for a missing column
 */
export async function readTexts(source: TableSource, options: TextOptions = {}): Promise<TableTexts> {
  assertKnownOptions('readTexts option', options, TEXTS)
  const { text, format, name, header } = options
  const table = await readTable(source, {
    format,
    name,
    header,
    columns: text === undefined ? [] : [text],
    choose(sample, notes) {
      if (text !== undefined) return [resolveColumn(text, sample)]
      const { index, reason } = guessTextColumn(sample)
      notes.push(`${sample.name}: texts from column "${sample.columns[index]}" (${reason}).`)
      return [index]
    },
  })
  return { texts: table.rows.map((row) => row[0]), column: table.columns[0], notes: table.notes }
}

/**
 * Lines of text without their line ends: one text per line, as `latch predict` reads them.
 * @throws DataError for a source that cannot be read, invalid UTF-8, or damaged gzip
 */
export async function* readLines(source: TableSource, name?: string): AsyncGenerator<string> {
  let rest = ''
  for await (const text of readText(source, nameOf(source, name))) {
    const lines = (rest + text).split(/\r?\n/)
    rest = lines.pop() ?? ''
    yield* lines
  }
  if (rest !== '') yield rest
}

function nameOf(source: TableSource, name: string | undefined): string {
  if (name !== undefined) return name
  if (typeof source !== 'string') return 'table'
  return source === '-' ? 'standard input' : basename(source)
}

async function* readText(source: TableSource, name: string): AsyncGenerator<string> {
  const decoder = new Utf8Reader(name)
  try {
    for await (const bytes of decompressed(bytesOf(source), name)) {
      const text = decoder.push(bytes)
      if (text !== '') yield text
    }
  } catch (cause) {
    throw explained(cause, typeof source === 'string' && source !== '-' ? source : name)
  }
  decoder.finish()
}

function bytesOf(source: TableSource): AsyncIterable<Uint8Array> {
  if (typeof source !== 'string') return source
  return source === '-' ? process.stdin : createReadStream(source)
}

/** Gzip is detected by its first two bytes, so it may come from standard input or have any name. */
async function* decompressed(source: AsyncIterable<Uint8Array>, name: string): AsyncGenerator<Uint8Array> {
  const chunks = source[Symbol.asyncIterator]()
  let head = new Uint8Array(0)
  let done = false
  while (head.length < 2 && !done) {
    const result = await chunks.next()
    done = result.done === true
    if (!result.done) head = Buffer.concat([head, result.value])
  }
  const all = joined(head, chunks)
  if (isGzip(head)) {
    const gunzip = createGunzip()
    // The loop below throws the pipeline's errors; its callback has nothing to add.
    pipeline(Readable.from(all), gunzip, () => {})
    yield* gunzip as AsyncIterable<Uint8Array>
    return
  }
  if (name.endsWith('.gz') && head.length > 0) {
    const got = 'other data'
    throw new DataError({
      where: name,
      expected: 'gzip data, as its name says',
      got,
      remedy: 'Rename the file.',
    })
  }
  yield* all
}

async function* joined<Piece extends string | Uint8Array>(
  head: Piece,
  rest: AsyncIterator<Piece>,
): AsyncGenerator<Piece> {
  try {
    if (head.length > 0) yield head
    for (let result = await rest.next(); !result.done; result = await rest.next()) yield result.value
  } finally {
    // A reader that stopped early (at a bad row, say) must not leave the file open.
    await rest.return?.()
  }
}

const FILE_FAULTS: Record<string, { got: string; remedy?: string }> = {
  ENOENT: { got: 'no such file', remedy: 'Check the path.' },
  EISDIR: { got: 'a directory', remedy: 'Name a file in it.' },
  EACCES: { got: 'permission denied', remedy: 'Check its permissions.' },
  Z_BUF_ERROR: { got: 'gzip data that ends too early', remedy: 'Copy or compress the file again.' },
  Z_DATA_ERROR: { got: 'gzip data that is damaged', remedy: 'Copy or compress the file again.' },
}

function explained(cause: unknown, where: string): unknown {
  const code = (cause as { code?: unknown } | null)?.code
  if (typeof code !== 'string' || !Object.hasOwn(FILE_FAULTS, code)) return cause
  const expected = 'a readable file'
  return new DataError({ where, expected, ...FILE_FAULTS[code] }, { cause })
}
