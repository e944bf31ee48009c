/**
 * Reads a protobuf message field by field with the library's reader and the schema's descriptors. Only requested fields
 * are decoded, bytes are views of the file, and every error names the field and byte. Only message types of the schema
 * are entered, so the nesting is bounded.
 */
import type { DescField } from '@bufbuild/protobuf'
import { BinaryReader, WireType } from '@bufbuild/protobuf/wire'
import { FormatError, UnsupportedError } from '../../../core/errors.ts'
import { ReadBudget } from '../../budget.ts'

type Schema = { readonly fields: readonly DescField[]; readonly field: object }

const NAMES = new WeakMap<Schema, ReadonlyMap<number, string>>()
const WIRES = ['a varint', '8 bytes', 'a length and bytes', 'a group', 'the end of a group', '4 bytes']
const GROUP_DEPTH = 16
const UTF8 = new TextDecoder()

/** Element types of repeated numbers. */
export type NumberKind = 'float' | 'double' | 'int32' | 'int64' | 'uint64'

/** One message in the file. */
export class WireMessage {
  readonly source: string
  /** The path of the message in errors: `graph.node[3].attribute[0]`. */
  readonly path: string
  readonly #reader: BinaryReader
  readonly #bytes: Uint8Array
  readonly #start: number
  readonly #end: number
  /** Limits what reading the file may cost. */
  readonly budget: ReadBudget
  #field = ''
  #wire: number = 0
  #next = -1

  private constructor(parent: WireMessage | null, file: Place, start: number, end: number) {
    this.source = file.source
    this.path = file.path
    this.#bytes = file.bytes
    this.#reader = parent ? parent.#reader : new BinaryReader(file.bytes)
    this.#start = start
    this.#end = end
    this.budget = parent ? parent.budget : new ReadBudget(file.bytes.length)
  }

  /** A whole file as one message. */
  static root(bytes: Uint8Array, source: string, path: string): WireMessage {
    return new WireMessage(null, { bytes, source, path }, 0, bytes.length)
  }

  /** Counts bytes against the budget before they are allocated. @throws FormatError if they exceed it */
  spend(bytes: number): void {
    this.budget.spend('bytes', bytes, () => this.where())
  }

