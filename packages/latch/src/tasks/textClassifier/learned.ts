/** The learned parts of a text classifier, and its types. */
import type { Vocabulary } from '../../text/vocabulary.ts'
import type { WordCounts } from '../counts/wordCounts.ts'
import type { FitOptions } from '../fit/fitOptions.ts'
import type { ClassEvaluation, ClassPrediction } from '../model.ts'
import type { Learned, TaskTypes } from '../task.ts'
import type { ClassifierSettings } from './options.ts'
import { TextReader } from './reader.ts'

/** What a text classifier has learned. */
export interface TextLearned extends Learned {
  readonly settings: ClassifierSettings
  readonly labels: readonly string[]
  readonly words: Vocabulary
  readonly reader: TextReader
  readonly textColumn: string | null
  /** What counting words adds to the network's output; null: nothing. */
  readonly counts: WordCounts | null
}

/** A text and its label. */
export interface TextItem {
  tokens: readonly string[]
  class: number
}

/** The types of the text classifier. */
export interface TextTypes<L extends string = string> extends TaskTypes {
  Input: string
  Step: string
  Example: object
  Item: TextItem
  Output: ClassPrediction<L>
  Evaluation: ClassEvaluation<L>
  Settings: ClassifierSettings
  Learned: TextLearned
  FitOptions: FitOptions
}

/** Completes settings, labels and vocabulary. */
export function completeLearned(
  settings: ClassifierSettings,
  labels: readonly string[],
  words: Vocabulary,
  textColumn: string | null,
  counts: WordCounts | null = null,
): TextLearned {
  return {
    settings,
    labels,
    words,
    reader: new TextReader(settings),
    input: { kind: 'ids', width: words.size, steps: null },
    outputActivation: labels.length === 2 ? 'sigmoid' : 'softmax',
    vocabulary: words.tokens,
    tokens: settings.tokens,
    textColumn,
    counts,
  }
}
