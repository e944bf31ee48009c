/**
 * The members of a zip file, from its central directory: sizes, ratios and names are checked before a byte is
 * unpacked. Supports what Keras writes: stored or deflated, not encrypted, below 4 GiB. Source: PKWARE APPNOTE 6.3.
 */
import { FormatError, UnsupportedError } from '../../../core/errors.ts'
import { ReadBudget } from '../../budget.ts'
import { inflateTo } from '../hdf5/inflate.ts'

interface Entry {
  name: string
  method: number
  packed: number
  size: number
  checksum: number
  /** The position of its local header. */
  at: number
}

const END = 0x06054b50
const CENTRAL = 0x02014b50
const LOCAL = 0x04034b50
const MOST_ENTRIES = 4096
const MOST_RATIO = 1000

/** Whether bytes begin with the zip signature. */
export function isZip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x50 && bytes[1] === 0x4b && bytes[2] === 3 && bytes[3] === 4
}

/** A zip file in memory. */
export class ZipFile {
  readonly #bytes: Uint8Array
  readonly #view: DataView
  readonly #source: string
  readonly #entries: ReadonlyMap<string, Entry>
  readonly #budget: ReadBudget

  /** @throws FormatError, UnsupportedError naming the byte or the member */
  constructor(bytes: Uint8Array, source: string, budget = new ReadBudget(bytes.length)) {
    this.#budget = budget
    this.#bytes = bytes
    this.#source = source
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.#entries = this.#readDirectory()
  }

  get names(): readonly string[] {
    return [...this.#entries.keys()]
  }

  /** A member's bytes, or null if there is no member of that name. */
  read(name: string): Uint8Array | null {
    const entry = this.#entries.get(name)
    if (!entry) return null
    const { at, packed, size, method } = entry
    const where = `${this.#source}, ${name}`
    if (this.#u32(at) !== LOCAL) this.#fail(at, 'a local header', 'other bytes')
    const from = at + 30 + this.#u16(at + 26) + this.#u16(at + 28)
    this.#check(from, packed)
    if (size > MOST_RATIO * Math.max(packed, 64))
      throw new FormatError({
        where,
        expected: `at most ${MOST_RATIO} times its ${packed} bytes`,
        got: `${size}`,
      })
    const data = this.#bytes.subarray(from, from + packed)
    if (method === 0 && packed !== size)
      throw new FormatError({ where, expected: `${size} bytes`, got: `${packed} stored` })
    if (method !== 0) this.#budget.spend('bytes', size, where)
    const out = method === 0 ? data : inflateTo(data, size, true, where)
    if (crc32(out) !== entry.checksum)
      throw new FormatError({ where, expected: 'the checksum of its directory', got: 'other bytes' })
    return out
  }

  #readDirectory(): Map<string, Entry> {
    const end = this.#findEnd()
    const count = this.#u16(end + 10)
    const directory = this.#u32(end + 16)
    if (count === 0xffff || directory === 0xffff_ffff)
      this.#unsupported(end, 'a zip file below 4 GiB', 'zip64')
    if (count > MOST_ENTRIES) this.#fail(end + 10, `at most ${MOST_ENTRIES} members`, `${count}`)
    const entries = new Map<string, Entry>()
    for (let i = 0, at = directory; i < count; i++) {
      if (this.#u32(at) !== CENTRAL) this.#fail(at, `member ${i} of the directory`, 'other bytes')
      const entry = this.#readEntry(at)
      entries.set(entry.name, entry)
      at += 46 + this.#u16(at + 28) + this.#u16(at + 30) + this.#u16(at + 32)
    }
    return entries
  }

  #readEntry(at: number): Entry {
    const length = this.#u16(at + 28)
    this.#check(at + 46, length)
    const name = new TextDecoder().decode(this.#bytes.subarray(at + 46, at + 46 + length))
    const [flags, method] = [this.#u16(at + 8), this.#u16(at + 10)]
    if (flags & 1) this.#unsupported(at, 'unencrypted members', JSON.stringify(name))
    if (method !== 0 && method !== 8)
      this.#unsupported(at, 'stored or deflated members', `method ${method} of ${name}`)
    if (name.startsWith('/') || name.includes('\\') || name.split('/').includes('..'))
      this.#fail(at, 'names within the file', JSON.stringify(name))
    const [checksum, packed, size] = [this.#u32(at + 16), this.#u32(at + 20), this.#u32(at + 24)]
    return { name, method, checksum, packed, size, at: this.#u32(at + 42) }
  }

  /** The end record is the last one, before a comment of at most 65,535 bytes. */
  #findEnd(): number {
    const last = this.#bytes.length - 22
    for (let at = last; at >= 0 && at >= last - 0xffff; at--) if (this.#u32(at) === END) return at
    return this.#fail(Math.max(0, last), 'the end of a zip directory', 'none')
  }

  #u16(at: number): number {
    this.#check(at, 2)
    return this.#view.getUint16(at, true)
  }

  #u32(at: number): number {
    this.#check(at, 4)
    return this.#view.getUint32(at, true)
  }

  #check(at: number, count: number): void {
    if (at + count > this.#bytes.length)
      this.#fail(at, `${count} bytes`, `a file of ${this.#bytes.length} bytes`)
  }

  #fail(at: number, expected: string, got: string): never {
    throw new FormatError({ where: `${this.#source}, byte ${at}`, expected, got })
  }

  #unsupported(at: number, expected: string, got: string): never {
    throw new UnsupportedError({ where: `${this.#source}, byte ${at}`, expected, got })
  }
}

const table = Uint32Array.from({ length: 256 }, (_, n) => {
  let c = n
  for (let k = 0; k < 8; k++) c = c & 1 ? 0xedb88320 ^ (c >>> 1) : c >>> 1
  return c
})

/** The checksum of ISO 3309 that zip files have. */
function crc32(bytes: Uint8Array): number {
  let c = 0xffff_ffff
  for (let i = 0; i < bytes.length; i++) c = table[(c ^ bytes[i]) & 255] ^ (c >>> 8)
  return (c ^ 0xffff_ffff) >>> 0
}
