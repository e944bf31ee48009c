/** The learned parts of a classifier of pairs of texts, and its types. */
import type { FitOptions } from '../fit/fitOptions.ts'
import type { ClassEvaluation, ClassPrediction } from '../model.ts'
import type { TaskTypes } from '../task.ts'
import { completeLearned, type TextLearned } from '../textClassifier/learned.ts'
import type { TextPairSettings } from './options.ts'

/** Two texts. */
export interface TextPair {
  readonly a: string
  readonly b: string
}

/** Columns of pairs of texts and their label. */
export interface TextPairColumns<Row extends object = Record<string, unknown>> {
  /** The two columns of the texts. Default `['a', 'b']`. */
  texts?: readonly [a: keyof Row & string, b: keyof Row & string]
  /** Default `label`. */
  label?: keyof Row & string
}

/** Options of `fit` of a classifier of pairs of texts. All are optional. */
export interface TextPairFitOptions<Row extends object = Record<string, unknown>>
  extends FitOptions<Row>, TextPairColumns<Row> {}

/** What a classifier of pairs has learned. */
export interface TextPairLearned extends TextLearned {
  readonly settings: TextPairSettings
}

/** Two texts and their label. */
export interface TextPairItem {
  /** Of both texts, one after the other. */
  tokens: readonly string[]
  /** Tokens of the first text. */
  length: number
  class: number
}

/** The types of the classifier of pairs. */
export interface TextPairTypes<L extends string = string> extends TaskTypes {
  Input: TextPair
  Step: string
  Example: object
  Item: TextPairItem
  Output: ClassPrediction<L>
  Evaluation: ClassEvaluation<L>
  Settings: TextPairSettings
  Learned: TextPairLearned
  FitOptions: TextPairFitOptions
}

/** Completes settings, labels and vocabulary. */
export function completeTextPair(
  parts: Pick<TextPairLearned, 'settings' | 'labels' | 'words' | 'textColumn'>,
): TextPairLearned {
  const text = completeLearned({ ...parts, counts: null })
  return { ...text, ...parts, input: { ...text.input, width: 2 * parts.words.size } }
}

/** The ids of both texts as one sequence, as `pairEmbedding` takes it. */
export function pairIds(
  { words }: Pick<TextPairLearned, 'words'>,
  { tokens, length }: Pick<TextPairItem, 'tokens' | 'length'>,
): Int32Array {
  return words.encode(tokens).map((id, i) => (i < length ? id : id + words.size))
}
