/**
 * Bytes → text, chunk by chunk, as strict UTF-8. Anything else is an error with its byte (from 0) and line (from 1),
 * because wrongly decoded text would silently train a wrong model.
 */
import { DataError } from '../core/errors.ts'

const REMEDY = 'Save the file as UTF-8, for example with "iconv -f LATIN1 -t UTF-8 OLD > NEW".'

export class Utf8Reader {
  readonly #name: string
  #carry = new Uint8Array(0)
  #offset = 0
  #line = 1

  /** @param name name of the source in messages */
  constructor(name: string) {
    this.#name = name
  }

  /**
   * The text of the next bytes; a character cut at their end is completed by the next call.
   * @throws DataError at the first byte that is not UTF-8
   */
  push(bytes: Uint8Array): string {
    const joined = this.#carry.length > 0 ? concatenate(this.#carry, bytes) : bytes
    const whole = joined.length - unfinishedTail(joined)
    const text = this.#decode(joined.subarray(0, whole))
    this.#carry = joined.slice(whole)
    return text
  }

  /** @throws DataError if the bytes ended inside a character. */
  finish(): void {
    if (this.#carry.length > 0) this.#decode(this.#carry)
  }

  #decode(bytes: Uint8Array): string {
    let text: string
    try {
      text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
    } catch {
      throw this.#failure(bytes)
    }
    const atStart = this.#offset === 0 && text.charCodeAt(0) === 0xfeff
    this.#offset += bytes.length
    this.#line += countLines(bytes)
    return atStart ? text.slice(1) : text
  }

  #failure(bytes: Uint8Array): DataError {
    const at = firstFault(bytes)
    const [first, second] = bytes
    const utf16 =
      this.#offset === 0 && ((first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff))
    const line = this.#line + countLines(bytes.subarray(0, at))
    const hex = (bytes[at] ?? 0).toString(16).padStart(2, '0').toUpperCase()
    return new DataError({
      where: `${this.#name}, line ${line}, byte ${this.#offset + at}`,
      expected: 'UTF-8 text',
      got: utf16 ? 'UTF-16 text' : `the byte 0x${hex}`,
      remedy: utf16 ? REMEDY.replace('LATIN1', 'UTF-16') : REMEDY,
    })
  }
}

/** Number of bytes at the end that start a character without completing it. */
function unfinishedTail(bytes: Uint8Array): number {
  for (let back = 1; back <= Math.min(3, bytes.length); back++) {
    const byte = bytes[bytes.length - back]
    if (byte < 0x80) return 0
    if (byte >= 0xc0) {
      const needed = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2
      return needed > back ? back : 0
    }
  }
  return 0
}

/** The first byte of the first invalid sequence, by bisection: no longer prefix of an invalid one is valid. */
function firstFault(bytes: Uint8Array): number {
  let good = 0
  let bad = bytes.length + 1
  while (bad - good > 1) {
    const middle = (good + bad) >>> 1
    if (decodes(bytes.subarray(0, middle))) good = middle
    else bad = middle
  }
  // The error may show at a later byte of the sequence: go back to its first.
  return good - unfinishedTail(bytes.subarray(0, good))
}

function decodes(bytes: Uint8Array): boolean {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes, { stream: true })
    return true
  } catch {
    return false
  }
}

function countLines(bytes: Uint8Array): number {
  let lines = 0
  for (let at = bytes.indexOf(10); at >= 0; at = bytes.indexOf(10, at + 1)) lines++
  return lines
}

function concatenate(a: Uint8Array, b: Uint8Array): Uint8Array<ArrayBuffer> {
  const joined = new Uint8Array(a.length + b.length)
  joined.set(a)
  joined.set(b, a.length)
  return joined
}
