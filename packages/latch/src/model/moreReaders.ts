/**
 * Reads the options that only imported models have: further activations, forms of cells, directions, poolings.
 * What the core reads too is read the same way here.
 */
import { readActivation } from '../cells/activations.ts'
import { genericCells, takesOption, type CellOptions } from '../cells/registry.ts'
import type { DenseOptions } from '../layers/dense.ts'
import type { EmbeddingOptions } from '../layers/input.ts'
import type { RecurrentOptions } from '../layers/recurrent/recurrent.ts'
import type { PoolOptions } from '../layers/shape.ts'
import { fieldAt, fieldError, readBoolean, readNumber, type Field } from '../core/validation.ts'
import { CORE, maybe, oneOf, readFields, readOptions, type FieldReaders } from './config.ts'

export function readEmbedding(field: Field): EmbeddingOptions {
  return readOptions(field, { ...CORE.embedding, maskZero: maybe(readBoolean) })
}

export function readDense(field: Field): DenseOptions {
  return readOptions(field, { ...CORE.dense, activation: maybe(readActivation) })
}

export function readPool(field: Field): PoolOptions {
  return readOptions(field, { pooling: oneOf('last', 'first', 'max', 'mean', 'sum', 'attention') })
}

const FUNCTIONS = {
  activation: maybe(readActivation),
  gateActivation: maybe(readActivation),
  stateActivation: maybe(readActivation),
}

const RECURRENT: FieldReaders<Omit<RecurrentOptions, 'type'>> = {
  ...CORE.recurrent,
  ...FUNCTIONS,
  direction: maybe(oneOf('forward', 'reverse', 'bidirectional')),
  merge: maybe(oneOf('concat', 'sum', 'multiply', 'average')),
  backward: maybe((field) => readFields(field, FUNCTIONS)),
  bias: maybe(readBias),
  clip: maybe(readClip),
  peepholes: maybe(readBoolean),
  coupled: maybe(readBoolean),
}

export function readRecurrent(field: Field): RecurrentOptions {
  const options = readOptions<RecurrentOptions>(field, RECURRENT)
  const { cell, direction, reset, backward } = options
  const takes = (option: keyof CellOptions) => takesOption(genericCells, cell, option)
  const refuse = (at: Field, names: readonly string[], whom: string) => {
    for (const given of names.map((name) => fieldAt(at, name)))
      if (given.value) throw fieldError(given, `nothing for ${whom}`)
  }
  if (reset === 'before' && !takes('reset')) refuse(field, ['reset'], 'a cell without a reset gate')
  if (direction !== 'bidirectional') refuse(field, ['merge', 'backward'], 'a layer that reads one way')
  if (!takes('peepholes')) refuse(field, ['peepholes', 'coupled'], 'a cell without a cell state')
  for (const at of backward ? [field, fieldAt(field, 'backward')] : [field]) {
    if (!takes('stateActivation')) refuse(at, ['stateActivation'], 'a cell without a cell state')
    if (!takes('gateActivation')) refuse(at, ['gateActivation'], 'a cell without gates')
  }
  return options
}

function readBias(field: Field): boolean | 'single' {
  if (typeof field.value === 'boolean' || field.value === 'single') return field.value
  throw fieldError(field, "true, false or 'single'")
}

function readClip(field: Field): number {
  const limit = readNumber(field, { min: 0 })
  if (limit > 0) return limit
  throw fieldError(field, 'a limit above 0')
}
