/**
 * Rows of a network's output → predictions: the output activation is applied; for classes, the label and the
 * probability of every label.
 */
import type { OutputActivation } from '../formats/imported.ts'
import { classCount, likeliestClass, probabilitiesOf } from '../inspection/trace/classScores.ts'
import type { Network } from '../model/network.ts'
import type { PackedBatch } from '../tensors/packedBatch.ts'
import { UsageError } from '../core/errors.ts'
import { describe, requireFinite } from '../core/validation.ts'
import { logSoftmax, sigmoid, softmax } from '../core/probabilities.ts'
import type { PredictOptions, Prediction } from './model.ts'
import type { TaskDefinition, TaskTypes, Trained } from './task.ts'

/** A row of the network's output with the output activation applied. */
export function activate(row: ArrayLike<number>, outputActivation: OutputActivation): number[] {
  if (outputActivation === 'linear' || outputActivation === 'probabilities') return Array.from(row)
  if (outputActivation === 'sigmoid') return Array.from(row, sigmoid)
  return Array.from(outputActivation === 'softmax' ? softmax(row) : logSoftmax(row))
}

/** Number of classes of an output row, by the loss or because its numbers are probabilities; 0: numbers. */
export function countClasses(network: Network, outputActivation: OutputActivation): number {
  if (outputActivation !== 'probabilities') return classCount(network)
  return network.output.width === 1 ? 2 : network.output.width
}

/** The most likely class of a row; the first among equals. */
export function pickClass(row: ArrayLike<number>, outputActivation: OutputActivation): number {
  return outputActivation === 'probabilities' && row.length === 1 ? Number(row[0] > 0.5) : likeliestClass(row)
}

/** The probability of each class, in order. */
export function classProbabilities(
  row: ArrayLike<number>,
  outputActivation: OutputActivation,
): ArrayLike<number> {
  if (outputActivation !== 'probabilities') return probabilitiesOf(row)
  return row.length === 1 ? [1 - row[0], row[0]] : row
}

/** Numbers by the names of their classes or outputs. */
export function byName(values: ArrayLike<number>, names: readonly string[]): Record<string, number> {
  return Object.fromEntries(names.map((name, c) => [name, values[c]]))
}

/** The prediction of one sequence, as its task defines it. @throws DataError for outputs that are not finite */
export function interpret<T extends TaskTypes>(
  task: TaskDefinition<T>,
  trained: Trained<T['Learned']>,
  rows: readonly ArrayLike<number>[],
): T['Output'] {
  for (const row of rows) requireFinite('output ', row)
  return task.interpret?.(trained, rows) ?? interpretRows(trained, rows)
}

/**
 * What the options of `predict` add to a prediction: its most likely labels.
 * @throws UsageError for an unknown option, a `top` that is not a whole number from 1, and a `top` of a model of numbers
 */
export function ranking<P extends Prediction>(
  { network, learned, names }: Trained,
  { top, ...others }: PredictOptions,
): (prediction: P) => P {
  const [unknown] = Object.keys(others)
  const where = `predict option ${unknown ?? 'top'}`
  if (unknown) throw new UsageError({ where, expected: 'the option top', got: JSON.stringify(unknown) })
  if (top === undefined) return (prediction) => prediction
  const most = countClasses(network, learned.outputActivation)
  if (!most) {
    const remedy = 'Omit `top`: only labels can be ranked.'
    throw new UsageError({ where, expected: 'a model of labels', got: 'a model of numbers', remedy })
  }
  if (!Number.isInteger(top) || top < 1) {
    throw new UsageError({ where, expected: 'a positive integer', got: describe(top) })
  }
  return (prediction) => {
    const { label, probabilities } = prediction
    // The label is chosen by the logits: its probability can equal another.
    const order = (name: string) => (name === label ? 2 : probabilities![name])
    const ranked = [...names].sort((a, b) => order(b) - order(a)).slice(0, top)
    prediction.top = ranked.map((name) => ({ label: name, probability: probabilities![name] }))
    return prediction
  }
}

/** The prediction of one sequence, from the last of its rows. */
function interpretRows(
  { network, learned: { outputActivation }, names }: Trained,
  rows: readonly ArrayLike<number>[],
): Prediction {
  const last = rows[rows.length - 1]
  const steps = network.output.per === 'step' ? rows.map((row) => activate(row, outputActivation)) : null
  const classes = countClasses(network, outputActivation) > 0
  return {
    output: steps ? steps[steps.length - 1] : activate(last, outputActivation),
    steps,
    // From the logits, as in evaluation: two probabilities can round to the same number.
    label: classes ? names[pickClass(last, outputActivation)] : null,
    probabilities: classes ? byName(classProbabilities(last, outputActivation), names) : null,
  }
}

/**
 * Runs a batch and returns the output rows of each sequence (one, or one per step), in input order.
 * @param passed the batch as the output has it, where the network has run it
 */
export function outputRows(
  network: Network,
  batch: PackedBatch,
  passed: PackedBatch = network.forward(batch),
): Float64Array[][] {
  const { lengths, steps } = passed
  const out = network.readOutput(batch)
  const { width, per } = network.output
  const rows = new Array<Float64Array[]>(batch.sequences)
  batch.sortedIndices.forEach((sequence, b) => {
    const count = per === 'step' ? lengths[b] : 1
    const first = sequence * (per === 'step' ? steps : 1)
    rows[sequence] = Array.from({ length: count }, (_, t) =>
      out.subarray((first + t) * width, (first + t + 1) * width),
    )
  })
  return rows
}
