/**
 * An HDF5 file as groups, attributes and datasets: what h5py writes for Keras models. It is read
 * here and not by the HDF5 library because files may be hostile: a damaged one makes that library allocate hundreds
 * of megabytes and leaves it unusable. Source: HDF5 File Format Specification 3.0.
 */
import type { ReadBudget } from '../../budget.ts'
import { FileBytes } from './bytes.ts'
import { readRaw } from './data.ts'
import { readLinks } from './groups.ts'
import { MESSAGE, readMessages, type Message } from './objects.ts'
import { readFloats, readDataspace, readDatatype, readSize, type Datatype } from './types.ts'

/** The numbers of a dataset. */
export interface Hdf5Array {
  shape: readonly number[]
  data: Float32Array
}

const SIGNATURE = [0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a]

/** Whether bytes begin with the HDF5 signature. */
export function isHdf5(bytes: Uint8Array): boolean {
  return SIGNATURE.every((byte, i) => bytes[i] === byte)
}

/** Opens a file; `budget`: that of the archive it comes from. @throws FormatError naming the byte; UnsupportedError for features that Keras does not use */
export function openHdf5(bytes: Uint8Array, source: string, budget?: ReadBudget): Hdf5Object {
  const file = new FileBytes(bytes, source, budget)
  if (!isHdf5(bytes)) file.fail(0, 'an HDF5 file', 'other bytes')
  const version = file.u8(8)
  if (version > 3) file.fail(8, 'a superblock of version 0 to 3', `${version}`)
  const sizes = version < 2 ? 13 : 9
  if (file.u8(sizes) !== 8 || file.u8(sizes + 1) !== 8)
    file.unsupported(sizes, 'addresses and lengths of 8 bytes', `${file.u8(sizes)} and ${file.u8(sizes + 1)}`)
  const base = version === 0 ? 24 : version === 1 ? 28 : 12
  file.base = file.u64(base)
  const root = version < 2 ? base + 32 + 8 : base + 24
  return new Hdf5Object(file, file.address(root), '')
}

/** A group or a dataset. */
export class Hdf5Object {
  /** `model_weights/gru`; empty at the root. */
  readonly path: string
  readonly #file: FileBytes
  readonly #at: number
  readonly #messages: readonly Message[]
  #links: Map<string, number> | null = null
  #attributes: Map<string, Message> | null = null

  constructor(file: FileBytes, at: number, path: string) {
    this.#file = file
    this.#at = at
    this.path = path
    this.#messages = readMessages(file, at)
  }

  /** Whether it is a dataset. */
  get isDataset(): boolean {
    return this.#messages.some(({ type }) => type === MESSAGE.layout)
  }

  /** The names of a group's members. */
  get names(): readonly string[] {
    return [...this.#all().keys()]
  }

  #all(): Map<string, number> {
    this.#links ??= readLinks(this.#file, this.#messages)
    return this.#links
  }

  /** The object at a path below this one, or null. */
  at(path: string): Hdf5Object | null {
    const parts = path.split('/').filter(Boolean)
    if (parts.length > 64) return null
    return parts.reduce<Hdf5Object | null>((object, name) => (object ? object.#child(name) : null), this)
  }

  #child(name: string): Hdf5Object | null {
    const address = this.#all().get(name)
    if (address === undefined) return null
    return new Hdf5Object(this.#file, address, this.path ? `${this.path}/${name}` : name)
  }

  /** The numbers of a dataset, which is decoded once. */
  read(): Hdf5Array {
    const { type, shape } = this.#typeAndShape(this.#messages)
    const known = this.#file.arrays.get(this.#at)
    const raw = known ? null : readRaw(this.#file, this.#messages, shape, type.size)
    this.#file.take(this.#at, readSize(this.#file, this.#at, shape), 'numbers')
    const data = known ?? readFloats(this.#file, this.#at, raw!, type)
    this.#file.arrays.set(this.#at, data)
    return { shape, data }
  }

  #typeAndShape(messages: readonly Message[]): { type: Datatype; shape: readonly number[] } {
    const space = messages.find(({ type }) => type === MESSAGE.dataspace)
    const type = messages.find((message) => message.type === MESSAGE.datatype)
    if (!space || !type) this.#file.fail(this.#at, 'a dataset with a shape and a type', this.path || 'none')
    return { shape: readDataspace(this.#file, space.at) ?? [0], type: readDatatype(this.#file, type.at) }
  }

  /** An attribute's texts, in order; null if it does not exist. */
  texts(name: string): string[] | null {
    this.#attributes ??= this.#readAttributes()
    const message = this.#attributes.get(name)
    return message ? attributeTexts(this.#file, message.at) : null
  }

  /** An attribute's single text; null if it does not exist. */
  text(name: string): string | null {
    return this.texts(name)?.[0] ?? null
  }

  #readAttributes(): Map<string, Message> {
    const file = this.#file
    const found = new Map<string, Message>()
    for (const message of this.#messages) {
      const { type, at } = message
      if (type === MESSAGE.attribute)
        found.set(file.text(attributePlaces(file, at).name, file.u16(at + 2)), message)
      const dense = at + 2 + (file.u8(at + 1) & 1 ? 2 : 0)
      if (type === MESSAGE.attributeInfo && file.address(dense) >= 0)
        file.unsupported(at, 'attributes in the object’s header', 'a fractal heap')
    }
    return found
  }
}

/** The positions of an attribute message's parts. */
function attributePlaces(
  file: FileBytes,
  at: number,
): { name: number; type: number; space: number; data: number } {
  const version = file.u8(at)
  if (version < 1 || version > 3) file.fail(at, 'an attribute of version 1 to 3', `${version}`)
  if (version > 1 && file.u8(at + 1) & 3)
    file.unsupported(at, 'an attribute with its own type', 'a shared one')
  const padded = (size: number) => (version === 1 ? Math.ceil(size / 8) * 8 : size)
  const name = at + (version === 3 ? 9 : 8)
  const type = name + padded(file.u16(at + 2))
  const space = type + padded(file.u16(at + 4))
  return { name, type, space, data: space + padded(file.u16(at + 6)) }
}

function attributeTexts(file: FileBytes, at: number): string[] {
  const places = attributePlaces(file, at)
  const type = readDatatype(file, places.type)
  const shape = readDataspace(file, places.space)
  if (shape === null) return []
  const count = readSize(file, at, shape)
  if (type.kind !== 'text' && type.kind !== 'longText') return []
  file.check(places.data, count * type.size)
  file.take(at, count * type.size)
  return Array.from({ length: count }, (_, i) => {
    const here = places.data + i * type.size
    return type.kind === 'text' ? file.text(here, type.size).trimEnd() : longText(file, here)
  })
}

/** A text in a global heap: length, collection, number. */
function longText(file: FileBytes, at: number): string {
  const length = file.u32(at)
  const heap = file.address(at + 4)
  const wanted = file.u32(at + 12)
  if (length === 0) return ''
  file.signature(heap, 'GCOL')
  const end = heap + file.u64(heap + 8)
  for (let here = heap + 16; here + 16 <= end;) {
    file.step(here)
    const index = file.u16(here)
    const size = file.u64(here + 8)
    if (index === wanted) {
      file.take(at, length)
      if (length > size) file.fail(at, `a text of at most ${size} bytes`, `${length}`)
      return file.text(here + 16, length)
    }
    if (index === 0) break
    here += 16 + Math.ceil(size / 8) * 8
  }
  return file.fail(at, `text ${wanted} in the heap at byte ${heap}`, 'none')
}
