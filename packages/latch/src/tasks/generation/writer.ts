/** What a text is written with: the tokens, and the network that says how likely each next one is. */
import type { LanguageTokenKind } from '../../text/tokenizer.ts'

/** Reads tokens after those before, at least one; answers with the logits of the next, which later calls may overwrite. */
export type NextToken = (ids: readonly number[]) => ArrayLike<number>

/** Reads several texts side by side, which begin alike. The logits may be overwritten by later calls. */
export interface NextTokens {
  /** Reads the common beginning, at least one token; answers with the logits of the next one, as the only row. */
  begin(ids: readonly number[]): ArrayLike<number>[]
  /** Text i is now the earlier text `from[i]` with the token `ids[i]`; answers with the logits after each. */
  advance(from: readonly number[], ids: readonly number[]): ArrayLike<number>[]
}

/** A model that writes. */
export interface Writer {
  /** Tokens by id. */
  readonly vocabulary: readonly string[]
  readonly kind: LanguageTokenKind
  /** Ids that every text begins with, before its prime. */
  readonly start: readonly number[]
  /** The tokens of the prime, and their ids. */
  readonly prime: readonly { readonly token: string; readonly id: number }[]
  /** The token that ends a text; null: none does. */
  readonly end: string | null
  /** Ids that are no tokens of a text: padding, unknown tokens. */
  readonly never: ReadonlySet<number>
  /** Begins a text. */
  begin(): NextToken
  /** Begins at most `count` texts. */
  beginMany(count: number): NextTokens
}
