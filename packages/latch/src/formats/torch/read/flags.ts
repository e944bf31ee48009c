/**
 * What a state_dict cannot say, as `options.config` says it: either Latch's own layers, or a few flags about
 * the modules. Everything is checked and named by its field.
 */
import { ACTIVATION_NAMES, type ActivationName } from '../../../cells/activations.ts'
import { allLayers } from '../../../model/allLayers.ts'
import { readNetworkConfig, type NetworkConfig } from '../../../model/config.ts'
import {
  fieldAt,
  readBoolean,
  readChoice,
  readList,
  readNumber,
  readObject,
  readOptional,
  readRecord,
  readString,
  rootField,
  type Field,
} from '../../../core/validation.ts'

const FLAGS = ['order', 'activation', 'returnSequences', 'pool', 'heads', 'oneHot', 'epsilon'] as const
const HEADS = [...ACTIVATION_NAMES, 'softmax', 'logSoftmax'] as const

/** A function after a module. */
export type Head = ActivationName | 'softmax' | 'logSoftmax'

/** `options.config` for a state_dict. */
export interface TorchFlags {
  /** Paths of the modules in the data's way; those not named are left out. Default: widths and names decide. */
  order: readonly string[] | null
  /** nn.RNN's nonlinearity. Default `tanh`. */
  activation: 'tanh' | 'relu'
  /** What the last recurrent module gives: `output` of every step, or `h_n`. Default `every`. */
  returnSequences: boolean
  /** All steps of `output` → one row: `output[:, -1]` is `last`. Default: none. */
  pool: 'last' | 'first' | 'max' | 'mean' | 'sum' | null
  /**
   * Functions after modules by their path: `{"fc1": "relu", "fc2": "softmax"}`; after a recurrent one before any
   * pool. A softmax or sigmoid at the end is what people read. Default: none.
   */
  heads: Readonly<Record<string, Head>>
  /** The first module reads one-hot rows of ids. Default false. */
  oneHot: boolean
  /** Of every nn.LayerNorm and nn.BatchNorm1d. Default 1e-5. */
  epsilon: number | null
  /** The fields that were given. */
  given: readonly string[]
}

/** Latch's own layers; tensors go to layers with parameters one by one, in the order of the modules. */
export interface TorchLayers {
  network: NetworkConfig
  order: readonly string[] | null
  /** Of every nn.BatchNorm1d; the layers say it of a LayerNorm. */
  epsilon: number | null
}

const NONE: TorchFlags = {
  order: null,
  activation: 'tanh',
  returnSequences: true,
  pool: null,
  heads: {},
  oneHot: false,
  epsilon: null,
  given: [],
}

/** Reads `options.config`. @throws FormatError naming the field */
export function readTorchConfig(config: unknown, source: string): TorchFlags | TorchLayers {
  if (config === undefined || config === null) return NONE
  const root = rootField(config, 'configuration', source)
  const order = readOptional(fieldAt(root, 'order'), readPaths, null)
  const epsilon = readOptional(fieldAt(root, 'epsilon'), (x) => readNumber(x, { min: 1e-12, max: 1 }), null)
  if (fieldAt(root, 'layers').value !== undefined) {
    readObject(root, ['layers', 'loss', 'order', 'epsilon'])
    const { layers, loss } = config as Record<string, unknown>
    const network = loss === undefined ? { layers } : { layers, loss }
    return {
      network: readNetworkConfig(rootField(network, 'configuration', source), allLayers),
      order,
      epsilon,
    }
  }
  const f = readObject(root, [...FLAGS, 'reset'])
  readOptional(f.reset, (x) => readChoice(x, ['after']), null)
  return {
    order,
    activation: readOptional(f.activation, (x) => readChoice(x, ['tanh', 'relu']), NONE.activation),
    returnSequences: readOptional(f.returnSequences, readBoolean, NONE.returnSequences),
    pool: readOptional(f.pool, (x) => readChoice(x, ['last', 'first', 'max', 'mean', 'sum']), null),
    heads: readOptional(f.heads, (x) => readRecord(x, (head) => readChoice(head, HEADS)), NONE.heads),
    oneHot: readOptional(f.oneHot, readBoolean, false),
    epsilon,
    given: Object.keys(f).filter((name) => f[name as keyof typeof f].value !== undefined),
  }
}

function readPaths(field: Field): string[] {
  return readList(field, (x) => readString(x, { maxLength: 1000 }), { minLength: 1, maxLength: 1000 })
}
