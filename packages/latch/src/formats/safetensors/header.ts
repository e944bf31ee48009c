/**
 * The header of a safetensors file, read byte by byte. The grammar has three fixed levels, so this
 * reader cannot recurse, sees duplicate names that JSON.parse would swallow, knows the byte at fault,
 * and builds nothing but the names, shapes and offsets it keeps.
 */
import { FormatError } from '../../core/errors.ts'

/** One tensor as declared in the header, not yet checked against the file's data. */
export interface HeaderEntry {
  name: string
  dtype: string
  shape: number[]
  begin: number
  end: number
}

export interface Header {
  entries: HeaderEntry[]
  metadata: Record<string, string>
}

/** The limit of the reference implementation. */
export const MAX_HEADER_BYTES = 100_000_000
export const MAX_TENSORS = 100_000
const MAX_RANK = 64
const METADATA = '__metadata__'

const QUOTE = 0x22
const BACKSLASH = 0x5c

/** A name from a file, made safe and short for an error message. */
export function quoted(name: string): string {
  const text = JSON.stringify(name.length > 60 ? name.slice(0, 57) : name)
  return name.length > 60 ? `${text.slice(0, -1)}…"` : text
}

class Cursor {
  readonly #bytes: Uint8Array
  readonly #end: number
  readonly #source: string
  readonly #decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
  #position: number
  /** What is being read, for errors: `, tensor "x", shape`. */
  context = ''

  constructor(bytes: Uint8Array, begin: number, end: number, source: string) {
    this.#bytes = bytes
    this.#position = begin
    this.#end = end
    this.#source = source
  }

  /** A fault of syntax: names the byte in the file. */
  fault(expected: string, got = this.#here(), at = this.#position): FormatError {
    return new FormatError({ where: `${this.#source}, header${this.context}, byte ${at}`, expected, got })
  }

  /** A fault of content: names the field. */
  contentError(expected: string, got: string): FormatError {
    return new FormatError({ where: `${this.#source}, header${this.context}`, expected, got })
  }

  #here(): string {
    if (this.#position >= this.#end) return 'the end of the header'
    const byte = this.#bytes[this.#position]
    return byte > 0x20 && byte < 0x7f
      ? `"${String.fromCharCode(byte)}"`
      : `0x${byte.toString(16).padStart(2, '0')}`
  }

