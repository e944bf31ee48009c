/**
 * A network's layers → those of a Keras 3 model. Also handles one Keras layer for two of Latch (a layer
 * and the reversal of its steps), and two for one (an input and its embedding).
 */
import { exportAs } from '../../fixes.ts'
import type { LayerOptions, NetworkConfig } from '../../../model/config.ts'
import { readNetworkConfig } from '../../../model/config.ts'
import { allLayers } from '../../../model/allLayers.ts'
import { UnsupportedError } from '../../../core/errors.ts'
import { rootField } from '../../../core/validation.ts'
import type { OutputActivation } from '../../imported.ts'
import { transposed } from '../../gateOrders.ts'
import { activationLayerOut, activationName } from './activations.ts'
import {
  kerasObject,
  kerasTensor,
  type KerasObject,
  type OutArray,
  type OutLayer,
  type ReadParameter,
} from './layer.ts'
import { MERGES } from '../merges.ts'
import { inputSteps } from '../../../model/fixedSteps.ts'
import { kernelOf, paddingName } from '../windows.ts'
import { windowsOf, type WindowedOptions } from '../../../layers/windows/windowed.ts'
import { recurrentOut } from './recurrent.ts'
import { numbered } from '../read/weightStores.ts'
import { denseWeightName, LayerNames } from '../../../layers/names.ts'

/** A model's configuration, as in config.json. */
export interface KerasModelConfig {
  module: 'keras' | 'keras.src.models.functional'
  class_name: 'Sequential' | 'Functional'
  config: { name: string; trainable: true; layers: KerasObject[] }
  registered_name: null | 'Functional'
}

/** One-hot input of more tokens would need an identity table of more than 64 MiB. */
const MOST_ONE_HOT = 4096

/** A Latch layer's output in Keras: the index of the layer that has it. */
interface Given {
  layer: number
  width: number
  per: 'step' | 'sequence'
}

class Out {
  readonly layers: OutLayer[] = []
  readonly config: NetworkConfig
  readonly stateful: boolean
  /** A stateful model has as many states as rows in its batch. */
  readonly rows: 1 | null
  /** Of sequences here; null: any number. */
  steps: number | null
  width = 0
  per: 'step' | 'sequence' = 'step'
  masked = false
  /** Index of the Keras layer with the output of a Latch layer, and its width. */
  readonly given = new Map<string, Given>()
  readonly #names = new LayerNames()

  constructor(config: NetworkConfig, stateful: boolean) {
    this.config = config
    this.stateful = stateful
    this.rows = stateful ? 1 : null
    this.steps = inputSteps(config.layers)
  }

  /** Adds a layer whose output has the present width. */
  add(type: string, config: Record<string, unknown>, arrays: readonly OutArray[] = []): void {
    this.push({ type, config, arrays })
  }

  push(layer: Omit<OutLayer, 'shape'>): void {
    const steps = this.per === 'step' ? [this.steps] : []
    this.layers.push({ ...layer, shape: [this.rows, ...steps, this.width] })
  }

  addInput(shape: readonly (number | null)[], dtype: 'float32' | 'int32'): void {
    const config = { batch_shape: shape, dtype, sparse: false }
    this.layers.push({ type: 'InputLayer', config, arrays: [], shape })
  }

  /** `dense.0`: the name of the next layer of its type. */
  nextName({ type }: LayerOptions): string {
    return this.#names.peek(type)
  }

  /** Uses that name. */
  name(layer: LayerOptions): string {
    return this.#names.next(layer.type)
  }
}

/** The layers: the input first, the output activation last. @throws UnsupportedError naming the layer */
export function buildKerasLayers(
  config: NetworkConfig,
  outputActivation: OutputActivation,
  stateful = false,
): OutLayer[] {
  const out = new Out(config, stateful)
  for (let i = 0; i < config.layers.length; i++) {
    const taken = addLayer(out, config.layers[i], config.layers[i + 1], config.layers[i + 2])
    // Outputs that a Keras layer does not expose (steps before they are reversed) have no index.
    const names = config.layers.slice(i, i + taken + 1).map((layer) => out.name(layer))
    out.given.set(names[taken], { layer: out.layers.length - 1, width: out.width, per: out.per })
    i += taken
  }
  addOutputActivation(out, outputActivation)
  return out.layers
}

