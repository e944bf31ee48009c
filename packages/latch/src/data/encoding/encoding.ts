/**
 * Bytes → text, chunk by chunk. The first bytes show UTF-8, UTF-16 and UTF-32; any other encoding is named by an option.
 * Whatever is not text of its encoding is an error with its line (from 1), for it would silently train a wrong model.
 */
import { DataError, type Fix } from '../../core/errors.ts'
import { createDecoder, decodeBytes, displayName, encodingName, type Decoder } from './decoders.ts'
import { guessEncodings } from './encodingGuess.ts'
import { detectEncoding } from './unicode.ts'

/** Bytes of the current chunk and the one before it from which an encoding is guessed. */
const SAMPLE_BYTES = 1 << 16

const ANOTHER_ENCODING: Fix = { option: 'encoding', to: 'read the text in its encoding' }

export class TextReader {
  /** What was inferred, a sentence for the user; empty for UTF-8. */
  readonly notes: string[] = []
  readonly #name: string
  /** Its name in the Encoding Standard, or UTF-32's. */
  readonly encoding: string
  readonly #decoder: Decoder
  /** Bytes of a byte order mark still to be left out. */
  #mark: number
  /** Of UTF-8: the start of a character whose rest comes with the next chunk. */
  #carry = new Uint8Array(0)
  #before = new Uint8Array(0)
  #offset = 0
  #line = 1
  #hasMultibyte = false

  /**
   * @param name name of the source in messages
   * @param head the first bytes, which `push` gets again
   * @param given the encoding by the option
   * @throws UsageError for an unknown encoding
   */
  constructor(name: string, head: Uint8Array, given?: string) {
    const { encoding, mark, reason } = detectEncoding(head, given === undefined ? null : encodingName(given))
    this.#name = name
    this.encoding = encoding
    this.#mark = mark
    this.#decoder = createDecoder(encoding)
    if (reason !== null) this.notes.push(`${name}: read as ${displayName(encoding)} (${reason}).`)
    if (!encoding.startsWith('utf') && isMultibyteUtf8(head)) {
      this.notes.push(`${name}: read as ${encoding}, as given, although the text is valid UTF-8.`)
    }
  }

  /**
   * The text of the next bytes; a character cut at their end is completed by the next call.
   * @throws DataError at the first bytes that are not text of the encoding
   */
  push(bytes: Uint8Array): string {
    const skipped = Math.min(this.#mark, bytes.length)
    this.#mark -= skipped
    this.#offset += skipped
    return this.#decode(bytes.subarray(skipped), false)
  }

  /** @throws DataError if the bytes ended inside a character. */
  finish(): void {
    this.#decode(new Uint8Array(0), true)
  }

  /** Goes on behind bytes that `push` refused. */
  skip(bytes: Uint8Array): void {
    this.#carry = new Uint8Array(0)
    this.#offset += bytes.length
    this.#line += countNewlines(bytes)
  }

  #decode(chunk: Uint8Array, isLast: boolean): string {
    const isUtf8 = this.encoding === 'utf-8'
    const joined = isUtf8 && this.#carry.length > 0 ? concatenate(this.#carry, chunk) : chunk
    const whole = isUtf8 && !isLast ? joined.length - unfinishedTail(joined) : joined.length
    const bytes = joined.subarray(0, whole)
    this.#carry = joined.slice(whole)
    let text: string
    try {
      text = this.#decoder.decode(bytes, isLast || isUtf8)
    } catch {
      throw isUtf8 ? this.#notUtf8(bytes) : this.#notText(bytes)
    }
    requireNoNul(text, this.#name, this.#line)
    this.#offset += bytes.length
    this.#line += countLines(text)
    this.#hasMultibyte ||= isUtf8 && text.length < bytes.length
    if (bytes.length > 0) this.#before = bytes.slice(-SAMPLE_BYTES)
    return text
  }

  #notUtf8(bytes: Uint8Array): DataError {
    const at = firstFault(bytes)
    const hex = (bytes[at] ?? 0).toString(16).padStart(2, '0').toUpperCase()
    const facts = {
      where: `${this.#name}, line ${this.#line + countNewlines(bytes.subarray(0, at))}, byte ${this.#offset + at}`,
      expected: 'UTF-8 text',
      got: `the byte 0x${hex}`,
    }
    if (this.#hasMultibyte || decodeBytes(bytes.subarray(0, at), 'utf-8')?.match(/[^\0-\x7f]/)) {
      const remedy = 'The text before it is UTF-8, so this line is damaged: write it again as UTF-8.'
      return new DataError({ ...facts, remedy })
    }
    const sample = concatenate(this.#before, bytes)
    const fault = sample.length - bytes.length + at
    const guesses = guessEncodings(around(sample, fault, SAMPLE_BYTES), lineAround(sample, fault))
    if (guesses.length === 0) {
      const remedy = 'Save the file as UTF-8.'
      return new DataError({ ...facts, remedy, fix: ANOTHER_ENCODING })
    }
    const fix = guesses.map(({ encoding, sample: text }) => {
      return { option: 'encoding', value: encoding, to: `read "${text}"` }
    })
    return new DataError({ ...facts, got: `${facts.got}, probably ${guesses[0].encoding}`, fix })
  }

  #notText(bytes: Uint8Array): DataError {
    const lines = countLines(new TextDecoder(tolerant(this.encoding)).decode(bytes).split('\ufffd', 1)[0])
    return new DataError({
      where: `${this.#name}, line ${this.#line + lines}`,
      expected: `${displayName(this.encoding)} text`,
      got: bytes.length === 0 ? 'an end inside a character' : 'bytes that are none',
      remedy: 'Check the encoding, and that the file is complete.',
      fix: ANOTHER_ENCODING,
    })
  }
}

