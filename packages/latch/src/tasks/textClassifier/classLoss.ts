/** How a classifier's loss counts classes and targets: the options of `fit` checked, labels as class numbers. */
import type { LossOptions } from '../../layers/loss.ts'
import { UsageError } from '../../core/errors.ts'
import { classOf } from './classes.ts'

/** `balanced`: inversely to how often each class occurs; or by label, 1 where one is not named. */
export type ClassWeights = 'balanced' | { readonly [label: string]: number }

export interface LossChoices {
  classWeights?: ClassWeights
  /** Default 0.1. */
  labelSmoothing?: number
}

/**
 * The network's loss options, without the type, which follows from the number of labels.
 * @param classes the class number of each training row
 * @throws UsageError naming the option; DataError for a label that there is not
 */
export function classLoss(
  { classWeights, labelSmoothing = 0.1 }: LossChoices,
  labels: readonly string[],
  classes: Int32Array,
): Omit<LossOptions, 'type'> {
  if (!(labelSmoothing >= 0 && labelSmoothing < 1))
    refuse('labelSmoothing', 'a share from 0 to below 1', labelSmoothing)
  if (classWeights === undefined) return { labelSmoothing }
  return { labelSmoothing, classWeights: weightsOf(classWeights, labels, classes) }
}

function weightsOf(given: ClassWeights, labels: readonly string[], classes: Int32Array): number[] {
  if (given === 'balanced') {
    const counts = new Float64Array(labels.length)
    for (const c of classes) counts[c]++
    return Array.from(counts, (n) => classes.length / (labels.length * Math.max(1, n)))
  }
  if (typeof given !== 'object' || given === null)
    refuse('classWeights', "'balanced' or a weight by label", given)
  const weights = labels.map(() => 1)
  for (const [name, weight] of Object.entries(given)) {
    const c = classOf(name, labels)
    if (!(weight >= 0 && weight < Infinity)) refuse(`classWeights.${name}`, 'a number, 0 or more', weight)
    weights[c] = weight
  }
  if (weights.every((weight) => weight === 0)) refuse('classWeights', 'a weight above 0', 'only zeros')
  return weights
}

function refuse(name: string, expected: string, got: unknown): never {
  throw new UsageError({ where: `fit option ${name}`, expected, got: String(got) })
}
