/**
 * A network as data: the list of layers and the loss, as written by hand or read from a file.
 * `readNetworkConfig` is the door for anything that was not typed: each field is checked and named.
 */
import { cellNames, cells, findCell, takesOption } from '../cells/registry.ts'
import type { DenseOptions } from '../layers/dense.ts'
import { ACTIVATIONS } from '../layers/dense.ts'
import type { ActivationOptions } from '../layers/activation.ts'
import type { ConcatOptions } from '../layers/concat.ts'
import type { LayerNormOptions } from '../layers/layerNorm.ts'
import type { MaskingOptions, ZeroMaskedOptions } from '../layers/masks/masking.ts'
import type { ReverseOptions } from '../layers/reverse.ts'
import type { EmbeddingOptions, FeaturesOptions, OneHotOptions } from '../layers/input.ts'
import { LOSS_TYPES, type LossOptions } from '../layers/loss.ts'
import type { RecurrentOptions } from '../layers/recurrent/recurrent.ts'
import type { DropoutOptions, FlattenOptions, PoolOptions } from '../layers/shape.ts'
import { needFormats } from '../core/errors.ts'
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
} from '../core/validation.ts'
import { kinds, LATER, type LayerKind } from './catalogue.ts'

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
/** Of a field that may be absent. */
export const maybe =
  <T>(read: (field: Field) => T) =>
  (field: Field) =>
    readOptional(field, read, undefined)
/** One of some texts. */
export const oneOf =
  <const T extends string>(...choices: T[]) =>
  (field: Field) =>
    readChoice(field, choices)

/** A reader for each field that is known. */
export type FieldReaders<Options> = { [K in keyof Options]?: (field: Field) => Options[K] }

/** An object by its readers; what is absent stays absent, so that a configuration read equals the one written. */
export function readFields<Options extends object>(field: Field, readers: FieldReaders<Options>): Options {
  const names = Object.keys(readers) as (keyof Options & string)[]
  const found = readObject(field, names)
  const read = names.map((name) => [name, readers[name]!(found[name])] as const)
  return Object.fromEntries(read.filter(([, value]) => value !== undefined)) as Options
}

type CoreType = Exclude<LayerOptions['type'], (typeof LATER)[number]>

/** What the core reads of each type. */
export const CORE: { [T in CoreType]: FieldReaders<Omit<Extract<LayerOptions, { type: T }>, 'type'>> } = {
  embedding: { vocabulary, size: width, wordDropout: maybe(share) },
  oneHot: { vocabulary, wordDropout: maybe(share) },
  features: { width },
  recurrent: {
    cell: oneOf(...cellNames),
    units: width,
    direction: maybe(oneOf('forward', 'bidirectional')),
    returnSequences: maybe(readBoolean),
    bias: maybe(readBoolean),
    reset: maybe(oneOf('after', 'before')),
    activation: maybe(oneOf('tanh', 'relu')),
  },
  dropout: { rate: share },
  pool: { pooling: oneOf('last', 'max', 'mean') },
  flatten: { steps: width },
  dense: { units: width, activation: maybe(oneOf(...ACTIVATIONS)), bias: maybe(readBoolean) },
}

/** Options whose `type` was read before. */
export function readOptions<Options extends { type: string }>(
  field: Field,
  readers: FieldReaders<Omit<Options, 'type'>>,
): Options {
  return readFields(field, {
    type: ({ value }: Field) => value,
    ...readers,
  } as FieldReaders<object>) as Options
}

function readCore(item: Field, type: LayerOptions['type']): LayerOptions {
  const read = readOptions<LayerOptions>(
    item,
    CORE[type as CoreType] ?? needFormats(`${item.source}, ${item.path}`, type),
  )
  if (read.type === 'recurrent') {
    if (read.reset === 'before' && !takesOption(cells, read.cell, 'reset'))
      throw fieldError(fieldAt(item, 'reset'), 'nothing for a cell without a reset gate')
    if (read.activation === 'relu' && findCell(cells, read.cell).gateNames.length > 1)
      throw fieldError(fieldAt(item, 'activation'), 'tanh for a gated cell')
  }
  return read
}

const INPUTS: readonly string[] = ['embedding', 'oneHot', 'features']

/** Reads and checks a configuration. @throws FormatError that names the field. */
export function readNetworkConfig(field: Field): NetworkConfig {
  const { layers, loss } = readObject(field, ['layers', 'loss'])
  const types = [...Object.keys(CORE), ...LATER] as LayerOptions['type'][]
  const read: LayerOptions[] = []
  for (const item of readArray(layers, { minLength: 1, maxLength: 1000 })) {
    const named = fieldAt(item, 'type')
    const type = readChoice(named, types)
    const first = !read.length
    if (INPUTS.includes(type) !== first) {
      throw fieldError(named, first ? `an input (${INPUTS.join(', ')})` : 'one input only, first')
    }
    read.push((kinds[type] as LayerKind<LayerOptions> | undefined)?.read(item, read) ?? readCore(item, type))
  }
  const known = maybe(readLoss)(loss)
  return known ? { layers: read, loss: known } : { layers: read }
}

function readLoss(field: Field): LossOptions {
  const read = readFields<LossOptions>(field, {
    type: oneOf(...LOSS_TYPES),
    classWeights: maybe((x) => readList(x, (w) => readNumber(w, { min: 0 }))),
    labelSmoothing: maybe(share),
    delta: maybe((x) => readNumber(x, { min: 1e-12 })),
  })
  const { type } = read
  if (type === 'softmaxCrossEntropy' || type === 'binaryCrossEntropy') return read
  for (const name of ['classWeights', 'labelSmoothing'] as const) {
    if (read[name]) throw fieldError(fieldAt(field, name), `nothing for ${type}, which knows no classes`)
  }
  return read
}