/**
 * @param line the line (from 1) on which the text starts
 * @throws DataError for a NUL character, which no text holds
 */
export function requireNoNul(text: string, name: string, line = 1): void {
  const at = text.indexOf('\0')
  if (at < 0) return
  throw new DataError({
    where: `${name}, line ${line + countLines(text.slice(0, at))}`,
    expected: 'text',
    got: 'a NUL character',
    remedy: 'Remove it, or check that the file is a table of text.',
  })
}

/** Text in memory: all its bytes, decoded. @throws DataError, UsageError */
export function decodeText(
  bytes: Uint8Array,
  name: string,
  encoding?: string,
): { text: string; notes: string[] } {
  const reader = new TextReader(name, bytes, encoding)
  const text = reader.push(bytes)
  reader.finish()
  return { text, notes: reader.notes }
}

/** TextDecoder knows no UTF-32; for counting lines any encoding of one byte does. */
function tolerant(encoding: string): string {
  return encoding.startsWith('utf-32') ? 'windows-1252' : encoding
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

/** Whether bytes are UTF-8 with characters beyond ASCII; the last may be cut. */
function isMultibyteUtf8(bytes: Uint8Array): boolean {
  return bytes.some((byte) => byte > 0x7f) && decodes(bytes)
}

function countLines(text: string): number {
  let lines = 0
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) lines++
  return lines
}

function countNewlines(bytes: Uint8Array): number {
  let lines = 0
  for (let at = bytes.indexOf(10); at >= 0; at = bytes.indexOf(10, at + 1)) lines++
  return lines
}

/** The bytes of the line that holds a place. */
function lineAround(bytes: Uint8Array, at: number): Uint8Array {
  const end = bytes.indexOf(10, at)
  const from = at === 0 ? 0 : bytes.lastIndexOf(10, at - 1) + 1
  return bytes.subarray(from, end < 0 ? bytes.length : end)
}

/** At most `size` bytes around a place, cut at line ends where there are any. */
function around(bytes: Uint8Array, at: number, size: number): Uint8Array {
  if (bytes.length <= size) return bytes
  const from = Math.max(0, at - size / 2)
  const start = from === 0 ? 0 : bytes.indexOf(10, from) + 1
  const part = bytes.subarray(start > 0 && start <= at ? start : from, from + size)
  const end = part.lastIndexOf(10)
  return end > at - from ? part.subarray(0, end) : part
}

function concatenate(a: Uint8Array, b: Uint8Array): Uint8Array<ArrayBuffer> {
  const joined = new Uint8Array(a.length + b.length)
  joined.set(a)
  joined.set(b, a.length)
  return joined
}
