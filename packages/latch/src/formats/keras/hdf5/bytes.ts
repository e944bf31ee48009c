/**
 * The bytes of a file that may be hostile: every read is checked, every error names its byte, and both work
 * and memory are counted, so that loops and false sizes end in an error.
 */
import { FormatError, UnsupportedError } from '../../../core/errors.ts'
import { ReadBudget, type Resource } from '../../budget.ts'

/** Maximum structures per file, beyond which it counts as a loop: real files have some thousands. */
const MOST_STEPS = 200_000
/** The most for large files, which may have one for every eight bytes. */
const EVER_MOST_STEPS = 1_000_000

const decoder = new TextDecoder('utf-8')

/** The undefined address. */
export const NOWHERE = -1

/** Checked little-endian reading at any place of a file. */
export class FileBytes {
  readonly source: string
  readonly bytes: Uint8Array
  /** Added to every address in the file. */
  base = 0
  /** Numbers of the datasets read so far, by the address of their object. */
  readonly arrays = new Map<number, Float32Array>()
  readonly #view: DataView
  readonly #budget: ReadBudget
  readonly #mostSteps: number
  #steps = 0

  /** `budget`: that of the archive, if the file was unpacked from one. */
  constructor(bytes: Uint8Array, source: string, budget = new ReadBudget(bytes.length)) {
    this.bytes = bytes
    this.source = source
    this.#budget = budget
    this.#mostSteps = Math.min(EVER_MOST_STEPS, MOST_STEPS + bytes.length / 8)
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  get length(): number {
    return this.bytes.length
  }

  /** @throws FormatError at a byte */
  fail(at: number, expected: string, got: string): never {
    throw new FormatError({ where: `${this.source}, byte ${at}`, expected, got })
  }

  /** @throws UnsupportedError at a byte */
  unsupported(at: number, expected: string, got: string): never {
    const remedy = 'Save the weights again with Keras, or copy the file with h5repack --low=0 --high=1.'
    throw new UnsupportedError({ where: `${this.source}, byte ${at}`, expected, got, remedy })
  }

  /** Counts a structure. */
  step(at: number): void {
    if (++this.#steps > this.#mostSteps)
      this.fail(at, `at most ${this.#mostSteps} structures`, 'more: a loop')
  }

  /** Counts memory before it is allocated for the file's data. */
  take(at: number, count: number, resource: Resource = 'bytes'): void {
    this.#budget.spend(resource, count, () => `${this.source}, byte ${at}`)
  }

  /** The range must lie in the file. */
  check(at: number, count: number): void {
    if (at >= 0 && count >= 0 && at + count <= this.length) return
    this.fail(at, `${count} bytes`, `a file of ${this.length} bytes`)
  }

  u8(at: number): number {
    this.check(at, 1)
    return this.bytes[at]
  }

  u16(at: number): number {
    this.check(at, 2)
    return this.#view.getUint16(at, true)
  }

  u32(at: number): number {
    this.check(at, 4)
    return this.#view.getUint32(at, true)
  }

  /** A 64-bit number below 2⁵³. */
  u64(at: number): number {
    this.check(at, 8)
    const high = this.#view.getUint32(at + 4, true)
    if (high >= 2 ** 21) this.fail(at, 'a number below 2^53', `${this.#view.getBigUint64(at, true)}`)
    return high * 2 ** 32 + this.#view.getUint32(at, true)
  }

  /** An address, base included; `NOWHERE` where all bits are set. */
  address(at: number): number {
    this.check(at, 8)
    if (this.#view.getBigUint64(at, true) === 0xffff_ffff_ffff_ffffn) return NOWHERE
    return this.u64(at) + this.base
  }

  /** A whole number of 1, 2, 4 or 8 bytes. */
  sized(at: number, size: number): number {
    return size === 1 ? this.u8(at) : size === 2 ? this.u16(at) : size === 4 ? this.u32(at) : this.u64(at)
  }

  /** Four letters that a structure begins with. */
  signature(at: number, wanted: string): void {
    this.check(at, 4)
    const got = Array.from(this.bytes.subarray(at, at + 4), (byte) => String.fromCharCode(byte)).join('')
    if (got !== wanted) this.fail(at, `the signature ${wanted}`, JSON.stringify(got))
    this.step(at)
  }

  slice(at: number, count: number): Uint8Array {
    this.check(at, count)
    return this.bytes.subarray(at, at + count)
  }

  /** Text of at most `most` bytes, up to the first zero. */
  text(at: number, most: number): string {
    const bytes = this.slice(at, most)
    const end = bytes.indexOf(0)
    const text = end < 0 ? bytes : bytes.subarray(0, end)
    this.take(at, text.length)
    return decoder.decode(text)
  }
}
