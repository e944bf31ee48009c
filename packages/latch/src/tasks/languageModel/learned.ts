/** The learned parts of a language model, and its types. */
import { createTokenizer, type Tokenizer } from '../../text/tokenizer.ts'
import type { Vocabulary } from '../../text/vocabulary.ts'
import type { FitOptions } from '../fit/fitOptions.ts'
import type { ClassPrediction, TokenEvaluation } from '../model.ts'
import type { Learned, TaskTypes } from '../task.ts'
import type { LanguageModelSettings } from './options.ts'

/** The token before, between and after texts. */
export const END_TOKEN = '<end>'

/** What a language model has learned. */
export interface LanguageLearned extends Learned {
  readonly settings: LanguageModelSettings
  readonly words: Vocabulary
  readonly tokenizer: Tokenizer
  /** What stands before each text: the end token, or nothing. */
  readonly start: readonly string[]
}

/** The tokens of a text. */
export interface LanguageItem {
  tokens: readonly string[]
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
  FitOptions: FitOptions
}

/** Completes settings and vocabulary. */
export function completeLanguage(settings: LanguageModelSettings, words: Vocabulary): LanguageLearned {
  const { tokens, lowercase, endToken } = settings
  return {
    settings,
    words,
    tokenizer: createTokenizer({ kind: tokens, lowercase }),
    start: endToken ? [END_TOKEN] : [],
    labels: null,
    input: { kind: 'ids', width: words.size, steps: null },
    outputActivation: 'softmax',
    vocabulary: words.tokens,
    tokens,
  }
}

/** The part of one long text that is trained on, and the last one, which is held out. */
export function divideTokens(tokens: readonly string[], fraction: number): [string[], string[]] {
  const at = Math.floor(tokens.length * (1 - fraction))
  return [tokens.slice(0, at), tokens.slice(at)]
}
