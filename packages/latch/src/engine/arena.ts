/**
 * The arena: one linear memory per engine, allocated by advancing a mark. Parameters and optimizer state lie first
 * and stay; activations lie above them and are planned per batch size. A Pointer is a byte address; views are made on
 * demand and are valid until the next reservation.
 */
import { MemoryError } from '../core/errors.ts'
import type { Pointer } from './kernels.ts'

export type FloatArray = Float32Array<ArrayBuffer> | Float64Array<ArrayBuffer>

/** What provides the bytes: a WebAssembly.Memory or a plain growable buffer. */
export interface BufferSource {
  readonly buffer: ArrayBuffer
  /** Grows to at least `bytes`; false where the host does not provide them. */
  grow(bytes: number): boolean
}

const ALIGNMENT = 64
const LIMIT = 2 ** 32 - 65536

export class Arena {
  readonly floatBytes: 4 | 8
  #source: BufferSource
  #top: Pointer
  #floats!: FloatArray
  #ints!: Int32Array<ArrayBuffer>

  constructor(source: BufferSource, base: Pointer, floatBytes: 4 | 8) {
    this.#source = source
    this.floatBytes = floatBytes
    this.#top = align(base)
    this.#refresh()
  }

  /** Frees the bytes. */
  dispose(): void {
    this.#source = { buffer: new ArrayBuffer(0), grow: () => false }
    this.#top = LIMIT
    this.#refresh()
  }

  /** The whole buffer; another object once the arena has grown. */
  get buffer(): ArrayBuffer {
    return this.#source.buffer
  }

  /** Bytes in use. */
  get used(): number {
    return this.#top
  }

  /** A mark to release back to. */
  mark(): Pointer {
    return this.#top
  }

  /** Frees everything reserved since `mark`. */
  release(mark: Pointer): void {
    this.#top = mark
  }

  /** Reserves `count` floats, 64-byte aligned, uninitialized. `what` names them in an error. */
  floats(count: number, what: string): Pointer {
    return this.#reserve(count * this.floatBytes, what)
  }

  /** Reserves `count` int32. */
  ints(count: number, what: string): Pointer {
    return this.#reserve(count * 4, what)
  }

  /** A view of `count` floats at `pointer`. */
  viewFloats(pointer: Pointer, count: number): FloatArray {
    if (this.#floats.buffer !== this.#source.buffer) this.#refresh()
    const start = pointer / this.floatBytes
    return this.#floats.subarray(start, start + count) as FloatArray
  }

  /** A view of `count` int32 at `pointer`. */
  viewInts(pointer: Pointer, count: number): Int32Array<ArrayBuffer> {
    if (this.#ints.buffer !== this.#source.buffer) this.#refresh()
    return this.#ints.subarray(pointer / 4, pointer / 4 + count)
  }

  /** @throws MemoryError when `count` more floats could never fit; reserves nothing. */
  ensureCapacity(count: number, what: string): void {
    const top = this.#top + count * this.floatBytes
    if (top > LIMIT) outOfMemory(top, what)
  }

  #refresh(): void {
    const buffer = this.#source.buffer
    this.#floats = this.floatBytes === 4 ? new Float32Array(buffer) : new Float64Array(buffer)
    this.#ints = new Int32Array(buffer)
  }

  #reserve(bytes: number, what: string): Pointer {
    const pointer = this.#top
    const top = align(pointer + bytes)
    if (top > LIMIT) outOfMemory(top, what)
    const have = this.#source.buffer.byteLength
    if (top > have && !this.#source.grow(top)) outOfMemory(top, what, have)
    this.#top = top
    return pointer
  }
}

/** `have`: the size before a call of `memory.grow()` that failed. @throws MemoryError, always */
function outOfMemory(bytes: number, what: string, have?: number): never {
  throw new MemoryError({
    where: `engine memory (${what})`,
    expected: have === undefined ? `at most ${megabytes(LIMIT)}` : `${megabytes(bytes)} of memory`,
    got:
      have === undefined
        ? `a request for ${megabytes(bytes)}`
        : `\`memory.grow()\` failed at ${megabytes(have)}`,
    remedy: 'Lower the batch size, the text length limit, the units or the vocabulary size.',
  })
}

function align(bytes: number): number {
  return Math.ceil(bytes / ALIGNMENT) * ALIGNMENT
}

function megabytes(bytes: number): string {
  return `${Math.ceil(bytes / 2 ** 20).toLocaleString('en')} MiB`
}
