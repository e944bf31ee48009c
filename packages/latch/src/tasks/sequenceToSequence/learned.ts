/** The learned parts of a sequence-to-sequence model, and its types. */
import { createTokenizer, type Tokenizer } from '../../text/tokenizer.ts'
import type { Vocabulary } from '../../text/vocabulary.ts'
import type { FitOptions } from '../fit/fitOptions.ts'
import type { SequenceEvaluation, Prediction } from '../model.ts'
import type { Learned, TaskTypes } from '../task.ts'
import type { SequenceToSequenceSettings } from './options.ts'

/** What a sequence-to-sequence model has learned. */
export interface SequenceToSequenceLearned extends Learned {
  readonly settings: SequenceToSequenceSettings
  /** Of the sources. */
  readonly words: Vocabulary
  /** Of the targets; the end token begins and ends each. */
  readonly targetWords: Vocabulary
  readonly tokenizer: Tokenizer
  readonly targetTokenizer: Tokenizer
  /** The most tokens that a prediction writes. */
  readonly longest: number
}

/** The tokens of a source and its target. */
export interface SourceAndTarget {
  tokens: readonly string[]
  targetTokens: readonly string[]
  target: string
}

/** What a sequence-to-sequence model writes for one source. */
export interface WrittenSequence extends Prediction {
  /** The target that the model writes. */
  text: string
  /** Its tokens, without the end token. */
  tokens: readonly string[]
  /** The tokens of the source. */
  sourceTokens: readonly string[]
  /** Natural logarithm of the probability of the tokens, with the end token, after the source. */
  logProbability: number
  /** Whether it ends by itself, not at the limit. */
  ended: boolean
  /**
   * How much each token of the target looked at each token of the source: rows of weights that sum to 1 (target tokens,
   * source tokens); null without attention.
   */
  attention: readonly (readonly number[])[] | null
}

/** The columns of source and target. */
export interface SequenceColumns {
  /** Default `source`. */
  source?: string
  /** Default `target`. */
  target?: string
}

/** The types of the sequence-to-sequence model. */
export interface SequenceToSequenceTypes extends TaskTypes {
  Input: string
  Step: string
  Example: object
  Item: SourceAndTarget
  Output: WrittenSequence
  Evaluation: SequenceEvaluation
  Settings: SequenceToSequenceSettings
  Learned: SequenceToSequenceLearned
  FitOptions: FitOptions & SequenceColumns
}

/** Completes settings and vocabularies. */
export function completeSequenceToSequence(
  settings: SequenceToSequenceSettings,
  words: Vocabulary,
  targetWords: Vocabulary,
): SequenceToSequenceLearned {
  const { tokens, targetTokens, lowercase, longestTarget, maximumLength } = settings
  return {
    settings,
    words,
    targetWords,
    tokenizer: createTokenizer({ kind: tokens, lowercase }),
    targetTokenizer: createTokenizer({ kind: targetTokens, lowercase: false }),
    // Targets may be longer than any of the training rows.
    longest: Math.min(maximumLength, 2 * longestTarget! + 10),
    labels: null,
    input: { kind: 'ids', width: words.size + targetWords.size, steps: null },
    outputActivation: 'softmax',
    vocabulary: words.tokens,
    tokens,
  }
}
