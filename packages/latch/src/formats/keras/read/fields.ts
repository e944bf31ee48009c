/**
 * Every field of a layer's configuration is read, known to act in training only, or reported: unknown options of newer
 * versions must not be dropped in silence. Names of Keras 1 become those of Keras 2 first.
 */
import type { NetworkBuilder } from './builder.ts'
import type { KerasNode } from './heads.ts'

type Config = Record<string, unknown>

/** Fields that change no output: names, shapes (checked by the arrays), initial values, speed. */
const WITHOUT_EFFECT = new Set([
  'name',
  'trainable',
  'dtype',
  'module',
  'registered_name',
  'build_config',
  'batch_input_shape',
  'batch_shape',
  'input_shape',
  'shape',
  'batch_size',
  'input_dim',
  'input_length',
  'input_dtype',
  'sparse',
  'ragged',
  'optional',
  'autocast',
  'supports_masking',
  'unit_forget_bias',
  'implementation',
  'unroll',
  'use_cudnn',
  'cudnn',
  'num_constants',
  'reverse_state_order',
  'seed',
  'noise_shape',
])

/** Of all layers: only in training, or before it. */
const TRAINING = /_(initializer|regularizer|constraint)$/

/** By layer: only in training, or sizes that the arrays and the vocabulary have. */
const OWN_WITHOUT_EFFECT: Readonly<Record<string, readonly string[]>> = {
  GaussianNoise: ['stddev'],
  GaussianDropout: ['rate'],
  AlphaDropout: ['rate'],
  ActivityRegularization: ['l1', 'l2'],
  BatchNormalization: [
    'synchronized',
    'fused',
    'renorm',
    'renorm_clipping',
    'renorm_momentum',
    'virtual_batch_size',
  ],
  Conv1D: ['rank'],
  DepthwiseConv1D: ['rank', 'groups', 'filters'],
  SeparableConv1D: ['rank', 'groups'],
  Embedding: ['dropout'],
  SimpleRNNCell: ['dropout', 'recurrent_dropout'],
  LSTMCell: ['dropout', 'recurrent_dropout'],
  GRUCell: ['dropout', 'recurrent_dropout'],
  TextVectorization: [
    'max_tokens',
    'pad_to_max_tokens',
    'vocabulary_size',
    'encoding',
    'has_input_vocabulary',
  ],
  StringLookup: [
    'max_tokens',
    'pad_to_max_tokens',
    'vocabulary_size',
    'encoding',
    'has_input_vocabulary',
    'vocabulary_dtype',
  ],
}

/** Names of Keras 1 and of Keras 2. */
const RENAMED: Readonly<Record<string, string>> = {
  output_dim: 'units',
  init: 'kernel_initializer',
  inner_init: 'recurrent_initializer',
  forget_bias_init: 'unit_forget_bias',
  inner_activation: 'recurrent_activation',
  W_regularizer: 'kernel_regularizer',
  U_regularizer: 'recurrent_regularizer',
  b_regularizer: 'bias_regularizer',
  W_constraint: 'kernel_constraint',
  U_constraint: 'recurrent_constraint',
  b_constraint: 'bias_constraint',
  dropout_W: 'dropout',
  dropout_U: 'recurrent_dropout',
  consume_less: 'implementation',
  bias: 'use_bias',
  p: 'rate',
  sigma: 'stddev',
}

function isObject(value: unknown): value is Config {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** A layer within a configuration: `{ class_name, config }`. */
function isLayer(value: unknown): value is { class_name: string; config: Config } {
  return isObject(value) && typeof value.class_name === 'string' && isObject(value.config)
}

/** The configuration by the names of Keras 2, also of the layers and cells in it. */
function withCurrentNames(type: string, config: Config, depth = 0): Config {
  if (depth > 8) return config
  const renamed = (name: string) => {
    if (type === 'Embedding' && name === 'output_dim') return name
    const own = Object.hasOwn(RENAMED, name) ? RENAMED[name] : name
    return own !== name && Object.hasOwn(config, own) ? name : own
  }
  const inner = (value: unknown): unknown => {
    if (Array.isArray(value)) return (value as unknown[]).slice(0, 1000).map(inner)
    if (!isLayer(value)) return value
    return { ...value, config: withCurrentNames(value.class_name, value.config, depth + 1) }
  }
  const nested = ['layer', 'backward_layer', 'cell', 'cells']
  return Object.fromEntries(
    Object.entries(config).map(([name, value]) => [
      renamed(name),
      nested.includes(name) ? inner(value) : value,
    ]),
  )
}

/** A layer whose reading is watched. */
export class WatchedLayer {
  /** The node with current names; what is read of its configuration is recorded. */
  readonly node: KerasNode
  readonly #config: Config
  readonly #read = new Map<object, Set<string>>()
  readonly #watched = new Map<object, object>()

  constructor(node: KerasNode) {
    const { value } = node.config
    this.#config = isObject(value) ? withCurrentNames(node.type, value) : {}
    this.node = isObject(value)
      ? { ...node, config: { ...node.config, value: this.#watch(this.#config) } }
      : node
  }

  /** Adds a warning for each field that was not read and may have an effect. */
  report(to: NetworkBuilder): void {
    const { name, type } = this.node
    for (const field of this.#unread(type, this.#config))
      to.note(`${name}: ${type} has the field ${field}, which is not known and was not read`)
    const dtype = dtypeOf(this.#config.dtype)
    if (dtype !== null) to.note(`${name}: computed in float32 instead of ${dtype}`)
  }

  #watch<T extends object>(object: T): T {
    const known = this.#watched.get(object)
    if (known) return known as T
    const watched = new Proxy(object, {
      get: (target, name) => {
        const value: unknown = Reflect.get(target, name)
        if (typeof name !== 'string') return value
        const names = this.#read.get(target) ?? new Set()
        this.#read.set(target, names.add(name))
        return typeof value === 'object' && value !== null ? this.#watch(value) : value
      },
    })
    this.#watched.set(object, watched)
    return watched
  }

  #unread(type: string, config: Config): string[] {
    const read = this.#read.get(config)
    const own = Object.hasOwn(OWN_WITHOUT_EFFECT, type) ? OWN_WITHOUT_EFFECT[type] : []
    return Object.entries(config).flatMap(([name, value]) => {
      if (value === null || value === undefined || WITHOUT_EFFECT.has(name)) return []
      if (TRAINING.test(name) || own.includes(name)) return []
      if (!read?.has(name)) return [name.slice(0, 60)]
      return this.#within(value).map((inner) => `${name}.${inner}`)
    })
  }

  /** Of the layers in a field. */
  #within(value: unknown): string[] {
    if (Array.isArray(value)) return (value as unknown[]).flatMap((one) => this.#within(one))
    return isLayer(value) ? this.#unread(value.class_name, value.config) : []
  }
}

/** `float16`, `mixed_bfloat16`; null for what float32 holds. */
function dtypeOf(value: unknown): string | null {
  const inner = isLayer(value) ? value.config.name : value
  return typeof inner === 'string' && /float16|float64/.test(inner) ? inner.slice(0, 40) : null
}
