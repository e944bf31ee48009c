/**
 * Tables of text: CSV, TSV and JSON Lines → rows of cells, from text that comes piece by piece.
 * Browser-safe: files, gzip and standard input are in tablesNode.ts.
 */
import { DataError } from '../tensor/errors.ts'
import { DelimitedParser } from './delimited.ts'
import { JsonLinesParser } from './jsonLines.ts'
import { TableCollector, emptyTable } from './tableCollector.ts'
import type { CollectedTable, CollectorOptions } from './tableCollector.ts'
import { guessFormat } from './tableFormat.ts'
import type { TableFormat } from './tableFormat.ts'
import { Utf8Reader } from './utf8.ts'

export interface TableOptions extends Omit<CollectorOptions, 'name'> {
  /** What messages call the source; a file's name helps to guess its format. Default 'table'. */
  name?: string
  /** Default: guessed by the name's ending, else by the first line. */
  format?: TableFormat
}

export interface Table extends CollectedTable {
  format: TableFormat
}

/** Characters waited for, at most, until the first line is complete. */
const HEAD_LIMIT = 1 << 16

/** Takes the text of a table piece by piece and gives the table at the end. */
export class TableReader {
  readonly #name: string
  readonly #given: TableFormat | undefined
  readonly #collector: TableCollector
  #format: TableFormat = 'csv'
  #parser: DelimitedParser | JsonLinesParser | undefined
  #head = ''

  constructor(options: TableOptions = {}) {
    this.#name = options.name ?? 'table'
    this.#given = options.format
    this.#collector = new TableCollector({ ...options, name: this.#name })
  }

  /** @throws DataError for anything that is no table, naming its line. */
  push(text: string): void {
    if (this.#parser) {
      this.#parser.push(text)
      return
    }
    this.#head += text
    if (/\S.*[\r\n]/.test(this.#head) || this.#head.length > HEAD_LIMIT) this.#start()
  }

  /** @throws DataError if there is no row. */
  finish(): Table {
    if (!this.#parser) this.#start()
    this.#parser?.finish()
    return { ...this.#collector.finish(), format: this.#format }
  }

  /** The format hangs on the first line, so text is held back until there is one. */
  #start(): void {
    const name = this.#name
    if (this.#head.trim() === '') throw emptyTable(name, 'an empty one')
    const guess = guessFormat(name, /\S.*/.exec(this.#head)?.[0] ?? '', this.#given)
    const collector = this.#collector
    collector.notes.push(...guess.notes)
    this.#format = guess.format
    this.#parser =
      guess.format === 'jsonl'
        ? new JsonLinesParser(name, (row, line) => collector.acceptObject(row, line))
        : new DelimitedParser(
            { name, delimiter: guess.delimiter, quotes: guess.format === 'csv' },
            (cells, line) => collector.acceptCells(cells, line),
          )
    this.#parser.push(this.#head)
    this.#head = ''
  }
}

/**
 * Reads a table from a string or from its bytes (UTF-8), all in memory.
 * @throws DataError for anything that is no table, naming the line.
 */
export function parseTable(data: string | ArrayBuffer | Uint8Array, options: TableOptions = {}): Table {
  const reader = new TableReader(options)
  reader.push(
    typeof data === 'string' ? data.replace(/^\ufeff/, '') : decodeTable(data, options.name ?? 'table'),
  )
  return reader.finish()
}

function decodeTable(data: ArrayBuffer | Uint8Array, name: string): string {
  const bytes = data instanceof Uint8Array ? data : new Uint8Array(data)
  if (isGzip(bytes)) {
    const remedy = 'Decompress it first, for example with DecompressionStream'
    throw new DataError({ where: name, expected: 'a plain text table', got: 'gzip data', remedy })
  }
  const decoder = new Utf8Reader(name)
  const text = decoder.push(bytes)
  decoder.finish()
  return text
}

/** Whether bytes begin as gzip does (RFC 1952). */
export function isGzip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b
}