/** Names layers like Keras (`lstm`, `lstm_1`) and builds the model: Sequential, or functional with skip connections. */
export function buildModel(layers: readonly OutLayer[], name: string): KerasModelConfig {
  // Keras calls the operations that compute masks `concatenate`, and names must be unique.
  const names = numbered(layers.map(({ type }) => (type === 'Concatenate' ? 'Skip' : type)))
  const objects = layers.map(({ type, config }, i) => kerasObject(type, { name: names[i], ...config }))
  const skips = layers.some(({ inputs }) => inputs !== undefined)
  if (!skips) {
    const config = { name, trainable: true as const, layers: objects }
    return { module: 'keras', registered_name: null, class_name: 'Sequential', config }
  }
  const called = objects.map((object, i) => {
    const tensor = (n: number) => kerasTensor(names[n], layers[n])
    const args = argumentsOf(layers[i].inputs ?? (i ? [i - 1] : []), tensor)
    return { ...object, name: names[i], inbound_nodes: i ? [{ args, kwargs: {} }] : [] }
  })
  const ends = { input_layers: [[names[0], 0, 0]], output_layers: [[names[names.length - 1], 0, 0]] }
  // Keras' public module has no Functional.
  return {
    module: 'keras.src.models.functional',
    class_name: 'Functional',
    config: { name, trainable: true, layers: called, ...ends },
    registered_name: 'Functional',
  }
}

/** One tensor, or a list of several. */
function argumentsOf(inputs: readonly number[], tensor: (n: number) => object): unknown[] {
  return inputs.length > 1 ? [inputs.map(tensor)] : inputs.map(tensor)
}

/** Keras' configuration of a list of Latch layers, for files of weights only. */
export function buildKerasConfig(given: unknown): KerasModelConfig {
  const value = Array.isArray(given) ? { layers: given as unknown[] } : given
  const config = readNetworkConfig(rootField(value, 'config', 'options'), allLayers)
  return buildModel(buildKerasLayers(config, 'linear'), 'sequential')
}

/** Adds a layer and returns how many of the layers above it were merged into it. */
function addLayer(
  out: Out,
  layer: LayerOptions,
  above: LayerOptions | undefined,
  second: LayerOptions | undefined,
): number {
  const name = out.nextName(layer)
  switch (layer.type) {
    case 'embedding':
    case 'oneHot':
    case 'features':
      addInput(out, layer, name)
      return 0
    case 'recurrent':
      return addRecurrent(out, layer, name, above, second)
    case 'masking':
      out.masked = true
      out.add('Masking', { mask_value: layer.value ?? 0 })
      return 0
    case 'dense':
      addDense(out, layer, name)
      return 0
    case 'activation': {
      const { type, config } = activationLayerOut(layer.activation, name)
      out.add(type, config)
      return 0
    }
    case 'layerNorm':
      addLayerNorm(out, layer, name)
      return 0
    case 'batchNorm':
      addBatchNorm(out, layer, name)
      return 0
    case 'conv1d':
    case 'maxPool1d':
    case 'averagePool1d':
      addWindows(out, layer, name)
      return 0
    case 'dropout':
      out.add('Dropout', { rate: layer.rate })
      return 0
    case 'activationPenalty':
      out.add('Activation', { activation: 'linear' })
      return 0
    case 'flatten':
      out.width *= layer.steps
      out.per = 'sequence'
      out.add('Flatten', { data_format: 'channels_last' })
      return 0
    case 'pool':
      addPool(out, layer, name)
      return 0
    case 'concat':
      addConcat(out, layer.inputs, name)
      return 0
    case 'repeat':
      if (out.masked) throw unsupportedLayer(name, 'a repetition at masked steps')
      out.per = 'step'
      out.add('RepeatVector', { n: layer.steps })
      return 0
    case 'permute':
    case 'reshape':
      addShape(out, layer, name)
      return 0
    case 'timeSoftmax':
      if (out.masked) throw unsupportedLayer(name, 'a softmax over masked steps')
      out.add('Softmax', { axis: 1 })
      return 0
    case 'merge':
      addMerge(out, layer, name)
      return 0
    default:
      throw unsupportedLayer(name, layer.type)
  }
}

function unsupportedLayer(where: string, got: string): UnsupportedError {
  return new UnsupportedError({
    where,
    expected: 'a layer of Keras',
    got,
    fix: exportAs(got === 'projectedLstm' ? 'torch' : 'onnx'),
  })
}

