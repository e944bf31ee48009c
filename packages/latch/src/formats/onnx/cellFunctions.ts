/**
 * Activations of ONNX's recurrent operators by name: Latch's activation, which of alpha and beta it uses, and their
 * defaults (https://onnx.ai/onnx/operators/onnx__LSTM.html, `activations`).
 */
import { ONNX_ACTIVATIONS } from '../gateOrders.ts'
import type { CellName } from '../../cells/registry.ts'
import type { ActivationName, ActivationSpec } from '../../cells/activations.ts'

/** `needed`: ONNX defines no default. */
interface CellFunction {
  type: ActivationName
  alpha?: number | 'needed'
  beta?: number | 'needed'
}

const FUNCTIONS: Readonly<Record<string, CellFunction>> = {
  relu: { type: 'relu' },
  tanh: { type: 'tanh' },
  sigmoid: { type: 'sigmoid' },
  softsign: { type: 'softsign' },
  softplus: { type: 'softplus' },
  affine: { type: 'affine', alpha: 'needed', beta: 'needed' },
  leakyrelu: { type: 'leakyRelu', alpha: 0.01 },
  thresholdedrelu: { type: 'thresholdedRelu', alpha: 1 },
  scaledtanh: { type: 'scaledTanh', alpha: 'needed', beta: 'needed' },
  hardsigmoid: { type: 'hardSigmoid', alpha: 0.2, beta: 0.5 },
  elu: { type: 'elu', alpha: 1 },
}

/** An operator's attributes; empty if absent. */
export interface GivenFunctions {
  activations: readonly string[]
  alphas: readonly number[]
  betas: readonly number[]
}

/**
 * Creates errors: `unknown` for attributes that Latch does not support, `broken` for those that ONNX does not allow.
 */
export interface CellErrors {
  unknown(expected: string, got: string): Error
  broken(expected: string, got: string): Error
}

/**
 * The activations of a cell, one list per direction. Values of `activation_alpha` and `activation_beta` are assigned in
 * order to the activations that use them, as in ONNX Runtime.
 */
export function cellFunctions(
  cell: CellName,
  directions: number,
  given: GivenFunctions,
  errors: CellErrors,
): ActivationSpec[][] {
  const each = ONNX_ACTIVATIONS[cell]!.length
  const wanted = each * directions
  const names = given.activations.length
    ? given.activations
    : Array.from({ length: directions }, () => ONNX_ACTIVATIONS[cell]!).flat()
  if (names.length !== wanted)
    throw errors.broken(`${wanted} activations`, `${names.length} (${names.join(', ')})`)
  const lists = { alpha: [...given.alphas], beta: [...given.betas] }
  const specs = names.map((name) => buildSpec(name, lists, errors))
  for (const which of ['alpha', 'beta'] as const) {
    const left = lists[which].length
    if (left) throw errors.unknown(`one activation_${which} per activation that uses it`, `${left} more`)
  }
  return Array.from({ length: directions }, (_, d) => specs.slice(d * each, (d + 1) * each))
}

function buildSpec(
  name: string,
  lists: { alpha: number[]; beta: number[] },
  errors: CellErrors,
): ActivationSpec {
  const key = name.toLowerCase()
  if (!Object.hasOwn(FUNCTIONS, key))
    throw errors.unknown(`activations among ${Object.keys(FUNCTIONS).join(', ')}`, `'${name}'`)
  const known = FUNCTIONS[key]
  const spec: ActivationSpec = { type: known.type }
  for (const which of ['alpha', 'beta'] as const) {
    const standard = known[which]
    if (standard === undefined) continue
    const value = lists[which].shift() ?? standard
    if (value === 'needed') throw errors.broken(`an activation_${which} for ${name}`, 'none')
    spec[which] = value
  }
  return spec
}
