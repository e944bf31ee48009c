/** Multi-label classifiers and text regressors among the models of every task. */
import { type MultiLabelClassifier, type TextRegressor, UsageError } from 'latch'
import type { AnyModel } from 'latch/formats'

/** A model that answers a text with labels or with a number. */
export type TextModel = MultiLabelClassifier | TextRegressor

/** What the messages call them. */
export const NOUNS = {
  multiLabelClassifier: 'a multi-label classifier',
  textRegressor: 'a text regressor',
} as const

/** Whether it answers with labels. */
export function hasLabels(model: TextModel): model is MultiLabelClassifier {
  return model.task === 'multiLabelClassifier'
}

/** The model, if it is of one of these tasks; else null. */
export function asTextModel(model: AnyModel): TextModel | null {
  return model.task in NOUNS ? (model as unknown as TextModel) : null
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
  const expected = `options that apply to ${NOUNS[model.task as keyof typeof NOUNS]}`
  throw new UsageError({ where, expected, got, remedy: `Omit ${got}.` })
}
