/** Multi-label classifiers, text regressors and classifiers of pairs among the models of every task. */
import type { MultiLabelClassifier, TextPairClassifier, TextRegressor } from 'latch'
import type { AnyModel } from 'latch/formats'

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
