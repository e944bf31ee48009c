/** The learned parts of a text regressor, and its types. */
import type { Prediction, ValueEvaluation } from '../model.ts'
import type { TaskTypes } from '../task.ts'
import { completeLearned, type ClassifierFitOptions, type TextLearned } from '../textClassifier/learned.ts'
import type { RegressorSettings } from './options.ts'

/** The number that a text stands for. */
export interface NumberPrediction extends Prediction {
  label: null
  probabilities: null
  /** In the units of the training targets; also the only number of `output`. */
  value: number
}

/** How targets are standardised: (target − mean) / deviation. */
export interface TargetScaling {
  readonly mean: number
  /** The standard deviation of the training targets; 1 where it is 0. */
  readonly deviation: number
}

/** What a text regressor has learned; `labels` is the name of the number. */
export interface RegressorLearned extends TextLearned {
  readonly settings: RegressorSettings
  readonly scaling: TargetScaling
}

/** The number that an output of the network stands for. */
export function numberOf({ scaling }: RegressorLearned, output: number): number {
  return output * scaling.deviation + scaling.mean
}

/** A text and its number. */
export interface NumberItem {
  tokens: readonly string[]
  value: number
}

/** Columns that hold the text and the number, and options of the training. */
export type RegressorFitOptions<Row extends object = Record<string, unknown>> = Omit<
  ClassifierFitOptions<Row>,
  'classWeights' | 'labelSmoothing'
>

/** The types of the text regressor. */
export interface RegressorTypes extends TaskTypes {
  Input: string
  Step: string
  Example: object
  Item: NumberItem
  Output: NumberPrediction
  Evaluation: ValueEvaluation
  Settings: RegressorSettings
  Learned: RegressorLearned
  FitOptions: RegressorFitOptions
}

/** Completes settings, the name of the number, vocabulary and scaling. */
export function completeRegressor(
  parts: Pick<RegressorLearned, 'settings' | 'labels' | 'words' | 'textColumn' | 'scaling'>,
): RegressorLearned {
  return { ...completeLearned({ ...parts, counts: null }), ...parts, outputActivation: 'linear' }
}
