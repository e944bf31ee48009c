/**
 * Tokens ↔ ids. Id 0 is the unknown token, so that every text can be encoded; there is no padding id, because sequences
 * are packed. The same token lists always give the same ids.
 */
import { FormatError, UsageError } from '../core/errors.ts'

/** The token of id 0, for every token outside the vocabulary. */
export const UNKNOWN_TOKEN = '<unk>'

/** The tokens a model knows, by id and back. */
export class Vocabulary {
  /** Every token by id; the first is `<unk>`. */
  readonly tokens: readonly string[]
  readonly #ids = new Map<string, number>()

  /** @param tokens distinct, by id; the first is `<unk>`. Checked lists only: see `buildVocabulary` and `fromJSON`. */
  constructor(tokens: readonly string[]) {
    this.tokens = tokens
    tokens.forEach((token, id) => this.#ids.set(token, id))
  }

  /**
   * From JSON: the array of tokens by id.
   * @throws FormatError unless it is an array of distinct strings that starts with `<unk>`
   */
  static fromJSON(value: unknown, where = 'vocabulary'): Vocabulary {
    if (!Array.isArray(value)) {
      throw new FormatError({
        where,
        expected: 'an array of tokens',
        got: value === null ? 'null' : typeof value,
      })
    }
    if (value[0] !== UNKNOWN_TOKEN) {
      throw new FormatError({ where: `${where}[0]`, expected: `"${UNKNOWN_TOKEN}"`, got: quote(value[0]) })
    }
    const seen = new Map<string, number>()
    for (const [id, token] of value.entries()) {
      if (typeof token !== 'string') {
        throw new FormatError({ where: `${where}[${id}]`, expected: 'a string', got: quote(token) })
      }
      const earlier = seen.get(token)
      if (earlier !== undefined) {
        const got = `${quote(token)} again, after [${earlier}]`
        throw new FormatError({ where: `${where}[${id}]`, expected: 'distinct tokens', got })
      }
      seen.set(token, id)
    }
    return new Vocabulary([...seen.keys()])
  }

  /** Number of entries, `<unk>` included. */
  get size(): number {
    return this.tokens.length
  }

  /** Whether the token has an id of its own; `<unk>` itself does not count. */
  has(token: string): boolean {
    return (this.#ids.get(token) ?? 0) > 0
  }

  /** The token's id, 0 if it is unknown. */
  idOf(token: string): number {
    return this.#ids.get(token) ?? 0
  }

  /** One id per token; unknown tokens become 0. */
  encode(tokens: readonly string[]): Int32Array {
    const ids = new Int32Array(tokens.length)
    for (let i = 0; i < ids.length; i++) ids[i] = this.idOf(tokens[i])
    return ids
  }

  /**
   * The tokens of the ids.
   * @throws UsageError for an id outside the vocabulary.
   */
  decode(ids: ArrayLike<number>): string[] {
    return Array.from(ids, (id, position) => {
      const token = this.tokens[id]
      if (token !== undefined) return token
      const expected = `an id from 0 to ${this.size - 1}`
      throw new UsageError({ where: `decode, position ${position}`, expected, got: String(id) })
    })
  }

  toJSON(): string[] {
    return [...this.tokens]
  }
}

function quote(value: unknown): string {
  return value === undefined ? 'nothing' : String(JSON.stringify(value)).slice(0, 60)
}
