/** Multi-label classifiers, text regressors and classifiers of pairs among the models of every task. */
import { type MultiLabelClassifier, type TextPairClassifier, type TextRegressor, UsageError } from 'latch'
import type { AnyModel } from 'latch/formats'
import { nounOf } from '../options/modelNouns.ts'

/** A model that answers a text with labels or with a number, or two texts with a label. */
export type TextModel = MultiLabelClassifier | TextRegressor | TextPairClassifier

const TASKS: readonly string[] = ['multiLabelClassifier', 'textRegressor', 'textPairClassifier']

/** Whether it answers with labels. */
export function hasLabels(model: TextModel): model is MultiLabelClassifier {
  return model.task === 'multiLabelClassifier'
}

/** The model, if it is of one of these tasks; else null. */
export function asTextModel(model: AnyModel): TextModel | null {
  return TASKS.includes(model.task) ? (model as unknown as TextModel) : null
}

/** @throws UsageError for options that are given and that these models do not have */
export function requireTextFlags(
  where: string,
  model: TextModel,
  flags: Readonly<Record<string, unknown>>,
): void {
  const wrong = Object.keys(flags).filter((flag) => flags[flag] !== undefined && flags[flag] !== false)
  if (wrong.length === 0) return
  const got = wrong.join(', ')
  const expected = `options that apply to ${nounOf(model)}`
  throw new UsageError({ where, expected, got, remedy: `Omit ${got}.` })
}
