/** What a trace differentiates where the output is not one class by its logits: probabilities, or numbers. */
import { classCount } from '../inspection/trace/classScores.ts'
import type { OutputActivation } from '../formats/imported.ts'
import type { Targets } from '../layers/loss.ts'
import type { Network } from '../model/network.ts'
import { pickClass } from './prediction.ts'

/** The class or number chosen (null: the likeliest, the first), and targets of the loss; null where outputs are logits. */
export function numberTargets(
  network: Network,
  outputActivation: OutputActivation,
  out: Float64Array,
  given: number | null,
): { target: number; targets: Targets } | null {
  const { width } = network.output
  if (outputActivation === 'probabilities') {
    const target = given ?? pickClass(out.subarray(out.length - width), outputActivation)
    return { target, targets: { values: withLastRow(out, classTargets(target, width)) } }
  }
  if (classCount(network) > 0) return null
  const target = given ?? 0
  return { target, targets: { values: numbersToward(network, out, target) } }
}

/** One-hot probabilities of a class; a single one is that of class 1. */
export function classTargets(target: number, width: number): number[] {
  return width === 1 ? [target] : Array.from({ length: width }, (_, c) => Number(c === target))
}

/** The output with another last row, so that only that row has a loss. */
function withLastRow(out: Float64Array, row: readonly number[]): Float64Array {
  const values = out.slice()
  values.set(row, values.length - row.length)
  return values
}

/** Targets (R, C) for which the gradient of the loss is 1 at one number of the last row and 0 elsewhere. */
function numbersToward({ config, output }: Network, out: Float64Array, target: number): Float64Array {
  if (config.loss!.type === 'binaryCrossEntropy') return out.map((x) => (x > 0 ? 1 : 0))
  const values = out.slice()
  // ∂ mean((y − t)²) / ∂y = 2(y − t) / n.
  values[out.length - output.width + target] -= config.loss!.type === 'meanSquaredError' ? out.length / 2 : 1
  return values
}
