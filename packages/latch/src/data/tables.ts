/**
 * Tables of text in memory: CSV, TSV, JSON Lines and JSON → rows of cells, or texts and labels.
 * Browser-safe: files, gzip, Parquet and standard input are in tablesNode.ts.
 */
import { DataError } from '../core/errors.ts'
import { parseRecords } from './csvRecords.ts'
import { decodeText, requireNoNul } from './encoding/encoding.ts'
import { exampleTable, examplesFromTable } from './examples.ts'
import type { ExampleOptions, Examples } from './examples.ts'
import { assertTextFile, isGzip } from './fileKinds.ts'
import {
  HEAD_LENGTH,
  collectArray,
  dropEmptyLines,
  lineReader,
  needsMoreForQuotes,
  startTable,
} from './tableStart.ts'
import type { Table, TableOptions } from './tableStart.ts'

/**
 * Reads a table from a string or from its bytes, all in memory.
 * @throws DataError for data that is not a table, naming the line; UsageError for an unknown option
 */
export function parseTable(data: string | ArrayBuffer | Uint8Array, options: TableOptions = {}): Table {
  const name = options.name ?? 'table'
  const whole = typeof data === 'string' ? fromString(data, name) : decodeTable(data, name, options)
  const { notes } = whole
  const rest = { text: whole.text, blankLines: 0 }
  dropEmptyLines(rest)
  const { text, blankLines } = rest
  const short = text.slice(0, HEAD_LENGTH)
  const isShort = text.length > HEAD_LENGTH && /\S/.test(short) && !needsMoreForQuotes(short, name, options)
  const head = isShort ? short : text
  const start = startTable({ text: head, isWhole: head === text, blankLines, notes }, options)
  const { collector, format, dialect, skip } = start
  const records = text.slice(skip)
  const lines = lineReader(start)
  if (format === 'json') collectArray(records, start)
  else if (lines) {
    lines.push(records)
    lines.finish()
  } else parseRecords(records, dialect, (cells, line) => collector.acceptCells(cells, line))
  return { ...collector.finish(), format }
}

/**
 * Texts and labels from a table in memory: a string or its bytes.
 * @throws DataError for data that is not a table, or no usable row; UsageError for a column that is not there
 */
export function parseExamples(
  data: string | ArrayBuffer | Uint8Array,
  options: ExampleOptions = {},
): Examples {
  return examplesFromTable(parseTable(data, exampleTable(options)), options)
}

function fromString(data: string, name: string): { text: string; notes: string[] } {
  requireNoNul(data, name)
  return { text: data.replace(/^\ufeff/, ''), notes: [] }
}

function decodeTable(data: ArrayBuffer | Uint8Array, name: string, { encoding }: TableOptions) {
  const bytes = data instanceof Uint8Array ? data : new Uint8Array(data)
  if (isGzip(bytes)) {
    const remedy = 'Decompress it first, for example with DecompressionStream.'
    throw new DataError({ where: name, expected: 'a plain text table', got: 'gzip data', remedy })
  }
  assertTextFile(bytes.subarray(0, HEAD_LENGTH), name)
  return decodeText(bytes, name, encoding)
}