function addInput(
  out: Out,
  layer: Extract<LayerOptions, { type: 'embedding' | 'oneHot' | 'features' }>,
  name: string,
): void {
  const { rows, steps } = out
  if (layer.type === 'features') {
    out.width = layer.width
    out.addInput([rows, steps, layer.width], 'float32')
    return
  }
  const { vocabulary } = layer
  out.width = layer.type === 'oneHot' ? vocabulary : layer.size
  out.masked = layer.type === 'embedding' && layer.maskZero === true
  if (layer.type === 'oneHot' && vocabulary > MOST_ONE_HOT)
    throw new UnsupportedError({
      where: name,
      expected: `at most ${MOST_ONE_HOT} tokens of one-hot input`,
      got: `${vocabulary}`,
      remedy: 'Keras needs an identity table of that size squared: train with an embedding instead.',
      fix: exportAs('onnx'),
    })
  const values =
    layer.type === 'oneHot'
      ? () => identity(vocabulary)
      : (read: (name: string) => Float32Array) => read(`${name}.weight`)
  const trainable = layer.type === 'oneHot' ? { trainable: false } : {}
  const config = { input_dim: vocabulary, output_dim: out.width, mask_zero: out.masked, ...trainable }
  out.addInput([rows, steps], 'int32')
  out.add('Embedding', config, [{ path: 'vars/0', shape: [vocabulary, out.width], values }])
}

function identity(size: number): Float32Array {
  const rows = new Float32Array(size * size)
  for (let i = 0; i < size; i++) rows[i * size + i] = 1
  return rows
}

function addRecurrent(
  out: Out,
  layer: Extract<LayerOptions, { type: 'recurrent' }>,
  name: string,
  above: LayerOptions | undefined,
  second: LayerOptions | undefined,
): number {
  const { direction = 'forward', returnSequences = true, merge = 'concat', units } = layer
  const zeroMasked = above?.type === 'zeroMasked'
  const next = zeroMasked ? second : above
  const lastOnly = direction === 'forward' && next?.type === 'pool' && next.pooling === 'last'
  const every = returnSequences && !lastOnly
  const turned = direction === 'reverse' && every
  if (turned && next?.type !== 'reverse')
    throw unsupportedLayer(name, 'a reverse layer with outputs in forward order')
  if (direction === 'bidirectional' && every && out.masked && !zeroMasked)
    throw unsupportedLayer(
      name,
      'a bidirectional layer that repeats its output at masked steps (Keras outputs zeros)',
    )
  const taken = (zeroMasked ? 1 : 0) + (turned || (returnSequences && lastOnly) ? 1 : 0)
  const { width, stateful } = out
  out.width = units * (direction === 'bidirectional' && merge === 'concat' ? 2 : 1)
  if (!every) out.per = 'sequence'
  out.push(recurrentOut(layer, { name, width, every, zeroMasked, stateful }))
  return taken
}

function addDense(out: Out, layer: Extract<LayerOptions, { type: 'dense' }>, name: string): void {
  const { units, bias = true, activation = 'linear' } = layer
  const { width } = out
  const own = activationName(activation)
  const weight = denseWeightName(name, layer)
  const kernel = (read: (name: string) => Float32Array) => transposed(read(weight), units, width)
  const arrays: OutArray[] = [{ path: 'vars/0', shape: [width, units], values: kernel }]
  if (bias) arrays.push({ path: 'vars/1', shape: [units], values: (read) => read(`${name}.bias`) })
  out.width = units
  out.add('Dense', { units, activation: own ?? 'linear', use_bias: bias }, arrays)
  if (own) return
  const separate = activationLayerOut(activation, name)
  out.add(separate.type, separate.config)
}

function addLayerNorm(out: Out, layer: Extract<LayerOptions, { type: 'layerNorm' }>, name: string): void {
  const { epsilon = 1e-5, scale = true, centre = true } = layer
  const arrays: OutArray[] = []
  const shape = [out.width]
  if (scale) arrays.push({ path: `vars/${arrays.length}`, shape, values: (read) => read(`${name}.weight`) })
  if (centre) arrays.push({ path: `vars/${arrays.length}`, shape, values: (read) => read(`${name}.bias`) })
  out.add('LayerNormalization', { axis: [-1], epsilon, scale, center: centre }, arrays)
}

/** Keras' momentum is the weight of the past. */
function addBatchNorm(out: Out, layer: Extract<LayerOptions, { type: 'batchNorm' }>, name: string): void {
  const { epsilon = 1e-5, momentum = 0.1, scale = true, centre = true } = layer
  const parts = [...(scale ? ['weight'] : []), ...(centre ? ['bias'] : []), 'running_mean', 'running_var']
  const arrays = parts.map((part, i): OutArray => {
    return { path: `vars/${i}`, shape: [out.width], values: (read) => read(`${name}.${part}`) }
  })
  const config = { axis: -1, momentum: 1 - momentum, epsilon, center: centre, scale }
  out.add('BatchNormalization', config, arrays)
}

