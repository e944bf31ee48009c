/** The start of a table, in memory or as a stream: the first records decide the format, then records are collected. */
import { DataError } from '../core/errors.ts'
import { HEAD_LENGTH } from './delimiters.ts'
import { append } from '../core/lists.ts'
import { assertTableText } from './fileKinds.ts'
import { JsonLinesParser, parseJsonArray, type ObjectSink } from './jsonRows.ts'
import { LabelledLines } from './labelledLines.ts'
import { TableCollector, emptyTable } from './tableCollector.ts'
import type { CollectedTable, CollectorOptions } from './tableCollector.ts'
import { checkFormatOptions, guessFormat } from './tableFormat.ts'
import type { Dialect, FormatOptions, TableFormat } from './tableFormat.ts'
import { assertKnownOptions, type Names } from '../core/knownNames.ts'

/** How to read a table, and which of its columns. */
export interface TableOptions
  extends Omit<CollectorOptions, 'name' | 'complete' | 'likely' | 'lists'>, FormatOptions {
  /** Name of the source in messages; the extension of a file name decides the format. Default 'table'. */
  name?: string
  /**
   * Encoding of the bytes: a label of the Encoding Standard (`windows-1252`, `gbk`, `shift_jis`), or `utf-32`. Default:
   * UTF-8, or the UTF-16 or UTF-32 that the first bytes show.
   */
  encoding?: string
}

const NAMES: Names<TableOptions & CollectorOptions> = {
  name: 1,
  format: 1,
  columns: 1,
  header: 1,
  choose: 1,
  complete: 1,
  likely: 1,
  lists: 1,
  encoding: 1,
  delimiter: 1,
  quotes: 1,
}

/** The columns kept of a table, and what was inferred about it. */
export interface Table extends CollectedTable {
  format: TableFormat
}

export interface TableStart {
  collector: TableCollector
  format: TableFormat
  /** For the reader of CSV and TSV. */
  dialect: Dialect
  /** Characters at the start that are no records. */
  skip: number
}

export { HEAD_LENGTH } from './delimiters.ts'
/** As many at most, where the text starts with blanks, or no cell of a tab-separated text starts with a quote before. */
export const LONGEST_HEAD = 1 << 24

/** The text of a table up to its first records. */
export interface TableHead {
  text: string
  /** Whether the table ends with it. */
  isWhole: boolean
  /** Blank lines before it. */
  blankLines: number
  /** What was inferred about its bytes. */
  notes: readonly string[]
}

/** Removes the empty lines at the start and counts them; a line feed may follow a carriage return that is the last. */
export function dropEmptyLines(head: Pick<TableHead, 'text' | 'blankLines'>): void {
  let [run] = /^[\r\n]*/.exec(head.text)!
  if (run.length === head.text.length && run.endsWith('\r')) run = run.slice(0, -1)
  head.blankLines += run.match(/\r\n|\r|\n/g)?.length ?? 0
  head.text = head.text.slice(run.length)
}

/**
 * Whether more of a tab-separated text is needed to see if it quotes its cells.
 * @param head the text so far, at least `HEAD_LENGTH` characters
 */
export function needsMoreForQuotes(head: string, name: string, options: TableOptions): boolean {
  if (options.quotes !== undefined || head.length > LONGEST_HEAD || /(?:^|[\t\r\n])"/.test(head)) return false
  const { format, delimiter } = guessFormat(name, head.slice(0, HEAD_LENGTH), false, options)
  return (format === 'csv' || format === 'tsv') && delimiter === '\t'
}

/** @throws DataError if it is blank or no table; UsageError for an unknown option */
export function startTable(head: TableHead, options: TableOptions): TableStart {
  assertKnownOptions('table option', options, NAMES)
  checkFormatOptions(options)
  const { text, isWhole, blankLines } = head
  const name = options.name ?? 'table'
  if (!/\S/.test(text)) {
    const most = LONGEST_HEAD.toLocaleString('en')
    throw emptyTable(name, isWhole ? 'an empty table' : `more than ${most} blank characters at its start`)
  }
  assertTableText(text, name)
  const { format, delimiter, quotes, skip, notes } = guessFormat(name, text, isWhole, options)
  if (format === 'parquet') {
    throw new DataError({ where: name, expected: 'Parquet, as `format` says', got: 'text' })
  }
  const collector = new TableCollector({ ...options, name })
  append(collector.notes, [...head.notes, ...notes])
  const firstLine = blankLines + (skip > 0 ? 1 : 0)
  return { collector, format, dialect: { name, delimiter, quotes, firstLine }, skip }
}

/** The reader of a table of which each line is a row; null for other formats. */
export function lineReader({
  collector,
  format,
  dialect,
}: TableStart): JsonLinesParser | LabelledLines | null {
  const { name, firstLine } = dialect
  const accept: ObjectSink = (row, place) => collector.acceptObject(row, place)
  if (format === 'jsonl') return new JsonLinesParser(name, accept, firstLine)
  return format === 'lines' ? new LabelledLines(name, accept, firstLine) : null
}

/** Collects a JSON array of objects. */
export function collectArray(text: string, { collector, dialect }: TableStart): void {
  parseJsonArray(text, dialect.name, (row, place) => collector.acceptObject(row, place))
}
