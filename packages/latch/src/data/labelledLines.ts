/**
 * Lines of a label and a text → objects: `positive what a film`, or as fastText writes them, `__label__positive what a
 * film`. Blank lines are skipped.
 */
import { DataError } from '../core/errors.ts'
import type { ObjectSink } from './jsonRows.ts'
import { LineBuffer } from './lineBuffer.ts'

/** What fastText writes before a label. */
const PREFIX = '__label__'

/** Whether every line of a head begins as fastText writes it. */
export function isFastText(head: string): boolean {
  const lines = head.split(/\r?\n/).filter((line) => line.trim() !== '')
  return lines.length > 0 && lines.every((line) => line.startsWith(PREFIX))
}

/** Text in pieces → an object { label, text } for each line. */
export class LabelledLines {
  readonly #name: string
  readonly #emit: ObjectSink
  readonly #lines = new LineBuffer()
  #line: number

  /** @param skippedLines lines before the first that is pushed */
  constructor(name: string, emit: ObjectSink, skippedLines = 0) {
    this.#name = name
    this.#emit = emit
    this.#line = skippedLines
  }

  /** @throws DataError naming the line with several labels */
  push(text: string): void {
    for (const line of this.#lines.push(text)) this.#readLine(line)
  }

  /** @throws DataError as `push` */
  finish(): void {
    for (const line of this.#lines.finish()) this.#readLine(line)
  }

  #readLine(whole: string): void {
    const line = whole.trim()
    this.#line++
    if (line === '') return
    const place = `line ${this.#line}`
    const [first] = /^\S+/.exec(line)!
    const text = line.slice(first.length).trimStart()
    const isOwn = first.startsWith(PREFIX)
    if (isOwn && text.startsWith(PREFIX)) {
      throw new DataError({
        where: `${this.#name}, ${place}`,
        expected: 'one label',
        got: 'two or more',
        remedy: 'Keep one label on each line: a text has one class.',
      })
    }
    this.#emit({ label: isOwn ? first.slice(PREFIX.length) : first, text }, place)
  }
}
