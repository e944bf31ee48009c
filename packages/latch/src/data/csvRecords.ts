/**
 * CSV and TSV text → records, by csv-parse: its options, and its errors with the line to repair. Lines count from 1, as
 * in an editor. Uses csv-parse's browser build; tablesNode.ts passes the same options to csv-parse's stream.
 */
import { parse } from 'csv-parse/browser/esm/sync'
import type { CsvError, InfoRecord, Options } from 'csv-parse/browser/esm/sync'
import { DataError, type Fix } from '../core/errors.ts'
import { closingQuote } from './delimiters.ts'
import type { Dialect } from './tableFormat.ts'

/** Receives one record and the line (from 1) on which it starts. */
export type RecordSink = (cells: string[], line: number) => void

/** Most bytes of one record, so that an unclosed quote does not read a whole large file into memory. */
const RECORD_LIMIT = 1 << 22

/** An error of csv-parse, with the record's text up to it. */
type Fault = CsvError & { raw: string }

/**
 * Rules: a cell that starts with a quote ends at its closing quote, and `""` inside is one quote; a quote inside an
 * unquoted cell is an ordinary character; `\n`, `\r\n` and `\r` end a record. Blank lines are skipped,
 * except between the rows of a single column, where each is an empty cell.
 */
export class RecordReader {
  /** Options of csv-parse, in memory or as a stream; each record goes to the sink, none to csv-parse's output. */
  readonly options: Options
  readonly #name: string
  readonly #emit: RecordSink
  readonly #firstLine: number
  #linesOfRecords = 0
  /** Cells of the first record; 0 before it. */
  #columns = 0
  #blankLines = 0

  constructor(dialect: Dialect, emit: RecordSink) {
    this.#name = dialect.name
    this.#emit = emit
    this.#firstLine = dialect.firstLine
    this.options = {
      delimiter: dialect.delimiter,
      quote: dialect.quotes ? '"' : null,
      record_delimiter: ['\r\n', '\n', '\r'],
      relax_column_count: true,
      relax_quotes: true,
      skip_empty_lines: true,
      max_record_size: RECORD_LIMIT,
      raw: true,
      on_record: (row, info) => this.#accept(row as unknown as { record: string[] }, info),
    }
  }

  /** An error of csv-parse as a DataError with its line; any other error unchanged. */
  explain(thrown: unknown): unknown {
    const fault = thrown as (Fault & { empty_lines: number }) | undefined
    if (fault?.code !== 'CSV_QUOTE_NOT_CLOSED' && fault?.code !== 'CSV_MAX_RECORD_SIZE') return thrown
    const line = this.#lineAfter(fault.empty_lines)
    const end =
      fault.code === 'CSV_QUOTE_NOT_CLOSED' ? 'never closes' : `stays open for ${RECORD_LIMIT} bytes`
    return this.#quoteFault(fault.raw.replace(/^[\r\n]+/, ''), line, end) ?? longRecord(this.#name, line)
  }

  #accept({ record }: { record: string[] }, info: InfoRecord): null {
    const line = this.#lineAfter(info.empty_lines)
    if (this.#columns === 1)
      for (let back = info.empty_lines - this.#blankLines; back > 0; back--) this.#emit([''], line - back)
    this.#columns ||= record.length
    this.#blankLines = info.empty_lines
    const raw = (info.raw ?? '').replace(/^[\r\n]+/, '')
    if (this.options.quote && mayHoldStrayCharacter(record, raw)) {
      const fault = this.#quoteFault(raw, line)
      if (fault) throw fault
    }
    this.#linesOfRecords += 1 + lineBreaks(record)
    this.#emit(record, line)
    return null
  }

  /** The next record's line. csv-parse's own count takes `\r\n` inside a cell for two lines. */
  #lineAfter(blankLines: number): number {
    return 1 + this.#firstLine + this.#linesOfRecords + blankLines
  }