  #skipSpace(): void {
    while (this.#position < this.#end) {
      const byte = this.#bytes[this.#position]
      if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) return
      this.#position++
    }
  }

  /** Consumes one sign if it comes next. */
  accept(sign: string): boolean {
    this.#skipSpace()
    if (this.#position >= this.#end || this.#bytes[this.#position] !== sign.charCodeAt(0)) return false
    this.#position++
    return true
  }

  expect(sign: string, purpose: string): void {
    if (!this.accept(sign)) throw this.fault(`"${sign}" ${purpose}`)
  }

  string(purpose: string): string {
    this.expect('"', `to open ${purpose}`)
    const begin = this.#position
    const escaped = this.#toClosingQuote(purpose)
    try {
      const text = this.#decoder.decode(this.#bytes.subarray(begin, this.#position - 1))
      return escaped ? (JSON.parse(`"${text}"`) as string) : text
    } catch {
      throw this.fault(`${purpose} in UTF-8 with JSON escapes`, 'other bytes', begin)
    }
  }

  /** Moves behind the closing quote; true if the string holds an escape. */
  #toClosingQuote(purpose: string): boolean {
    const begin = this.#position
    let escaped = false
    for (; this.#position < this.#end; this.#position++) {
      const byte = this.#bytes[this.#position]
      if (byte === QUOTE) {
        this.#position++
        return escaped
      }
      if (byte < 0x20) throw this.fault(`${purpose} without control characters`)
      if (byte === BACKSLASH) {
        escaped = true
        this.#position++
      }
    }
    this.#position = this.#end
    throw this.fault(`a quote to close ${purpose} opened at byte ${begin - 1}`)
  }

  /** A whole number from 0 to 2⁵³ − 1, in plain digits as the specification asks. */
  integer(purpose: string): number {
    this.#skipSpace()
    const begin = this.#position
    let value = 0
    for (; this.#position < this.#end; this.#position++) {
      const digit = this.#bytes[this.#position] - 0x30
      if (digit < 0 || digit > 9) break
      value = value * 10 + digit
      if (!Number.isSafeInteger(value)) throw this.contentError(`${purpose} below 2^53`, 'a larger number')
    }
    const digits = this.#position - begin
    if (digits === 0) throw this.fault(`${purpose}: a whole number, 0 or more`)
    if (digits > 1 && this.#bytes[begin] === 0x30) throw this.fault(purpose, 'a leading zero', begin)
    return value
  }

  integers(purpose: string, most: number): number[] {
    const values: number[] = []
    this.expect('[', `to open ${purpose}`)
    if (this.accept(']')) return values
    do {
      if (values.length === most) throw this.contentError(`at most ${most} numbers`, 'more')
      values.push(this.integer(purpose))
    } while (this.accept(','))
    this.expect(']', `or "," after a number of ${purpose}`)
    return values
  }

  /** Calls `read` behind each `"key":` of an object. */
  object(purpose: string, read: (key: string) => void): void {
    this.expect('{', `to open ${purpose}`)
    if (this.accept('}')) return
    do {
      const key = this.string(`a name in ${purpose}`)
      this.expect(':', `after ${quoted(key)}`)
      read(key)
    } while (this.accept(','))
    this.expect('}', `or "," to go on with ${purpose}`)
  }

  finish(): void {
    this.#skipSpace()
    if (this.#position < this.#end) throw this.fault('nothing but spaces behind the header')
  }
}

/**
 * Reads the header that lies in `bytes[begin, end)`.
 * @throws FormatError naming the byte (syntax) or the field (content) at fault
 */
export function readHeader(bytes: Uint8Array, begin: number, end: number, source: string): Header {
  const cursor = new Cursor(bytes, begin, end, source)
  const entries: HeaderEntry[] = []
  const names = new Set<string>()
  let metadata: Record<string, string> = {}
  cursor.object('the header', (name) => {
    if (names.has(name)) throw cursor.contentError('each name once', `${quoted(name)} twice`)
    names.add(name)
    if (name === METADATA) {
      metadata = readMetadata(cursor)
    } else {
      if (entries.length === MAX_TENSORS) throw cursor.contentError(`at most ${MAX_TENSORS} tensors`, 'more')
      entries.push(readEntry(cursor, name))
    }
    cursor.context = ''
  })
  cursor.finish()
  return { entries, metadata }
}

function readMetadata(cursor: Cursor): Record<string, string> {
  const fields = new Map<string, string>()
  cursor.context = `, ${METADATA}`
  cursor.object(METADATA, (key) => {
    if (fields.has(key)) throw cursor.contentError('each name once', `${quoted(key)} twice`)
    fields.set(key, cursor.string(`the text of ${quoted(key)}`))
  })
  // fromEntries defines own properties, so that a key "__proto__" stays data.
  return Object.fromEntries(fields)
}

function readEntry(cursor: Cursor, name: string): HeaderEntry {
  const found: { dtype?: string; shape?: number[]; data_offsets?: number[] } = {}
  const context = `, tensor ${quoted(name)}`
  cursor.context = context
  cursor.object('the tensor', (field) => {
    if (field !== 'dtype' && field !== 'shape' && field !== 'data_offsets') {
      throw cursor.contentError('the fields dtype, shape and data_offsets', quoted(field))
    }
    if (found[field] !== undefined) throw cursor.contentError('each field once', `"${field}" twice`)
    cursor.context = `${context}, ${field}`
    if (field === 'dtype') found.dtype = cursor.string('the dtype')
    else if (field === 'shape') found.shape = cursor.integers('the shape', MAX_RANK)
    else found.data_offsets = readOffsets(cursor)
    cursor.context = context
  })
  const { dtype, shape, data_offsets: offsets } = found
  if (dtype === undefined || shape === undefined || offsets === undefined) {
    const missing = (['dtype', 'shape', 'data_offsets'] as const).filter(
      (field) => found[field] === undefined,
    )
    throw cursor.contentError('the fields dtype, shape and data_offsets', `none named ${missing.join(', ')}`)
  }
  return { name, dtype, shape, begin: offsets[0], end: offsets[1] }
}

function readOffsets(cursor: Cursor): number[] {
  const offsets = cursor.integers('the offsets', 2)
  if (offsets.length < 2) throw cursor.contentError('two numbers, begin and end', `${offsets.length}`)
  return offsets
}
