/**
 * Tables of text in memory: CSV, TSV and JSON Lines → rows of cells, or texts and labels.
 * Browser-safe: files, gzip and standard input are in tablesNode.ts.
 */
import { DataError } from '../core/errors.ts'
import { parseRecords } from './csvRecords.ts'
import { exampleTable, examplesFromTable } from './examples.ts'
import type { ExampleOptions, Examples } from './examples.ts'
import { jsonLinesReader, startTable } from './tableStart.ts'
import type { Table, TableOptions } from './tableStart.ts'
import { Utf8Reader } from './utf8.ts'

/**
 * Reads a table from a string or from its bytes (UTF-8), all in memory.
 * @throws DataError for data that is not a table, naming the line
 */
export function parseTable(data: string | ArrayBuffer | Uint8Array, options: TableOptions = {}): Table {
  const text =
    typeof data === 'string' ? data.replace(/^\ufeff/, '') : decodeTable(data, options.name ?? 'table')
  const start = startTable(text, options)
  const { collector, format, dialect } = start
  if (format === 'jsonl') {
    const reader = jsonLinesReader(start)
    reader.push(text)
    reader.finish()
  } else parseRecords(text, dialect, (cells, line) => collector.acceptCells(cells, line))
  return { ...collector.finish(), format }
}

/**
 * Texts and labels from a table in memory: a string or its bytes (UTF-8).
 * @throws DataError for data that is not a table, a missing column, or no usable row
 */
export function parseExamples(
  data: string | ArrayBuffer | Uint8Array,
  options: ExampleOptions = {},
): Examples {
  return examplesFromTable(parseTable(data, exampleTable(options)), options)
}

function decodeTable(data: ArrayBuffer | Uint8Array, name: string): string {
  const bytes = data instanceof Uint8Array ? data : new Uint8Array(data)
  if (isGzip(bytes)) {
    const remedy = 'Decompress it first, for example with DecompressionStream.'
    throw new DataError({ where: name, expected: 'a plain text table', got: 'gzip data', remedy })
  }
  const decoder = new Utf8Reader(name)
  const text = decoder.push(bytes)
  decoder.finish()
  return text
}

/** Whether bytes start with the signature of gzip (RFC 1952). */
export function isGzip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b
}
