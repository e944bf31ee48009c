/** A text in the making: what the network has read of it, and the logits of its next token. */
import { joinerAfter, type Joiner } from './joinTokens.ts'
import type { NextToken, Writer } from './writer.ts'

/** Begins as the start and the prime of the writer; each token that is added is read when the next logits are asked for. */
export class TextSoFar {
  /** Ids of the text. */
  readonly seen: Set<number>
  readonly #writer: Writer
  readonly #read: NextToken
  #unread: number[]
  #row: ArrayLike<number> = []
  readonly #joiner: Joiner

  constructor(writer: Writer) {
    const { start, prime } = writer
    this.#writer = writer
    this.#read = writer.begin()
    this.#unread = [...start, ...prime.map(({ id }) => id)]
    this.seen = new Set(this.#unread)
    this.#joiner = joinerAfter(prime[prime.length - 1]?.token ?? '', writer.kind)
  }

  /** Logits of the next token by id; valid until a token is added. */
  get row(): ArrayLike<number> {
    if (this.#unread.length > 0) {
      this.#row = this.#read(this.#unread)
      this.#unread = []
    }
    return this.#row
  }

  /** What a token adds to the text, were it the next: with a space before it, or without; nothing at the end. */
  textOf(id: number): string {
    return this.isEnd(id) ? '' : this.#joiner.peek(this.#writer.vocabulary[id])
  }

  isEnd(id: number): boolean {
    return this.#writer.vocabulary[id] === this.#writer.end
  }

  add(id: number): void {
    this.#unread.push(id)
    this.seen.add(id)
    this.#joiner.push(this.#writer.vocabulary[id])
  }

  /** What is left at the end of the text: of bytes, a letter that was begun. */
  end(): string {
    return this.#joiner.end()
  }
}
