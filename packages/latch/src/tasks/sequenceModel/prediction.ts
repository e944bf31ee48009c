/**
 * Rows of a network's output → what people read: the answer's function applied, a label with every label's
 * probability where the row tells classes apart.
 */
import type { Answer } from '../../formats/imported.ts'
import { classCount, likeliestClass, probabilitiesOf } from '../../inspection/trace/classScores.ts'
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
export function answered(row: ArrayLike<number>, answer: Answer): number[] {
  if (answer === 'linear' || answer === 'probabilities') return Array.from(row)
  if (answer === 'sigmoid') return Array.from(row, (x) => 1 / (1 + Math.exp(-x)))
  const values = Array.from(row)
  const most = values.reduce((a, b) => Math.max(a, b), -Infinity)
  const sum = values.reduce((total, x) => total + Math.exp(x - most), 0)
  if (answer === 'softmax') return values.map((x) => Math.exp(x - most) / sum)
  return values.map((x) => x - most - Math.log(sum))
}

/** What is said, from the rows of one sequence (the last one decides). */
export function predictionOf(
  network: Network,
  rows: readonly ArrayLike<number>[],
  answer: Answer,
  names: readonly string[],
): SequencePrediction {
  const last = rows[rows.length - 1]
  const steps = network.output.per === 'step' ? rows.map((row) => answered(row, answer)) : null
  const classes = classesOf(network, answer) > 0
  return {
    output: steps ? steps[steps.length - 1] : answered(last, answer),
    steps,
    label: classes ? names[likeliestOf(last, answer)] : null,
    probabilities: classes ? sharesOf(last, answer, names) : null,
  }
}

/** How many classes the row tells apart, by the loss or because its numbers are their probabilities; 0: numbers. */
export function classesOf(network: Network, answer: Answer): number {
  if (answer !== 'probabilities') return classCount(network)
  return network.output.width === 1 ? 2 : network.output.width
}

/** The likeliest class of a row; the first of equals. */
export function likeliestOf(row: ArrayLike<number>, answer: Answer): number {
  return answer === 'probabilities' && row.length === 1 ? Number(row[0] > 0.5) : likeliestClass(row)
}

/** Probabilities by name. */
export function sharesOf(
  row: ArrayLike<number>,
  answer: Answer,
  names: readonly string[],
): Record<string, number> {
  const own = answer === 'probabilities'
  const shares = !own ? probabilitiesOf(row) : row.length === 1 ? [1 - row[0], row[0]] : row
  return Object.fromEntries(names.map((name, c) => [name, shares[c]]))
}

/** What probabilities should have been: 1 of the class, 0 of the others; a single one is that of class 1. */
export function shareTargets(one: number, width: number): number[] {
  return width === 1 ? [one] : Array.from({ length: width }, (_, c) => Number(c === one))
}
