/**
 * JSON text → objects: JSON Lines chunk by chunk, with one object per line and blank lines skipped, or an array of
 * objects. Numbers become their written form: 1.0 and 12345678901234567890 may be labels.
 */
import { DataError, type Fix } from '../core/errors.ts'

/** Receives one object and its place: `line 3` (from 1), or `row 2` of an array (from 0). */
export type ObjectSink = (row: Record<string, unknown>, place: string) => void

export class JsonLinesParser {
  readonly #name: string
  readonly #emit: ObjectSink
  /** Pieces of a line that is not complete yet. */
  #rest: string[] = []
  #line: number

  /** @param skippedLines lines before the first that is pushed */
  constructor(name: string, emit: ObjectSink, skippedLines = 0) {
    this.#name = name
    this.#emit = emit
    this.#line = skippedLines
  }

  /** @throws DataError naming the line that is not a JSON object */
  push(text: string): void {
    let start = 0
    for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', start)) {
      this.#rest.push(text.slice(start, end))
      this.#readLine()
      start = end + 1
    }
    if (start < text.length) this.#rest.push(text.slice(start))
  }

  /** @throws DataError if the last line is not a JSON object */
  finish(): void {
    this.#readLine()
  }

  #readLine(): void {
    const source = this.#rest.join('')
    this.#rest = []
    this.#line++
    if (source.trim() === '') return
    const place = `line ${this.#line}`
    const read = parseJson(source)
    if ('value' in read && isObject(read.value)) return this.#emit(read.value, place)
    const got = 'value' in read ? excerpt(source) : `${excerpt(source)} (${read.fault})`
    const spread = this.#line === 1 && /^\s*\{\s*$/.test(source)
    const remedy = spread
      ? 'JSON Lines has one whole object per line; an array of objects may be spread.'
      : undefined
    const isArray = this.#line === 1 && source.trimStart().startsWith('[')
    const fix: Fix[] = isArray ? [{ option: 'format', value: 'json', to: 'read an array of objects' }] : []
    throw new DataError({ where: `${this.#name}, ${place}`, expected: 'a JSON object', got, remedy, fix })
  }
}

/** Passes the objects of an array, in the whole text of a file. @throws DataError for anything else */
export function parseJsonArray(text: string, name: string, emit: ObjectSink): void {
  const read = parseJson(text)
  const expected = 'a JSON array of objects'
  if (!('value' in read)) throw new DataError({ where: name, expected, got: `invalid JSON (${read.fault})` })
  const { value } = read
  if (!Array.isArray(value)) throw new DataError({ where: name, expected, got: excerpt(text) })
  value.forEach((row: unknown, i) => {
    if (!isObject(row)) {
      throw new DataError({
        where: `${name}, row ${i}`,
        expected: 'a JSON object',
        got: excerpt(JSON.stringify(row)),
      })
    }
    emit(row, `row ${i}`)
  })
}

/** A string, or a number as it is written, with the exceptions that Python's `json.dumps` writes. */
const TOKENS = /"[^"\\]*(?:\\.[^"\\]*)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|NaN|-?Infinity/g
/** A number that JavaScript would write otherwise; digits in strings only cost time. */
const OTHERWISE = /[:[,]\s*(?:-?\d+[.eE]|-?\d{16}|-0)/

/** JSON with numbers as text where their written form matters; `NaN` is null. */
function parseJson(source: string): { value: unknown } | { fault: string } {
  try {
    const value: unknown = JSON.parse(source)
    return { value: OTHERWISE.test(source) ? JSON.parse(withQuotedNumbers(source)) : value }
  } catch (cause) {
    const fault = (cause as Error).message
    if (!/NaN|Infinity/.test(source)) return { fault }
    try {
      return { value: JSON.parse(withQuotedNumbers(source)) as unknown }
    } catch {
      return { fault }
    }
  }
}

function withQuotedNumbers(source: string): string {
  return source.replace(TOKENS, (token) => {
    if (token.startsWith('"')) return token
    return token === 'NaN' ? 'null' : `"${token}"`
  })
}

function isObject(value: unknown): value is Record<string, unknown> {
  return value !== null && typeof value === 'object' && !Array.isArray(value)
}

function excerpt(source: string): string {
  const line = source.trim()
  return line.length > 60 ? `${line.slice(0, 60)}…` : line
}
