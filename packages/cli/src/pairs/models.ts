/** Classifiers of pairs of texts among the models of every task. */
import { UnsupportedError } from 'latch'
import type { AnyModel } from 'latch/formats'

/** Whether a model reads two texts. */
export function readsPairs(model: { readonly task: string }): boolean {
  return model.task === 'textPairClassifier'
}

/** @throws UnsupportedError for a model of two texts */
export function requireOneText(where: string, model: AnyModel): void {
  if (!readsPairs(model)) return
  const expected = 'a model of one text, whose steps can be followed'
  throw new UnsupportedError({ where, expected, got: 'a classifier of pairs of texts' })
}
