/** What a message calls the model of each task. */
import type { AnyModel } from 'latch/formats'

export const MODEL_NOUNS = {
  textClassifier: 'a text classifier',
  multiLabelClassifier: 'a multi-label classifier',
  textRegressor: 'a text regressor',
  textPairClassifier: 'a classifier of pairs of texts',
  languageModel: 'a language model',
  tagger: 'a tagger',
  sequenceToSequence: 'a sequence-to-sequence model',
  sequenceModel: 'a sequence model',
} as const satisfies Readonly<Record<string, string>>

/** The noun of a model's task. */
export function nounOf({ task }: Pick<AnyModel, 'task'>): string {
  return (MODEL_NOUNS as Readonly<Record<string, string>>)[task] ?? `a model of the task ${task}`
}