  /** Calls the reader of each field that has one, in the file's order; skips the others. */
  each<S extends Schema>(schema: S, readers: { [K in keyof S['field']]?: (message: this) => void }): void {
    const reader = this.#reader
    const names = listNames(schema)
    reader.pos = this.#start
    this.#field = ''
    while (reader.pos < this.#end) {
      const [number, wire] = this.#tag()
      const name = names.get(number)
      this.#field = name ?? `field ${number}`
      this.#wire = wire
      const read = name === undefined ? undefined : readers[name as keyof S['field']]
      this.#next = -1
      if (read) read(this)
      else this.#skip(number)
      // A reader of a nested message may have moved the position.
      if (this.#next >= 0) reader.pos = this.#next
      if (reader.pos > this.#end) throw this.error('a field inside its message', 'a field that exceeds it')
    }
  }

  /** The current field as a message; `index` for repeated fields. */
  message(index?: number): WireMessage {
    const [start, end] = this.#span()
    this.#reader.pos = end
    const name = index === undefined ? this.#field : `${this.#field}[${index}]`
    const path = this.path ? `${this.path}.${name}` : name
    return new WireMessage(this, { bytes: this.#bytes, source: this.source, path }, start, end)
  }

  /** The current field's bytes, as a view of the file. */
  bytes(): Uint8Array {
    const [start, end] = this.#span()
    this.#reader.pos = end
    return this.#bytes.subarray(start, end)
  }

  /** The current field's text; invalid UTF-8 becomes �. */
  string(): string {
    return UTF8.decode(this.bytes())
  }

  /** The current field as an integer. */
  int(): number {
    this.#need(WireType.Varint)
    return this.#number('int64')
  }

  float(): number {
    this.#need(WireType.Bit32)
    return this.#number('float')
  }

  /** Counts the numbers of the current field, packed or not, and moves past them. */
  countNumbers(kind: NumberKind): number {
    if (this.#wire !== WireType.LengthDelimited) {
      this.#need(getWire(kind))
      this.#skip()
      return 1
    }
    const [start, end] = this.#span()
    this.#reader.pos = end
    const size = kind === 'float' ? 4 : kind === 'double' ? 8 : 0
    if (size && (end - start) % size !== 0)
      throw this.error(`a multiple of ${size} bytes`, `${end - start} bytes`)
    if (size) return (end - start) / size
    let count = 0
    for (let i = start; i < end; i++) if (this.#bytes[i] < 0x80) count++
    return count
  }

  /** Calls `take` with each number of the current field, packed or not. */
  numbers(kind: NumberKind, take: (value: number) => void): void {
    if (this.#wire !== WireType.LengthDelimited) {
      this.#need(getWire(kind))
      take(this.#number(kind))
      return
    }
    const [start, end] = this.#span()
    this.#reader.pos = start
    while (this.#reader.pos < end) take(this.#number(kind))
    if (this.#reader.pos !== end) throw this.error('numbers that end with their field', 'one cut off')
  }

  /** @throws FormatError that names the current field and its byte */
  error(expected: string, got: string): FormatError {
    return new FormatError({ where: this.where(), expected, got })
  }

  /** @throws UnsupportedError that names the current field */
  unsupported(expected: string, got: string): UnsupportedError {
    return new UnsupportedError({ where: this.where(), expected, got })
  }

  /** The current place, for errors: `model.onnx, graph.node[3].name, byte 12`. */
  where(): string {
    const path = [this.path, this.#field].filter((x) => x !== '').join('.')
    return `${this.source}, ${path || 'file'}, byte ${Math.min(this.#reader.pos, this.#bytes.length)}`
  }

  #number(kind: NumberKind): number {
    const value = this.#scalar(kind)
    return typeof value === 'number' ? value : this.#exact(value)
  }

  // The library throws plain errors for broken bytes. Only its own calls are wrapped: any other error is a bug in Latch
  // and must remain visible as such.

  #scalar(kind: NumberKind | 'uint32'): number | bigint | string {
    try {
      return this.#reader[kind]()
    } catch (cause) {
      throw this.#broken(cause)
    }
  }

  #tag(): [number, WireType] {
    try {
      return this.#reader.tag()
    } catch (cause) {
      throw this.#broken(cause)
    }
  }

  #skip(field?: number): void {
    try {
      this.#reader.skip(this.#wire, field, GROUP_DEPTH)
    } catch (cause) {
      throw this.#broken(cause)
    }
  }

  #broken(cause: unknown): FormatError {
    return this.error('protobuf', cause instanceof Error ? cause.message : String(cause))
  }

  #exact(value: bigint | string): number {
    const number = Number(value)
    if (Number.isSafeInteger(number) || isExtreme(BigInt(value))) return number
    throw this.unsupported('whole numbers within ±2^53', String(value))
  }

  /** The start and end of the current field's bytes, checked before they are read. */
  #span(): readonly [number, number] {
    this.#need(WireType.LengthDelimited)
    const length = Number(this.#scalar('uint32'))
    const start = this.#reader.pos
    const left = this.#end - start
    if (length > left) throw this.error(`at most ${Math.max(left, 0)} bytes`, `a length of ${length}`)
    this.#next = start + length
    return [start, this.#next]
  }

  #need(wire: number): void {
    if (this.#wire !== wire) throw this.error(WIRES[wire], WIRES[this.#wire])
  }
}

/** The location of a message. */
interface Place {
  bytes: Uint8Array
  source: string
  path: string
}

/** The limits of int64, which mean "to the end" in Slice, are read as ±2^63, as is ±(2^63 − 1). */
export function isExtreme(value: bigint): boolean {
  const size = value < 0n ? -value : value
  return size === 2n ** 63n || size === 2n ** 63n - 1n
}

function getWire(kind: NumberKind): number {
  if (kind === 'float') return WireType.Bit32
  return kind === 'double' ? WireType.Bit64 : WireType.Varint
}

function listNames(schema: Schema): ReadonlyMap<number, string> {
  let names = NAMES.get(schema)
  if (!names) {
    names = new Map(schema.fields.map((field) => [field.number, field.localName]))
    NAMES.set(schema, names)
  }
  return names
}
