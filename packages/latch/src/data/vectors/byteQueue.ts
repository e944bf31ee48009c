/** Bytes that arrive in pieces, taken by length or up to a byte. */

const NONE = new Uint8Array(0)

export class ByteQueue {
  /** Bytes taken so far. */
  taken = 0
  readonly #chunks: AsyncIterator<Uint8Array>
  #bytes: Uint8Array = NONE
  #start = 0

  constructor(chunks: AsyncIterator<Uint8Array>) {
    this.#chunks = chunks
  }

  /** The bytes that have arrived, not yet taken. */
  get arrived(): Uint8Array {
    return this.#bytes.subarray(this.#start)
  }

  /** Waits for more bytes; false at the end. */
  async fill(): Promise<boolean> {
    const { done, value } = await this.#chunks.next()
    if (done) return false
    const rest = this.arrived
    if (rest.length === 0) this.#bytes = value
    else {
      this.#bytes = new Uint8Array(rest.length + value.length)
      this.#bytes.set(rest)
      this.#bytes.set(value, rest.length)
    }
    this.#start = 0
    return true
  }

  /** The next bytes; null if fewer have arrived. */
  take(count: number): Uint8Array | null {
    if (this.#bytes.length - this.#start < count) return null
    const taken = this.#bytes.subarray(this.#start, this.#start + count)
    this.#start += count
    this.taken += count
    return taken
  }

  /** The bytes up to one of this value, which is taken too; null if none has arrived. */
  takeUntil(byte: number): Uint8Array | null {
    const at = this.#bytes.indexOf(byte, this.#start)
    if (at < 0) return null
    const taken = this.take(at - this.#start)
    this.take(1)
    return taken
  }

  /** Ends reading early. */
  async close(): Promise<void> {
    await this.#chunks.return?.()
  }
}
