/** The options of a text regressor: those of a text classifier that are not of labels, and the loss. */
import { assertKnownOptions, type Names } from '../../core/knownNames.ts'
import { withoutCounts } from '../multiLabelClassifier/options.ts'
import { choiceOption } from '../optionChecks.ts'
import {
  CLASSIFIER_OPTIONS,
  resolveSettings,
  type CellChoice,
  type ClassifierOptions,
  type ClassifierSettings,
} from '../textClassifier/options.ts'
import { keepVectors } from '../vectors/option.ts'

/** The losses of text regressors: Huber's (1964) is less drawn by targets that are far off. */
export const REGRESSION_LOSSES = ['meanSquaredError', 'huber'] as const
/** A loss by its name. */
export type RegressionLoss = (typeof REGRESSION_LOSSES)[number]

/** Options of `textRegressor`. All are optional; those of `textClassifier` mean and default to the same. */
export interface RegressorOptions<C extends CellChoice = CellChoice> extends Omit<
  ClassifierOptions<C>,
  'counts' | 'labels'
> {
  /** `huber` turns from squared to linear at one standard deviation of the targets. Default `meanSquaredError`. */
  loss?: RegressionLoss
}

/** All options with their values. */
export interface RegressorSettings extends ClassifierSettings {
  loss: RegressionLoss
}

const { counts: _counts, labels: _labels, ...SHARED } = CLASSIFIER_OPTIONS
const NAMES: Names<RegressorOptions> = { ...SHARED, loss: 1 }

/** Fills in the defaults and checks every value. @throws UsageError naming the option */
export function resolveRegressorSettings(options: RegressorOptions): RegressorSettings {
  const given = withoutCounts(options, 'a number')
  assertKnownOptions('option', given, NAMES)
  const { loss = 'meanSquaredError', ...rest } = given
  const settings = {
    ...resolveSettings({ ...rest, counts: false }),
    loss: choiceOption('loss', loss, REGRESSION_LOSSES),
  }
  return keepVectors(settings, given.vectors)
}
