/** The learned parts of a multi-label classifier, and its types. */
import type { MultiLabelEvaluation, Prediction } from '../model.ts'
import type { TaskTypes } from '../task.ts'
import { completeLearned, type ClassifierFitOptions, type TextLearned } from '../textClassifier/learned.ts'
import type { MultiLabelSettings } from './options.ts'

/** The labels of a text: those whose probability reaches the model's threshold. */
export interface MultiLabelPrediction<L extends string = string> extends Prediction<L> {
  label: null
  /** The likeliest first; may be empty. */
  labels: L[]
  /** The probability of each label, whatever the others are. */
  probabilities: Record<L, number>
}

/** What a multi-label classifier has learned. */
export interface MultiLabelLearned extends TextLearned {
  readonly settings: MultiLabelSettings
  /** The probability from which a label is given. */
  readonly threshold: number
}

/** A text and its labels. */
export interface LabelListItem {
  tokens: readonly string[]
  /** Class numbers, each once. */
  classes: readonly number[]
}

/** The types of the multi-label classifier. */
export interface MultiLabelTypes<L extends string = string> extends TaskTypes {
  Input: string
  Step: string
  Example: object
  Item: LabelListItem
  Output: MultiLabelPrediction<L>
  Evaluation: MultiLabelEvaluation<L>
  Settings: MultiLabelSettings
  Learned: MultiLabelLearned
  FitOptions: ClassifierFitOptions
}

/** The threshold before one was chosen on validation rows. */
export const USUAL_THRESHOLD = 0.5

/** Completes settings, labels, vocabulary and threshold. */
export function completeMultiLabel(
  parts: Pick<MultiLabelLearned, 'settings' | 'labels' | 'words' | 'textColumn' | 'threshold'>,
): MultiLabelLearned {
  const text = completeLearned({ ...parts, counts: null })
  return { ...text, ...parts, outputActivation: 'sigmoid' }
}
