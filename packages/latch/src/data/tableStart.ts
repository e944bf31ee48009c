/** The start of a table, in memory or as a stream: the first line decides the format, then records are collected. */
import { JsonLinesParser } from './jsonLines.ts'
import { TableCollector, emptyTable } from './tableCollector.ts'
import type { CollectedTable, CollectorOptions } from './tableCollector.ts'
import { guessFormat } from './tableFormat.ts'
import type { TableFormat } from './tableFormat.ts'
import { append } from '../core/lists.ts'
import { assertKnownOptions, type Names } from '../core/knownNames.ts'

/** How to read a table, and which of its columns. */
export interface TableOptions extends Omit<CollectorOptions, 'name'> {
  /** Name of the source in messages; the extension of a file name decides the format. Default 'table'. */
  name?: string
  /** Default: by the extension of the name, else by the first line. */
  format?: TableFormat
}

const NAMES: Names<TableOptions> = { name: 1, format: 1, columns: 1, header: 1, choose: 1 }

/** The columns kept of a table, and what was inferred about it. */
export interface Table extends CollectedTable {
  format: TableFormat
}

export interface TableStart {
  collector: TableCollector
  format: TableFormat
  /** For the reader of CSV and TSV. */
  dialect: { name: string; delimiter: string; quotes: boolean }
}

/** Most characters to buffer until the first line is complete. */
const HEAD_LIMIT = 1 << 16

/** Whether the text contains the first line that is not blank, or enough of it. */
export function holdsFirstLine(head: string): boolean {
  return /\S.*[\r\n]/.test(head) || head.trimStart().length > HEAD_LIMIT
}

/**
 * @param head the table's text, up to its first line's end at least
 * @throws DataError if it is blank, or for an unknown format
 */
export function startTable(head: string, options: TableOptions): TableStart {
  assertKnownOptions('table option', options, NAMES)
  const name = options.name ?? 'table'
  const firstLine = /\S.*/.exec(head)?.[0]
  if (firstLine === undefined) throw emptyTable(name, 'an empty table')
  const { format, delimiter, notes } = guessFormat(name, firstLine, options.format)
  const collector = new TableCollector({ ...options, name })
  append(collector.notes, notes)
  return { collector, format, dialect: { name, delimiter, quotes: format === 'csv' } }
}

/** The JSON Lines reader of a table. */
export function jsonLinesReader({ collector, dialect }: TableStart): JsonLinesParser {
  return new JsonLinesParser(dialect.name, (row, line) => collector.acceptObject(row, `line ${line}`))
}