  /** The first fault in the quotes of one record, which starts on `line`; undefined if there is none. */
  #quoteFault(text: string, line: number, end = 'never closes'): DataError | undefined {
    if (!this.options.quote) return undefined
    const fault = firstQuoteFault(text, this.options.delimiter as string)
    if (!fault) return undefined
    const { opening, stray } = fault
    const quoteLine = line + countLineFeeds(text.slice(0, opening))
    if (stray === undefined) return unclosedQuote(this.#name, quoteLine, end)
    const character = String.fromCodePoint(text.codePointAt(stray)!)
    const strayLine = quoteLine + countLineFeeds(text.slice(opening, stray))
    return strayCharacter(this.#name, strayLine, character, quoteLine)
  }
}

/**
 * Passes the records of a text in memory to `emit`.
 * @throws DataError for a quote that never closes, or closes before the cell ends.
 */
export function parseRecords(text: string, dialect: Dialect, emit: RecordSink): void {
  const reader = new RecordReader(dialect, emit)
  try {
    parse(text, reader.options)
  } catch (thrown) {
    throw reader.explain(thrown)
  }
}

/**
 * Relaxed for quotes inside unquoted cells, csv-parse also accepts characters after a closing quote, and then keeps the
 * cell as written. A valid cell that starts with a quote has all its quotes doubled.
 */
function mayHoldStrayCharacter(record: readonly string[], raw: string): boolean {
  if (!record.some((cell) => cell.startsWith('"'))) return false
  let at = 0
  return record.some((cell) => {
    const quoted = `"${cell.replaceAll('"', '""')}"`
    const asQuoted = raw.startsWith(quoted, at)
    at += (asQuoted ? quoted.length : cell.length) + 1
    return !asQuoted && cell.startsWith('"')
  })
}

/** The first cell of a record whose quote never closes, or closes before the character `stray`. */
function firstQuoteFault(text: string, delimiter: string): { opening: number; stray?: number } | undefined {
  for (let at = 0; at < text.length; at += delimiter.length) {
    if (text[at] !== '"') at = endOfCell(text, at, delimiter)
    else {
      const opening = at
      const closing = closingQuote(text, opening)
      if (closing < 0) return { opening }
      at = closing + 1
      if (at < text.length && endOfCell(text, at, delimiter) > at) return { opening, stray: at }
    }
  }
  return undefined
}

/** Where a cell without quotes ends: at a delimiter, a line end, or the end of the text. */
function endOfCell(text: string, from: number, delimiter: string): number {
  for (let at = from; at < text.length; at++)
    if (text[at] === '\n' || text[at] === '\r' || text.startsWith(delimiter, at)) return at
  return text.length
}

function countLineFeeds(text: string): number {
  return text.split('\n').length - 1
}

function lineBreaks(cells: readonly string[]): number {
  return cells.reduce((sum, cell) => sum + countLineFeeds(cell), 0)
}

const QUOTES_AS_CHARACTERS: Fix = { option: 'quotes', value: false, to: 'read quotes as characters' }

function unclosedQuote(name: string, line: number, end: string): DataError {
  return new DataError({
    where: `${name}, line ${line}`,
    expected: 'every quote closed',
    got: `a quote that opens here and ${end}`,
    remedy: 'Close it. Write a quote inside a quoted cell twice ("").',
    fix: QUOTES_AS_CHARACTERS,
  })
}

function longRecord(name: string, line: number): DataError {
  return new DataError({
    where: `${name}, line ${line}`,
    expected: `a record of at most ${RECORD_LIMIT} bytes`,
    got: 'a longer record',
    remedy: 'Check that the file is a table with one record per line.',
  })
}

function strayCharacter(name: string, line: number, character: string, quoteLine: number): DataError {
  return new DataError({
    where: `${name}, line ${line}`,
    expected: 'a delimiter after the closing quote',
    got: `"${character}" (the quote opened on line ${quoteLine})`,
    remedy: 'Write a quote inside a quoted cell twice ("").',
    fix: QUOTES_AS_CHARACTERS,
  })
}
