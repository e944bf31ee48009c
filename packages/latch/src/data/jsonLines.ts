/** JSON Lines text → objects, chunk by chunk: one JSON object per line; blank lines are skipped. */
import { DataError } from '../core/errors.ts'

/** Receives one object and its line (from 1). */
export type ObjectSink = (row: Record<string, unknown>, line: number) => void

export class JsonLinesParser {
  readonly #name: string
  readonly #emit: ObjectSink
  #rest = ''
  #line = 0

  constructor(name: string, emit: ObjectSink) {
    this.#name = name
    this.#emit = emit
  }

  /** @throws DataError naming the line that is not a JSON object */
  push(text: string): void {
    let start = 0
    for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', start)) {
      this.#read(this.#rest + text.slice(start, end))
      this.#rest = ''
      start = end + 1
    }
    this.#rest += text.slice(start)
  }

  /** @throws DataError if the last line is not a JSON object */
  finish(): void {
    this.#read(this.#rest)
    this.#rest = ''
  }

  #read(source: string): void {
    this.#line++
    if (source.trim() === '') return
    let value: unknown
    try {
      value = JSON.parse(source)
    } catch (cause) {
      throw this.#failure(source, `${excerpt(source)} (${(cause as Error).message})`)
    }
    if (value === null || typeof value !== 'object' || Array.isArray(value)) {
      throw this.#failure(source, excerpt(source))
    }
    this.#emit(value as Record<string, unknown>, this.#line)
  }

  #failure(source: string, got: string): DataError {
    const list = this.#line === 1 && source.trimStart().startsWith('[')
    return new DataError({
      where: `${this.#name}, line ${this.#line}`,
      expected: 'a JSON object',
      got,
      remedy: list ? 'JSON Lines has one object per line, without an array around them.' : undefined,
    })
  }
}

function excerpt(source: string): string {
  const line = source.trim()
  return line.length > 60 ? `${line.slice(0, 60)}…` : line
}
