/**
 * Byte-level byte-pair encoding (Sennrich et al. 2016, with the bytes and pieces of GPT-2, Radford et al. 2019): a text is cut
 * into words with the space before them, these into bytes, and pairs of neighbours are merged in the order in which training
 * found them. Every string has tokens, and comes back from them exactly.
 */
import { DataError, FormatError } from '../core/errors.ts'
import { describe } from '../core/validation.ts'
import { BYTE_CHARACTERS, fromByteCharacters, isByteCharacters, toByteCharacters } from './bytes.ts'

/** GPT-2's pieces: endings of contractions, and letters, digits or other signs with one space before them; white space. */
const PIECES = /'(?:s|t|re|ve|m|ll|d)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+/gu
/** A longer piece is cut, so that the time grows with the text alone. */
const LONGEST_PIECE = 1024
/** Pieces whose tokens are remembered. */
const MOST_KNOWN = 100_000

/** The pieces of a text in which pairs are merged, a character each byte. */
export function splitPieces(text: string): string[] {
  const pieces: string[] = []
  for (const [piece] of text.matchAll(PIECES)) {
    const bytes = toByteCharacters(piece)
    for (let from = 0; from < bytes.length; from += LONGEST_PIECE)
      pieces.push(bytes.slice(from, from + LONGEST_PIECE))
  }
  return pieces
}

/** Splits texts into tokens by the merges of a training. */
export class BytePairs {
  /** Pairs of tokens in the order in which they are merged, a space between the two. */
  readonly merges: readonly string[]
  readonly #ranks: ReadonlyMap<string, number>
  readonly #known = new Map<string, readonly string[]>()

  constructor(merges: readonly string[]) {
    this.merges = merges
    this.#ranks = new Map(merges.map((merge, rank) => [merge, rank]))
  }

  /** @throws FormatError unless each merge names two tokens that are there before it */
  static fromJSON(value: unknown, where = 'merges'): BytePairs {
    if (!Array.isArray(value))
      throw new FormatError({ where, expected: 'an array of merges', got: describe(value) })
    const tokens = new Set(BYTE_CHARACTERS)
    for (const [i, merge] of value.entries()) {
      const parts = typeof merge === 'string' ? merge.split(' ') : []
      if (parts.length !== 2 || !parts.every((part) => tokens.has(part)))
        throw new FormatError({
          where: `${where}[${i}]`,
          expected: 'two tokens that are there before it, separated by a space',
          got: describe(merge),
        })
      tokens.add(parts.join(''))
    }
    return new BytePairs(value as string[])
  }

  /** The tokens that there are: the 256 bytes, then those of the merges, each once. */
  get tokens(): string[] {
    return [...new Set([...BYTE_CHARACTERS, ...this.merges.map((merge) => merge.replace(' ', ''))])]
  }

  /** The tokens of a text, a character each byte. */
  encode(text: string): string[] {
    return splitPieces(text).flatMap((piece) => this.merge(piece))
  }

  /** The text of tokens. */
  decode(tokens: readonly string[]): string {
    const strange = tokens.find((token) => !isByteCharacters(token))
    if (strange === undefined) return fromByteCharacters(tokens.join(''))
    throw new DataError({ where: 'decode', expected: 'tokens of bytes', got: describe(strange) })
  }

  /** The tokens of one piece. */
  merge(piece: string): readonly string[] {
    const known = this.#known.get(piece)
    if (known) return known
    let tokens = Array.from(piece)
    while (tokens.length > 1) {
      let best = Infinity
      for (let i = 1; i < tokens.length; i++) {
        const rank = this.#ranks.get(`${tokens[i - 1]} ${tokens[i]}`)
        if (rank !== undefined && rank < best) best = rank
      }
      if (best === Infinity) break
      tokens = merged(tokens, this.merges[best])
    }
    if (this.#known.size < MOST_KNOWN) this.#known.set(piece, tokens)
    return tokens
  }
}

function merged(tokens: readonly string[], merge: string): string[] {
  const [left, right] = merge.split(' ')
  const out: string[] = []
  for (let i = 0; i < tokens.length; i++) {
    if (tokens[i] === left && tokens[i + 1] === right) {
      out.push(left + right)
      i++
    } else out.push(tokens[i])
  }
  return out
}
