/**
 * Metrics of classifiers from pairs of actual and predicted classes: confusion matrix, accuracy, and precision, recall
 * and F1 per class and averaged over classes (macro).
 */
import { DataError, ShapeError } from '../core/errors.ts'

/** The metrics of one class. */
export interface ClassScores<Label extends string = string> {
  label: Label
  /** Fraction of predictions of this class that are correct. 0 if there is none. */
  precision: number
  /** Fraction of examples of this class that are predicted. 0 if there is none. */
  recall: number
  /** Harmonic mean of precision and recall. */
  f1: number
  /** Number of examples of this class. */
  support: number
}

/** The metrics of a classifier on labelled data. Plain JSON. */
export interface ClassificationReport<Label extends string = string> {
  accuracy: number
  /** Means over the classes that occur as actual or predicted ones. */
  macroF1: number
  macroPrecision: number
  macroRecall: number
  /** Mean cross-entropy, without smoothing or class weights. */
  loss: number
  n: number
  perClass: ClassScores<Label>[]
  /** confusion[actual][predicted]: counts. */
  confusion: number[][]
}

/**
 * Counts: confusion[actual][predicted]. Pairs with a negative actual class are ignored.
 * @throws ShapeError for lists of different lengths, DataError for a class number without a label.
 */
export function confusionMatrix(
  classes: number,
  actual: ArrayLike<number>,
  predicted: ArrayLike<number>,
): number[][] {
  if (actual.length !== predicted.length) {
    const expected = `${actual.length} predicted classes (one per actual class)`
    throw new ShapeError({ where: 'confusionMatrix', expected, got: `${predicted.length}` })
  }
  const confusion = Array.from({ length: classes }, () => new Array<number>(classes).fill(0))
  for (let i = 0; i < actual.length; i++) {
    if (actual[i] < 0) continue
    requireClass(actual[i], classes, i)
    requireClass(predicted[i], classes, i)
    confusion[actual[i]][predicted[i]]++
  }
  return confusion
}

function requireClass(value: number, classes: number, pair: number): void {
  if (Number.isInteger(value) && value >= 0 && value < classes) return
  throw new DataError({
    where: `confusionMatrix, pair ${pair}`,
    expected: `a class from 0 to ${classes - 1}`,
    got: `${value}`,
  })
}

/** All metrics, from class numbers (from 0); `labels[k]` names class k. */
export function classificationReport<Label extends string>(
  labels: readonly Label[],
  actual: ArrayLike<number>,
  predicted: ArrayLike<number>,
  loss: number,
): ClassificationReport<Label> {
  const confusion = confusionMatrix(labels.length, actual, predicted)
  const perClass = labels.map((label, k) => scoresOf(label, k, confusion))
  const occurring = perClass.filter(
    (_, k) => confusion[k].some((n) => n > 0) || confusion.some((row) => row[k] > 0),
  )
  const n = perClass.reduce((sum, { support }) => sum + support, 0)
  const right = confusion.reduce((sum, row, k) => sum + row[k], 0)
  return {
    accuracy: ratio(right, n),
    macroF1: meanOf(occurring, 'f1'),
    macroPrecision: meanOf(occurring, 'precision'),
    macroRecall: meanOf(occurring, 'recall'),
    loss,
    n,
    perClass,
    confusion,
  }
}

function scoresOf<Label extends string>(label: Label, k: number, confusion: number[][]): ClassScores<Label> {
  const right = confusion[k][k]
  const support = confusion[k].reduce((sum, n) => sum + n, 0)
  const predicted = confusion.reduce((sum, row) => sum + row[k], 0)
  return { label, ...scoresOfCounts({ right, predicted, support }), support }
}

/** How often something was predicted rightly, was predicted, and was there. */
export interface PredictionCounts {
  right: number
  predicted: number
  support: number
}

/** Precision, recall and F1; 0 where there is nothing to divide by. */
export function scoresOfCounts({ right, predicted, support }: PredictionCounts) {
  return {
    precision: ratio(right, predicted),
    recall: ratio(right, support),
    f1: ratio(2 * right, support + predicted),
  }
}

/** The mean of one metric over classes; 0 of none. */
export function meanOf(scores: readonly ClassScores[], name: 'precision' | 'recall' | 'f1'): number {
  return ratio(
    scores.reduce((sum, score) => sum + score[name], 0),
    scores.length,
  )
}

function ratio(part: number, whole: number): number {
  return whole === 0 ? 0 : part / whole
}
