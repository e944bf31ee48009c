/**
 * Rows of a network's output → what people read: the answer's function applied, a label with every label's
 * probability where the row tells classes apart.
 */
import type { OutputActivation } from '../../formats/imported.ts'
import { classCount, likeliestClass, probabilitiesOf } from '../../inspection/trace/classScores.ts'
import { logSoftmax, sigmoid, softmax } from '../../core/probabilities.ts'
import type { Network } from '../../model/network.ts'

/** What a sequence model says of a sequence. */
export interface SequencePrediction {
  /** The answer: of the whole sequence, or of its last step where the network answers every step. */
  output: number[]
  /** Every step's answer (T rows), where the network answers every step, else null. */
  steps: number[][] | null
  /** The likeliest class of `output`; null where outputs are numbers. */
  label: string | null
  /** By label; null where outputs are numbers. */
  probabilities: Record<string, number> | null
}

/** A row of the network's output as people read it. */
export function answered(row: ArrayLike<number>, outputActivation: OutputActivation): number[] {
  if (outputActivation === 'linear' || outputActivation === 'probabilities') return Array.from(row)
  if (outputActivation === 'sigmoid') return Array.from(row, sigmoid)
  return Array.from(outputActivation === 'softmax' ? softmax(row) : logSoftmax(row))
}

/** What is said, from the rows of one sequence (the last one decides). */
export function predictionOf(
  network: Network,
  rows: readonly ArrayLike<number>[],
  outputActivation: OutputActivation,
  names: readonly string[],
): SequencePrediction {
  const last = rows[rows.length - 1]
  const steps = network.output.per === 'step' ? rows.map((row) => answered(row, outputActivation)) : null
  const classes = classesOf(network, outputActivation) > 0
  return {
    output: steps ? steps[steps.length - 1] : answered(last, outputActivation),
    steps,
    label: classes ? names[likeliestOf(last, outputActivation)] : null,
    probabilities: classes ? sharesOf(last, outputActivation, names) : null,
  }
}

/** How many classes the row tells apart, by the loss or because its numbers are their probabilities; 0: numbers. */
export function classesOf(network: Network, outputActivation: OutputActivation): number {
  if (outputActivation !== 'probabilities') return classCount(network)
  return network.output.width === 1 ? 2 : network.output.width
}

/** The likeliest class of a row; the first of equals. */
export function likeliestOf(row: ArrayLike<number>, outputActivation: OutputActivation): number {
  return outputActivation === 'probabilities' && row.length === 1 ? Number(row[0] > 0.5) : likeliestClass(row)
}

/** Probabilities by name. */
export function sharesOf(
  row: ArrayLike<number>,
  outputActivation: OutputActivation,
  names: readonly string[],
): Record<string, number> {
  const own = outputActivation === 'probabilities'
  const shares = !own ? probabilitiesOf(row) : row.length === 1 ? [1 - row[0], row[0]] : row
  return Object.fromEntries(names.map((name, c) => [name, shares[c]]))
}

/** What probabilities should have been: 1 of the class, 0 of the others; a single one is that of class 1. */
export function shareTargets(one: number, width: number): number[] {
  return width === 1 ? [one] : Array.from({ length: width }, (_, c) => Number(c === one))
}
