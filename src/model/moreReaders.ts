/**
 * Reads the options that only imported models have: further activations, forms of cells, directions, poolings.
 * What the core reads too is read the same way here.
 */
import {
  ACTIVATION_NAMES,
  settleActivation,
  type ActivationChoice,
  type ActivationName,
  type ActivationSpec,
} from '../cells/activations.ts'
import type { DenseOptions } from '../layers/dense.ts'
import type { EmbeddingOptions } from '../layers/input.ts'
import type { RecurrentOptions } from '../layers/recurrent.ts'
import type { PoolOptions } from '../layers/shape.ts'
import { fieldError, readBoolean, readChoice, readNumber, readObject, type Field } from '../tensor/fields.ts'
import { compact, optional, share, vocabulary, width } from './config.ts'

const WITH_ALPHA: readonly ActivationName[] = [
  'hardSigmoid', 'elu', 'leakyRelu', 'thresholdedRelu', 'scaledTanh', 'affine', 'gelu',
] // prettier-ignore
const WITH_BETA: readonly ActivationName[] = ['hardSigmoid', 'scaledTanh', 'affine']

/** An activation by name, or with parameters; the name alone where the parameters say nothing. */
export function readActivation(field: Field): ActivationChoice {
  if (typeof field.value === 'string') return readChoice(field, ACTIVATION_NAMES)
  const f = readObject(field, ['type', 'alpha', 'beta'])
  const type = readChoice(f.type, ACTIVATION_NAMES)
  const settled = settleActivation(type)
  const parameter = (given: Field, takers: readonly ActivationName[], absent: number) => {
    const number = optional(given, readNumber)
    if (number === undefined || takers.includes(type)) return number
    if (number !== absent) throw fieldError(given, `nothing for ${type}`)
    return undefined
  }
  const spec: ActivationSpec = compact({
    type,
    alpha: parameter(f.alpha, WITH_ALPHA, settled.alpha),
    beta: parameter(f.beta, WITH_BETA, settled.beta),
  })
  return Object.keys(spec).length === 1 ? type : spec
}

export function readEmbedding(field: Field): EmbeddingOptions {
  const f = readObject(field, ['type', 'vocabulary', 'size', 'wordDropout', 'maskZero'])
  return compact({
    type: 'embedding',
    vocabulary: vocabulary(f.vocabulary),
    size: width(f.size),
    wordDropout: optional(f.wordDropout, share),
    maskZero: optional(f.maskZero, readBoolean),
  })
}

export function readDense(field: Field): DenseOptions {
  const f = readObject(field, ['type', 'units', 'activation', 'bias'])
  return compact({
    type: 'dense',
    units: width(f.units),
    activation: optional(f.activation, readActivation),
    bias: optional(f.bias, readBoolean),
  })
}

export function readPool(field: Field): PoolOptions {
  const f = readObject(field, ['type', 'over'])
  return { type: 'pool', over: readChoice(f.over, ['last', 'first', 'max', 'mean', 'sum', 'attention']) }
}

const FUNCTIONS = ['activation', 'gateActivation', 'stateActivation'] as const
const RECURRENT = [
  'type', 'cell', 'units', 'direction', 'merge', 'backward', 'outputs', 'bias', 'reset', 'activation',
  'gateActivation', 'stateActivation', 'clip', 'peepholes', 'coupled',
] as const // prettier-ignore

export function readRecurrent(field: Field): RecurrentOptions {
  const f = readObject(field, RECURRENT)
  const cell = readChoice(f.cell, ['rnn', 'lstm', 'gru'])
  const direction = optional(f.direction, (x) => readChoice(x, ['forward', 'reverse', 'bidirectional']))
  refuseForms(cell, direction, f)
  return compact({
    type: 'recurrent',
    cell,
    units: width(f.units),
    direction,
    merge: optional(f.merge, (x) => readChoice(x, ['concat', 'sum', 'multiply', 'average'])),
    backward: optional(f.backward, (x) => readFunctions(cell, readObject(x, FUNCTIONS))),
    outputs: optional(f.outputs, (x) => readChoice(x, ['every', 'last'])),
    bias: optional(f.bias, readBoolean),
    reset: optional(f.reset, (x) => readChoice(x, ['after', 'before'])),
    ...readFunctions(cell, f),
    clip: optional(f.clip, readClip),
    peepholes: optional(f.peepholes, readBoolean),
    coupled: optional(f.coupled, readBoolean),
  })
}

type Functions = Record<(typeof FUNCTIONS)[number], Field>

/** Functions of a direction, those that its cell has. */
function readFunctions(
  cell: RecurrentOptions['cell'],
  f: Functions,
): Pick<RecurrentOptions, keyof Functions> {
  if (cell === 'rnn') refuse(f.gateActivation, 'a cell without gates')
  if (cell !== 'lstm') refuse(f.stateActivation, 'a cell without a cell state')
  return compact({
    activation: optional(f.activation, readActivation),
    gateActivation: optional(f.gateActivation, readActivation),
    stateActivation: optional(f.stateActivation, readActivation),
  })
}

function readClip(field: Field): number {
  const limit = readNumber(field, { min: 0 })
  if (limit > 0) return limit
  throw fieldError(field, 'a limit above 0')
}

/** Refuses what only other cells or directions have. */
function refuseForms(
  cell: RecurrentOptions['cell'], direction: RecurrentOptions['direction'],
  f: Record<(typeof RECURRENT)[number], Field>,
): void {
  if (cell !== 'lstm') {
    refuse(f.peepholes, 'a cell without a cell state')
    refuse(f.coupled, 'a cell without a cell state')
  }
  if (cell !== 'gru' && f.reset.value === 'before') refuse(f.reset, 'a cell without a reset gate')
  if (direction === 'bidirectional') return
  refuse(f.merge, 'a level that reads one way')
  refuse(f.backward, 'a level that reads one way')
} // prettier-ignore

/** `false` says nothing. */
function refuse(given: Field, whom: string): void {
  const { value } = given
  if (value !== undefined && value !== null && value !== false) throw fieldError(given, `nothing for ${whom}`)
}
