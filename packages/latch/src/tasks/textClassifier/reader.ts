/** Texts → tokens, truncated at the length limit. */
import { createTokenizer, type Tokenizer } from '../../text/tokenizer.ts'
import { UNKNOWN_TOKEN } from '../../text/vocabulary.ts'
import type { ClassifierSettings } from './options.ts'

/** Splits texts into tokens, at most `maximumLength` of them. */
export class TextReader {
  readonly #tokenizer: Tokenizer
  /** Maximum number of tokens of a text. */
  readonly maximumLength: number

  constructor(settings: ClassifierSettings) {
    const kind = settings.tokens
    this.#tokenizer = createTokenizer({ kind, lowercase: settings.lowercase })
    this.maximumLength = settings.maximumLength
  }

  /**
   * Tokens of a text and how many were cut. A text without tokens is read as one unknown token. Rows
   * are trimmed, so other texts are too; else their characters would differ.
   */
  read(text: string): { tokens: string[]; cut: number } {
    const tokens = this.#tokenizer.tokenize(text.trim())
    if (tokens.length === 0) return { tokens: [UNKNOWN_TOKEN], cut: 0 }
    return tokens.length <= this.maximumLength
      ? { tokens, cut: 0 }
      : { tokens: tokens.slice(0, this.maximumLength), cut: tokens.length - this.maximumLength }
  }
}
