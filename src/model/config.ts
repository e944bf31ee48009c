/**
 * A network as data: the list of layers and the loss, as written by hand or read from a file.
 * `readNetworkConfig` is the door for anything that was not typed: each field is checked and named.
 */
import type { DenseOptions } from '../layers/dense.ts'
import { ACTIVATIONS } from '../layers/dense.ts'
import type { ActivationOptions } from '../layers/activate.ts'
import type { ConcatOptions } from '../layers/concat.ts'
import type { LayerNormOptions } from '../layers/layerNorm.ts'
import type { MaskingOptions, ZeroMaskedOptions } from '../layers/masking.ts'
import type { ReverseOptions } from '../layers/reverse.ts'
import type { EmbeddingOptions, FeaturesOptions, OneHotOptions } from '../layers/input.ts'
import { LOSS_TYPES, type LossOptions } from '../layers/loss.ts'
import type { RecurrentOptions } from '../layers/recurrent.ts'
import type { DropoutOptions, FlattenOptions, PoolOptions } from '../layers/shape.ts'
import {
  fieldAt,
  fieldError,
  readArray,
  readBoolean,
  readChoice,
  readInteger,
  readList,
  readNumber,
  readObject,
  readOptional,
  type Field,
} from '../tensor/fields.ts'
import { kindOf, LATER, refuseLater, type LayerKind } from './catalogue.ts'

/** One layer of a network, by its `type`. */
export type LayerOptions =
  | EmbeddingOptions
  | OneHotOptions
  | FeaturesOptions
  | RecurrentOptions
  | DropoutOptions
  | PoolOptions
  | FlattenOptions
  | DenseOptions
  | ActivationOptions
  | LayerNormOptions
  | MaskingOptions
  | ZeroMaskedOptions
  | ReverseOptions
  | ConcatOptions

/** A whole network as JSON. */
export interface NetworkConfig {
  /** The first is an input (embedding, oneHot, features); the others follow in the data's way. */
  layers: readonly LayerOptions[]
  /** Needed for training and gradients. */
  loss?: LossOptions
}

const MAX_WIDTH = 2 ** 20
const MAX_VOCABULARY = 2 ** 26

export const width = (field: Field) => readInteger(field, { min: 1, max: MAX_WIDTH })
export const vocabulary = (field: Field) => readInteger(field, { min: 1, max: MAX_VOCABULARY })
export const share = (field: Field) => {
  const rate = readNumber(field, { min: 0, max: 1 })
  if (rate === 1) throw fieldError(field, 'a share below 1')
  return rate
}
export const optional = <T>(field: Field, read: (field: Field) => T): T | undefined =>
  readOptional(field, read, undefined)

type CoreType = Exclude<LayerOptions['type'], (typeof LATER)[number]>

const readers: { [T in CoreType]: (field: Field) => Extract<LayerOptions, { type: T }> } = {
  embedding(field) {
    const f = readObject(field, ['type', 'vocabulary', 'size', 'wordDropout'])
    return compact({
      type: 'embedding',
      vocabulary: vocabulary(f.vocabulary),
      size: width(f.size),
      wordDropout: optional(f.wordDropout, share),
    })
  },
  oneHot(field) {
    const f = readObject(field, ['type', 'vocabulary', 'wordDropout'])
    return compact({
      type: 'oneHot',
      vocabulary: vocabulary(f.vocabulary),
      wordDropout: optional(f.wordDropout, share),
    })
  },
  features(field) {
    const f = readObject(field, ['type', 'width'])
    return { type: 'features', width: width(f.width) }
  },
  recurrent(field) {
    const f = readObject(field, [
      'type',
      'cell',
      'units',
      'direction',
      'outputs',
      'bias',
      'reset',
      'activation',
    ])
    if (f.reset.value === 'before' && f.cell.value !== 'gru')
      throw fieldError(f.reset, 'nothing for a cell without a reset gate')
    if (f.activation.value === 'relu' && f.cell.value !== 'rnn')
      throw fieldError(f.activation, 'tanh for a gated cell')
    return compact({
      type: 'recurrent',
      cell: readChoice(f.cell, ['rnn', 'lstm', 'gru']),
      units: width(f.units),
      direction: optional(f.direction, (x) => readChoice(x, ['forward', 'bidirectional'])),
      outputs: optional(f.outputs, (x) => readChoice(x, ['every', 'last'])),
      bias: optional(f.bias, readBoolean),
      reset: optional(f.reset, (x) => readChoice(x, ['after', 'before'])),
      activation: optional(f.activation, (x) => readChoice(x, ['tanh', 'relu'])),
    })
  },
  dropout(field) {
    const f = readObject(field, ['type', 'rate'])
    return { type: 'dropout', rate: share(f.rate) }
  },
  pool(field) {
    const f = readObject(field, ['type', 'over'])
    return { type: 'pool', over: readChoice(f.over, ['last', 'max', 'mean']) }
  },
  flatten(field) {
    const f = readObject(field, ['type', 'steps'])
    return { type: 'flatten', steps: width(f.steps) }
  },
  dense(field) {
    const f = readObject(field, ['type', 'units', 'activation', 'bias'])
    return compact({
      type: 'dense',
      units: width(f.units),
      activation: optional(f.activation, (x) => readChoice(x, ACTIVATIONS)),
      bias: optional(f.bias, readBoolean),
    })
  },
}

function readCore(item: Field, type: LayerOptions['type']): LayerOptions {
  return readers[type as CoreType]?.(item) ?? refuseLater(item, type)
}

const INPUTS: readonly string[] = ['embedding', 'oneHot', 'features']

/** Reads and checks a configuration. @throws FormatError that names the field. */
export function readNetworkConfig(field: Field): NetworkConfig {
  const { layers, loss } = readObject(field, ['layers', 'loss'])
  const types = [...Object.keys(readers), ...LATER] as LayerOptions['type'][]
  const read: LayerOptions[] = []
  for (const item of readArray(layers, { minLength: 1, maxLength: 1000 })) {
    const named = fieldAt(item, 'type')
    const type = readChoice(named, types)
    const first = !read.length
    if (INPUTS.includes(type) !== first) {
      throw fieldError(named, first ? `an input (${INPUTS.join(', ')})` : 'one input only, first')
    }
    read.push((kindOf(type) as LayerKind<LayerOptions> | undefined)?.read(item, read) ?? readCore(item, type))
  }
  return compact({ layers: read, loss: optional(loss, readLoss) })
}

function readLoss(field: Field): LossOptions {
  const f = readObject(field, ['type', 'classWeights', 'labelSmoothing', 'delta'])
  const type = readChoice(f.type, LOSS_TYPES)
  const ofClasses = type === 'softmaxCrossEntropy' || type === 'binaryCrossEntropy'
  for (const given of [f.classWeights, f.labelSmoothing]) {
    if (!ofClasses && given.value) throw fieldError(given, `nothing for ${type}, which knows no classes`)
  }
  return compact({
    type,
    classWeights: optional(f.classWeights, (x) => readList(x, (w) => readNumber(w, { min: 0 }))),
    labelSmoothing: optional(f.labelSmoothing, share),
    delta: optional(f.delta, (x) => readNumber(x, { min: 1e-12 })),
  })
}

/** Leaves out what is undefined, so that a configuration read equals the one written. */
export function compact<T extends object>(object: T): T {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)) as T
}
