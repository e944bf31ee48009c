/**
 * Texts as a network sees them: tokens → ids, cut at the length limit, with their classes; and as the
 * batches that training asks for.
 */
import { createTokenizer, type Tokenizer } from '../../text/tokenizer.ts'
import { UNKNOWN_TOKEN, type Vocabulary } from '../../text/vocabulary.ts'
import { PackedBatch } from '../../tensors/packedBatch.ts'
import type { Dataset } from '../../training/dataset.ts'
import type { ClassifierSettings } from './options.ts'

/** Splits texts into tokens, at most `maximumLength` of them. */
export class TextReader {
  readonly #tokenizer: Tokenizer
  /** Tokens of a text that count. */
  readonly maximumLength: number

  constructor(settings: ClassifierSettings) {
    const kind = settings.tokens
    this.#tokenizer = createTokenizer({ kind, lowercase: settings.lowercase })
    this.maximumLength = settings.maximumLength
  }

  /**
   * Tokens of a text and whether it was cut. A text without any token reads as one unknown token. Rows
   * come trimmed; so is any other text, or its characters would differ from a row's.
   */
  read(text: string): { tokens: string[]; cut: boolean } {
    const tokens = this.#tokenizer.tokenize(text.trim())
    if (tokens.length === 0) return { tokens: [UNKNOWN_TOKEN], cut: false }
    return tokens.length <= this.maximumLength
      ? { tokens, cut: false }
      : { tokens: tokens.slice(0, this.maximumLength), cut: true }
  }
}

/** Encoded texts with a class each. */
export class TextDataset implements Dataset {
  readonly ids: readonly Int32Array[]
  readonly lengths: Int32Array
  readonly classes: Int32Array

  constructor(tokens: readonly (readonly string[])[], classes: Int32Array, vocabulary: Vocabulary) {
    this.ids = tokens.map((list) => vocabulary.encode(list))
    this.lengths = Int32Array.from(this.ids, (list) => list.length)
    this.classes = classes
  }

  get size(): number {
    return this.ids.length
  }

  batch(rows: Int32Array) {
    const batch = PackedBatch.ofIds(Array.from(rows, (row) => this.ids[row]))
    const classes = Int32Array.from(rows, (row) => this.classes[row])
    return { batch, targets: { classes }, classes }
  }
}
