/**
 * CSV and TSV text → records, piece by piece, after RFC 4180. One parser serves files in Node and
 * strings in a browser, so the same bytes give the same rows; it remembers where a quote opened,
 * which is the line somebody must repair.
 */
import { DataError } from '../tensor/errors.ts'

/** Takes one record and the line (from 1) on which it starts. */
export type RecordSink = (cells: string[], line: number) => void

export interface DelimitedOptions {
  name: string
  delimiter: string
  /** TSV: false, a quote is then a character like any other. */
  quotes: boolean
}

const QUOTE = 0x22
const LF = 0x0a
const CR = 0x0d

type State = 'start' | 'plain' | 'quoted' | 'afterQuote'

/**
 * Rules: a cell that begins with a quote ends at its closing quote, `""` inside is one quote; a quote
 * inside an unquoted cell is a plain character; `\n`, `\r\n` and `\r` end a record; blank lines are
 * left out.
 */
export class DelimitedParser {
  readonly #options: DelimitedOptions
  readonly #delimiter: number
  readonly #emit: RecordSink
  #state: State = 'start'
  #cells: string[] = []
  #cell = ''
  #line = 1
  #recordLine = 1
  #quoteLine = 0
  #skipLineFeed = false

  constructor(options: DelimitedOptions, emit: RecordSink) {
    this.#options = options
    this.#delimiter = options.delimiter.charCodeAt(0)
    this.#emit = emit
  }

  /** @throws DataError for characters between a closing quote and the delimiter. */
  push(text: string): void {
    for (let at = 0; at < text.length;) {
      if (this.#skipLineFeed) {
        this.#skipLineFeed = false
        if (text.charCodeAt(at) === LF) {
          at++
          continue
        }
      }
      at = this.#state === 'quoted' ? this.#readQuoted(text, at) : this.#readOpen(text, at)
    }
  }

  /** @throws DataError if a quote was never closed. */
  finish(): void {
    if (this.#state === 'quoted') {
      throw new DataError({
        where: `${this.#options.name}, line ${this.#quoteLine}`,
        expected: 'every quote closed',
        got: 'a quote that opens here and never closes',
        remedy: 'Close it, or write a quote inside a quoted cell twice ("")',
      })
    }
    if (this.#cells.length > 0 || this.#state !== 'start') this.#endRecord()
  }

  #readQuoted(text: string, from: number): number {
    const found = text.indexOf('"', from)
    const end = found < 0 ? text.length : found
    for (let at = text.indexOf('\n', from); at >= 0 && at < end; at = text.indexOf('\n', at + 1)) this.#line++
    this.#cell += text.slice(from, end)
    if (found < 0) return end
    this.#state = 'afterQuote'
    return end + 1
  }

  /** Everything outside quotes: one cell's plain characters, or the character that ends them. */
  #readOpen(text: string, from: number): number {
    const code = text.charCodeAt(from)
    if (code === this.#delimiter) {
      this.#endCell()
      return from + 1
    }
    if (code === LF || code === CR) {
      this.#skipLineFeed = code === CR
      this.#endLine()
      return from + 1
    }
    if (code === QUOTE && this.#options.quotes && this.#state !== 'plain') return this.#readQuote(from)
    if (this.#state === 'afterQuote') throw this.#strayCharacter(text.slice(from, from + 1))
    this.#state = 'plain'
    const end = this.#plainEnd(text, from)
    this.#cell += text.slice(from, end)
    return end
  }

  /** A quote that opens a cell, or the second of a doubled one. */
  #readQuote(from: number): number {
    if (this.#state === 'afterQuote') this.#cell += '"'
    else this.#quoteLine = this.#line
    this.#state = 'quoted'
    return from + 1
  }

  #plainEnd(text: string, from: number): number {
    for (let at = from + 1; at < text.length; at++) {
      const code = text.charCodeAt(at)
      if (code === this.#delimiter || code === LF || code === CR) return at
    }
    return text.length
  }

  #endCell(): void {
    this.#cells.push(this.#cell)
    this.#cell = ''
    this.#state = 'start'
  }

  #endLine(): void {
    const blank = this.#cells.length === 0 && this.#state === 'start'
    this.#line++
    if (blank) this.#recordLine = this.#line
    else this.#endRecord()
  }

  #endRecord(): void {
    this.#endCell()
    const cells = this.#cells
    const line = this.#recordLine
    this.#cells = []
    this.#recordLine = this.#line
    this.#emit(cells, line)
  }

  #strayCharacter(character: string): DataError {
    return new DataError({
      where: `${this.#options.name}, line ${this.#line}`,
      expected: 'a delimiter after the closing quote',
      got: `"${character}" (the quote opened on line ${this.#quoteLine})`,
      remedy: 'Write a quote inside a quoted cell twice ("")',
    })
  }
}
