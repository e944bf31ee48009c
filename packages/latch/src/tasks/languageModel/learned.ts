/** The learned parts of a language model, and its types. */
import { splitPieces, type BytePairs } from '../../text/bytePairs.ts'
import { createTokenizer, type LanguageTokenKind } from '../../text/tokenizer.ts'
import type { Vocabulary } from '../../text/vocabulary.ts'
import type { FitOptions } from '../fit/fitOptions.ts'
import type { ClassPrediction, TokenEvaluation } from '../model.ts'
import type { Learned, TaskTypes } from '../task.ts'
import type { LanguageModelSettings } from './options.ts'

/** The token before, between and after texts. */
export const END_TOKEN = '<end>'

/** Splits texts into what is counted: tokens, or the pieces in which byte pairs are merged. */
export interface LanguageTokenizer {
  readonly config: { readonly kind: LanguageTokenKind; readonly lowercase: boolean }
  tokenize(text: string): string[]
}

/** What a language model has learned. */
export interface LanguageLearned extends Learned {
  readonly settings: LanguageModelSettings
  readonly words: Vocabulary
  readonly tokenizer: LanguageTokenizer
  /** The merges of byte pairs; null: tokens of another kind. */
  readonly pairs: BytePairs | null
  /** What stands before each text: the end token, or nothing. */
  readonly start: readonly string[]
}

/** The tokens of a text, or its pieces. */
export interface LanguageItem {
  tokens: readonly string[]
}

/** The column of the texts, where they are rows. */
export interface TextColumn {
  /** Of several columns, the texts are joined in this order with a space. Default `text`. */
  text?: string | readonly string[]
}

/** The types of the language model. */
export interface LanguageTypes extends TaskTypes {
  Input: string
  Step: string
  Example: object
  Item: LanguageItem
  Output: ClassPrediction
  Evaluation: TokenEvaluation
  Settings: LanguageModelSettings
  Learned: LanguageLearned
  FitOptions: FitOptions & TextColumn
}

/** Completes settings and vocabulary. */
export function completeLanguage(
  settings: LanguageModelSettings,
  words: Vocabulary,
  pairs: BytePairs | null = null,
): LanguageLearned {
  const { tokens, endToken } = settings
  return {
    settings,
    words,
    tokenizer: tokenizerOf(settings, pairs),
    pairs,
    start: endToken ? [END_TOKEN] : [],
    labels: null,
    input: { kind: 'ids', width: words.size, steps: null },
    outputActivation: 'softmax',
    vocabulary: words.tokens,
    tokens,
  }
}

/** What splits texts into tokens, or into pieces where there are no merges yet. */
export function tokenizerOf(
  { tokens: kind, lowercase }: Pick<LanguageModelSettings, 'tokens' | 'lowercase'>,
  pairs: BytePairs | null,
): LanguageTokenizer {
  if (kind !== 'bpe') return createTokenizer({ kind, lowercase })
  const lower = (text: string) => (lowercase ? text.toLowerCase() : text)
  return {
    config: { kind, lowercase },
    tokenize: (text) => (pairs ? pairs.encode(lower(text)) : splitPieces(lower(text))),
  }
}

/** The tokens of an item, whose pieces are not merged. */
export function tokensOfItem({ pairs }: LanguageLearned, { tokens }: LanguageItem): readonly string[] {
  return pairs ? tokens.flatMap((piece) => pairs.merge(piece)) : tokens
}

/** The part of one long text that is trained on, and the last one, which is held out. */
export function divideTokens(tokens: readonly string[], fraction: number): [string[], string[]] {
  const at = Math.floor(tokens.length * (1 - fraction))
  return [tokens.slice(0, at), tokens.slice(at)]
}
