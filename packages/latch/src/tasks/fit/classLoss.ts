/** Class weights and label smoothing: the options of `fit`, checked, with labels as class indices. */
import type { LossOptions } from '../../layers/loss.ts'
import { UsageError } from '../../core/errors.ts'
import { describe } from '../../core/validation.ts'
import { findLabel } from '../labels.ts'

/** `balanced`: inversely proportional to class frequencies; or a weight by label, 1 for labels not given. */
export type ClassWeights = 'balanced' | { readonly [label: string]: number }

/** Options of `fit` for classification losses only. */
export interface ClassLossOptions {
  classWeights?: ClassWeights
  labelSmoothing?: number
}

/**
 * The network's loss with the options of this run.
 * @param classes the class indices of the training targets; none where outputs are no classes of which each has one
 * @throws UsageError naming the option; DataError for an unknown label
 */
export function classLoss(
  { type, labelSmoothing: _, classWeights: _weights, ...rest }: LossOptions,
  { classWeights, labelSmoothing = 0 }: ClassLossOptions,
  labels: readonly string[],
  classes: () => Iterable<number>,
): LossOptions {
  if (!(labelSmoothing >= 0 && labelSmoothing < 1))
    throwInvalid('labelSmoothing', 'a fraction from 0 to below 1', labelSmoothing)
  if (!type.endsWith('CrossEntropy')) {
    for (const [name, value] of Object.entries({
      classWeights,
      labelSmoothing: labelSmoothing || undefined,
    })) {
      if (value !== undefined) throwInvalid(name, `no value for the loss ${type}`, JSON.stringify(value))
    }
    return { type, ...rest }
  }
  const loss = { type, ...rest, labelSmoothing }
  if (classWeights === undefined) return loss
  if (classes()[Symbol.iterator]().next().done)
    throwInvalid(
      'classWeights',
      'no value for labels of which a text may have several',
      describe(classWeights),
    )
  return { ...loss, classWeights: resolveWeights(classWeights, labels, classes()) }
}

function resolveWeights(given: ClassWeights, labels: readonly string[], classes: Iterable<number>): number[] {
  if (given === 'balanced') {
    const counts = new Float64Array(labels.length)
    let all = 0
    for (const c of classes) {
      if (c < 0) continue
      counts[c]++
      all++
    }
    return Array.from(counts, (n) => all / (labels.length * Math.max(1, n)))
  }
  if (typeof given !== 'object' || given === null)
    throwInvalid('classWeights', "'balanced' or a weight by label", given)
  const weights = labels.map(() => 1)
  for (const [name, weight] of Object.entries(given)) {
    const c = findLabel(name, labels)
    if (!(weight >= 0 && weight < Infinity))
      throwInvalid(`classWeights.${name}`, 'a number, 0 or more', weight)
    weights[c] = weight
  }
  if (weights.every((weight) => weight === 0)) throwInvalid('classWeights', 'a weight above 0', 'only zeros')
  return weights
}

function throwInvalid(name: string, expected: string, got: unknown): never {
  throw new UsageError({ where: `fit option ${name}`, expected, got: String(got) })
}
