/**
 * What a state_dict does not store, from `options.config`: either Latch's layers, or a few flags about the modules.
 * Every field is validated and named in errors.
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

/** An activation after a module. */
export type Head = ActivationName | 'softmax' | 'logSoftmax'

/** `options.config` for a state_dict. */
export interface TorchFlags {
  /** Paths of the modules in execution order; the others are omitted. Default: determined by widths and names. */
  order: readonly string[] | null
  /** `nonlinearity` of nn.RNN. Default `tanh`. */
  activation: 'tanh' | 'relu'
  /** Whether the last recurrent module returns `output` of every step, or only `h_n`. Default true. */
  returnSequences: boolean
  /** Pooling of `output` over all steps: `output[:, -1]` is `last`. Default: none. */
  pool: 'last' | 'first' | 'max' | 'mean' | 'sum' | null
  /**
   * Activations after modules, by path: `{"fc1": "relu", "fc2": "softmax"}`. After a recurrent module, the activation
   * comes before any pooling. A final softmax or sigmoid is the output activation. Default: none.
   */
  heads: Readonly<Record<string, Head>>
  /** Whether the first module reads one-hot encoded ids. Default false. */
  oneHot: boolean
  /** `eps` of every nn.LayerNorm and nn.BatchNorm1d. Default 1e-5. */
  epsilon: number | null
  /** Names of the given fields. */
  given: readonly string[]
}

/** Latch's layers. The modules are assigned, in order, to the layers with parameters. */
export interface TorchLayers {
  network: NetworkConfig
  order: readonly string[] | null
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
    readObject(root, ['layers', 'loss', 'order'])
    const { layers, loss } = config as Record<string, unknown>
    const network = loss === undefined ? { layers } : { layers, loss }
    return {
      network: readNetworkConfig(rootField(network, 'configuration', source), allLayers),
      order,
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