function addWindows(out: Out, layer: WindowedOptions, name: string): void {
  const windows = windowsOf(name, layer)
  const addsZeros = layer.type === 'conv1d' || (layer.type === 'averagePool1d' && layer.countPadding)
  const zeros = !paddingName(layer) && addsZeros ? windows.sides : null
  const padding = zeros ? 'valid' : paddingName(layer)
  if (!padding) throw unsupportedLayer(name, `padding ${JSON.stringify(layer.padding)}`)
  if (out.masked) throw unsupportedLayer(name, `${layer.type} over masked steps`)
  if (zeros) out.add('ZeroPadding1D', { padding: zeros, data_format: 'channels_last' })
  const { size, stride, dilation } = windows
  if (stride > 1 && dilation > 1) throw unsupportedLayer(name, 'a stride and a dilation above 1')
  out.steps = out.steps && windows.lengthOf(out.steps)
  const common = { strides: [stride], padding, data_format: 'channels_last' }
  if (layer.type !== 'conv1d') {
    const type = layer.type === 'maxPool1d' ? 'MaxPooling1D' : 'AveragePooling1D'
    return out.add(type, { pool_size: [size], ...common })
  }
  const { filters, groups = 1, bias = true } = layer
  const inputs = out.width / groups
  const kernel = (read: ReadParameter) => kernelOf(read(`${name}.weight`), filters, inputs, size)
  const arrays: OutArray[] = [{ path: 'vars/0', shape: [size, inputs, filters], values: kernel }]
  if (bias) arrays.push({ path: 'vars/1', shape: [filters], values: (read) => read(`${name}.bias`) })
  out.width = filters
  const own = { filters, kernel_size: [size], dilation_rate: [dilation], groups, activation: 'linear' }
  out.add('Conv1D', { ...own, ...common, use_bias: bias }, arrays)
}

function addShape(
  out: Out,
  layer: Extract<LayerOptions, { type: 'permute' | 'reshape' }>,
  name: string,
): void {
  if (out.masked) throw unsupportedLayer(name, `${layer.type} over masked steps`)
  const isPermute = layer.type === 'permute'
  const [steps, width] = isPermute ? [out.width, layer.steps] : [layer.steps, layer.width]
  out.per = 'step'
  out.steps = steps
  out.width = width
  if (isPermute) out.add('Permute', { dims: [2, 1] })
  else out.add('Reshape', { target_shape: [steps, width] })
}

function addPool(
  out: Out,
  { pooling: over, countMasked }: Extract<LayerOptions, { type: 'pool' }>,
  name: string,
): void {
  const types: Record<string, string | undefined> = {
    mean: 'GlobalAveragePooling1D',
    max: 'GlobalMaxPooling1D',
  }
  const type = types[over]
  if (!type) throw unsupportedLayer(name, `pooling over ${over}`)
  if (countMasked && out.masked)
    throw unsupportedLayer(name, 'a mean that counts masked steps (Keras leaves them out)')
  out.per = 'sequence'
  out.add(type, { data_format: 'channels_last', keepdims: false })
}

/** The Keras layers that a layer reads. */
function findInputs(out: Out, of: readonly string[], name: string): Given[] {
  return of.map((one) => {
    const given = out.given.get(one)
    if (given) return given
    throw unsupportedLayer(name, `${one}, which Keras computes together with the layer above it`)
  })
}

/** Of a single layer, its output again: where a branch begins. */
function addConcat(out: Out, of: readonly string[], name: string): void {
  const below = findInputs(out, of, name)
  out.width = below.reduce((sum, { width }) => sum + width, 0)
  out.per = below[0].per
  const inputs = below.map(({ layer }) => layer)
  if (below.length === 1)
    out.push({ type: 'Activation', config: { activation: 'linear' }, arrays: [], inputs })
  else out.push({ type: 'Concatenate', config: { axis: -1 }, arrays: [], inputs })
}

function addMerge(
  out: Out,
  { operation, inputs }: Extract<LayerOptions, { type: 'merge' }>,
  name: string,
): void {
  const below = findInputs(out, inputs, name)
  out.width = below.reduce((most, { width }) => Math.max(most, width), 0)
  out.per = below.some(({ per }) => per === 'step') ? 'step' : 'sequence'
  out.push({ type: MERGES[operation], config: {}, arrays: [], inputs: below.map(({ layer }) => layer) })
}

/** Softmax or sigmoid of the last dense layer, or as a separate layer. */
function addOutputActivation(out: Out, outputActivation: OutputActivation): void {
  if (outputActivation === 'linear' || outputActivation === 'probabilities') return
  const name = outputActivation === 'logSoftmax' ? 'log_softmax' : outputActivation
  const last = out.layers[out.layers.length - 1]
  if (last.type === 'Dense' && last.config.activation === 'linear') last.config.activation = name
  else out.add('Activation', { activation: name })
}
