/** Allocates the bytes of a file: places follow one another, and some addresses are resolved later. */

/** Little-endian writing, relative to a place. */
export interface ByteWriter {
  bytes(at: number, values: ArrayLike<number>): void
  text(at: number, text: string): void
  u16(at: number, value: number): void
  u32(at: number, value: number): void
  u64(at: number, value: number): void
  /** HDF5's undefined address. */
  nowhere(at: number): void
}

/** The file's structures in one growing buffer; space for the data behind them is only counted. */
export class Allocator {
  #buffer = new Uint8Array(4096)
  #end = 0
  readonly #later = new Map<unknown, number>()

  /** The address of the next place. */
  get end(): number {
    return this.#end
  }

  /** Allocates a place of `count` bytes, aligned to 8. */
  reserve(count: number): number {
    const at = this.#end
    this.#end = at + Math.ceil(count / 8) * 8
    return at
  }

  /** Remembers where to write the address of something without a place yet. */
  defer(what: unknown, at: number): void {
    this.#later.set(what, at)
  }

  /** Writes the address there. */
  resolve(what: unknown, address: number): void {
    const at = this.#later.get(what)
    if (at !== undefined) this.view(0).u64(at, address)
  }

  /** The first bytes of the file. */
  bytes(count: number): Uint8Array {
    this.#grow(count)
    return this.#buffer.subarray(0, count)
  }

  #grow(count: number): DataView {
    if (count > this.#buffer.length) {
      const larger = new Uint8Array(Math.max(count, 2 * this.#buffer.length))
      larger.set(this.#buffer)
      this.#buffer = larger
    }
    return new DataView(this.#buffer.buffer)
  }

  view(base: number): ByteWriter {
    const bytes = (at: number, values: ArrayLike<number>) => {
      this.#grow(base + at + values.length)
      this.#buffer.set(values, base + at)
    }
    return {
      bytes,
      text: (at, text) => bytes(at, new TextEncoder().encode(text)),
      u16: (at, value) => this.#grow(base + at + 2).setUint16(base + at, value, true),
      u32: (at, value) => this.#grow(base + at + 4).setUint32(base + at, value, true),
      u64: (at, value) => this.#grow(base + at + 8).setBigUint64(base + at, BigInt(value), true),
      nowhere: (at) => this.#grow(base + at + 8).setBigUint64(base + at, 0xffff_ffff_ffff_ffffn, true),
    }
  }
}
