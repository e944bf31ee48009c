/**
 * Latch's layers as those of TensorFlow.js: the topology of a layers model, and for each array that it needs how
 * to make it from the network's parameters. What TensorFlow.js does not have is an error that names the layer.
 */
import { genericCells, takesOption } from '../../../cells/registry.ts'
import { exportAs } from '../../fixes.ts'
import { sameActivation } from '../../../cells/activations.ts'
import { MERGES } from '../../keras/merges.ts'
import { inputSteps } from '../../../model/fixedSteps.ts'
import { kernelOf, paddingName } from '../../keras/windows.ts'
import { windowsOf, type WindowedOptions } from '../../../layers/windows/windowed.ts'
import type { RecurrentOptions } from '../../../layers/recurrent/recurrent.ts'
import type { LayerOptions } from '../../../model/config.ts'
import { internalsOf, type Network } from '../../../model/network.ts'
import { UnsupportedError } from '../../../core/errors.ts'
import type { OutputActivation } from '../../imported.ts'
import { columnsFromNative, getClassName, transposed, requireClassName } from '../../gateOrders.ts'
import { functionLayer, functionName, functionText, type KerasLayerJson } from './functions.ts'
import { denseWeightName, layerNames } from '../../../layers/names.ts'

/** An array to write; its numbers are made when they are due. */
export interface DueArray {
  name: string
  shape: readonly number[]
  read(): Float32Array
}

/** A layer with the names of those below it. */
export interface PlacedLayer extends KerasLayerJson {
  from: readonly string[]
}

/** Topology and arrays that grow layer by layer. */
export class TfjsExport {
  readonly placed: PlacedLayer[] = []
  readonly arrays: DueArray[] = []
  readonly #network: Network
  readonly #layers: readonly LayerOptions[]
  readonly #names: readonly string[]
  /** TensorFlow.js' name of what each of Latch's layers gives. */
  readonly #outputs = new Map<string, string>()
  readonly #masked: boolean
  readonly #stateful: boolean

  constructor(network: Network, outputActivation: OutputActivation, stateful = false) {
    const { layers } = network.config
    this.#network = network
    this.#stateful = stateful
    this.#layers = layers
    this.#names = layerNames(layers)
    this.#masked = layers.some((l) => l.type === 'masking' || (l.type === 'embedding' && l.maskZero))
    layers.forEach((layer, i) => this.#add(layer, i))
    if (outputActivation !== 'linear' && outputActivation !== 'probabilities')
      this.#place({
        class_name: 'Activation',
        config: { name: 'output_activation', activation: activationName(outputActivation) },
      })
  }

  /** Name of the newest layer. */
  get last(): string {
    return this.placed[this.placed.length - 1].config.name as string
  }

  #place(layer: KerasLayerJson, from?: readonly string[]): void {
    const below = from ?? (this.placed.length > 0 ? [this.last] : [])
    this.placed.push({ ...layer, from: below })
  }

  #add(layer: LayerOptions, i: number): void {
    const name = this.#names[i].replace('.', '')
    switch (layer.type) {
      case 'features':
      case 'oneHot':
      case 'embedding':
        this.#addInput(layer, name)
        break
      case 'recurrent':
        this.#addRecurrent(layer, i, name)
        break
      case 'dense':
        this.#addDense(layer, i, name)
        break
      case 'layerNorm':
        this.#addNorm(layer, i, name)
        break
      case 'pool':
        this.#addPool(layer, i, name)
        break
      case 'reverse':
        this.#addReverse(i)
        break
      case 'concat':
        this.#place(
          layer.inputs.length > 1
            ? { class_name: 'Concatenate', config: { name, axis: -1 } }
            : { class_name: 'Activation', config: { name, activation: 'linear' } },
          layer.inputs.map((of) => this.#outputs.get(of) ?? of),
        )
        break
      case 'batchNorm':
        this.#addBatchNorm(layer, i, name)
        break
      case 'conv1d':
      case 'maxPool1d':
      case 'averagePool1d':
        this.#addWindows(layer, i, name)
        break
      case 'merge':
        this.#addMerge(layer, i, name)
        break
      default:
        this.#addPlain(layer, i, name)
    }
    this.#outputs.set(this.#names[i], this.last)
  }

  #addPlain(layer: LayerOptions, i: number, name: string): void {
    if (layer.type === 'dropout') this.#place({ class_name: 'Dropout', config: { name, rate: layer.rate } })
    else if (layer.type === 'activationPenalty')
      this.#place({ class_name: 'Activation', config: { name, activation: 'linear' } })
    else if (layer.type === 'flatten') this.#place({ class_name: 'Flatten', config: { name } })
    else if (layer.type === 'masking')
      this.#place({ class_name: 'Masking', config: { name, mask_value: layer.value ?? 0 } })
    else if (layer.type === 'repeat' && !this.#masked)
      this.#place({ class_name: 'RepeatVector', config: { name, n: layer.steps } })
    else if (layer.type === 'permute' && !this.#masked)
      this.#place({ class_name: 'Permute', config: { name, dims: [2, 1] } })
    else if (layer.type === 'reshape' && !this.#masked)
      this.#place({ class_name: 'Reshape', config: { name, target_shape: [layer.steps, layer.width] } })
    else if (layer.type === 'timeSoftmax' && !this.#masked)
      this.#place({ class_name: 'Softmax', config: { name, axis: 1 } })
    else if (layer.type === 'activation') this.#addFunction(layer.activation, i, name)
    else throw this.#refusal(i, 'a layer of TensorFlow.js', layer.type)
  }

  #addFunction(choice: Extract<LayerOptions, { type: 'activation' }>['activation'], i: number, name: string) {
    const layer = functionLayer(choice, name)
    if (!layer) throw this.#refusal(i, 'an activation of TensorFlow.js', functionText(choice))
    this.#place(layer)
  }

  #addInput(layer: Extract<LayerOptions, { type: 'features' | 'oneHot' | 'embedding' }>, name: string): void {
    const steps = inputSteps(this.#layers)
    const width = layer.type === 'features' ? layer.width : layer.vocabulary
    const ids = layer.type === 'embedding'
    // A stateful model has as many states as rows in its batch.
    const rows = this.#stateful ? 1 : null
    this.#place({
      class_name: 'InputLayer',
      config: {
        name: 'input',
        batch_input_shape: ids ? [rows, steps] : [rows, steps, width],
        dtype: ids ? 'int32' : 'float32',
        sparse: false,
      },
    })
    if (!ids) return
    const { vocabulary: input_dim, size: output_dim, maskZero = false } = layer
    const config = { name, input_dim, output_dim, mask_zero: maskZero, input_length: null }
    this.#place({ class_name: 'Embedding', config })
    this.#array(`${name}/embeddings`, [input_dim, output_dim], `${this.#names[0]}.weight`)
  }

  #addRecurrent(layer: RecurrentOptions, i: number, name: string): void {
    this.#assertCell(layer, i)
    const { cell, units, direction = 'forward', merge = 'concat', bias = true } = layer
    const joined = this.#joined(i)
    const every = layer.returnSequences !== false && joined !== 'pool'
    if (direction === 'reverse' && every && joined !== 'reverse')
      throw this.#refusal(i, 'outputs in reverse order, as with go_backwards', 'outputs in forward order')
    const gated = takesOption(genericCells, cell, 'gateActivation')
    const one = {
      class_name: requireClassName('keras', cell, name),
      config: {
        name,
        units,
        activation: functionName(layer.activation ?? 'tanh'),
        ...(gated && { recurrent_activation: functionName(layer.gateActivation ?? 'sigmoid') }),
        ...(takesOption(genericCells, cell, 'reset') && { reset_after: false }),
        ...(gated && { implementation: 1 }),
        use_bias: bias !== false,
        return_sequences: every,
        go_backwards: direction === 'reverse',
        stateful: this.#stateful,
      },
    }
    const both = direction === 'bidirectional'
    const merge_mode = { concat: 'concat', sum: 'sum', multiply: 'mul', average: 'ave' }[merge]
    this.#place(both ? { class_name: 'Bidirectional', config: { name, layer: one, merge_mode } } : one)
    this.#cellArrays(layer, i, both ? `${name}/forward_${name}` : name, '')
    if (both) this.#cellArrays(layer, i, `${name}/backward_${name}`, '_reverse')
  }

  #assertCell(layer: RecurrentOptions, i: number): void {
    const { cell, activation = 'tanh', gateActivation = 'sigmoid' } = layer
    if (takesOption(genericCells, cell, 'reset') && layer.reset !== 'before')
      throw this.#refusal(
        i,
        `a ${getClassName('keras', cell)} with reset before, as in TensorFlow.js`,
        'reset after',
      )
    const own = ['peepholes', 'coupled', 'clip', 'backward'] as const
    const more = own.find((field) => layer[field] !== undefined && layer[field] !== false)
    if (more) throw this.#refusal(i, `a cell without ${more}`, more)
    if (
      takesOption(genericCells, cell, 'stateActivation') &&
      !sameActivation(layer.stateActivation ?? activation, activation)
    )
      throw this.#refusal(i, 'the same activation for candidate and cell state', 'two activations')
    for (const choice of [activation, gateActivation])
      if (!functionName(choice)) throw this.#refusal(i, 'activations of TensorFlow.js', functionText(choice))
  }

  /** kernel (I, G·H), recurrent_kernel (H, G·H), bias (G·H): the one there is, or the sum of PyTorch's two. */
  #cellArrays({ cell, units, bias = true }: RecurrentOptions, i: number, path: string, suffix: string): void {
    const own = (part: string) => `${this.#names[i]}.${part}_l0${suffix}`
    const [columns, input] = this.#shapeOf(own('weight_ih'))
    const turned = (part: string, width: number) => () =>
      columnsFromNative(this.#read(own(part)), 'keras', cell, width)
    this.arrays.push(
      { name: `${path}/kernel`, shape: [input, columns], read: turned('weight_ih', input) },
      { name: `${path}/recurrent_kernel`, shape: [units, columns], read: turned('weight_hh', units) },
    )
    if (!bias) return
    const read = () => {
      const first = this.#read(own('bias_ih'))
      const second = bias === 'single' ? null : this.#read(own('bias_hh'))
      return columnsFromNative(second ? first.map((b, k) => b + second[k]) : first, 'keras', cell, 1)
    }
    this.arrays.push({ name: `${path}/bias`, shape: [columns], read })
  }

  #addDense(layer: Extract<LayerOptions, { type: 'dense' }>, i: number, name: string): void {
    const { units, bias = true, activation = 'linear' } = layer
    const own = functionName(activation)
    const config = { name, units, use_bias: bias, activation: own ?? 'linear' }
    this.#place({ class_name: 'Dense', config })
    const weight = denseWeightName(this.#names[i], layer)
    const [rows, columns] = this.#shapeOf(weight)
    const read = () => transposed(this.#read(weight), rows, columns)
    this.arrays.push({ name: `${name}/kernel`, shape: [columns, rows], read })
    if (bias) this.#array(`${name}/bias`, [units], `${this.#names[i]}.bias`)
    if (!own) this.#addFunction(activation, i, `${name}_function`)
  }

  #addNorm(layer: Extract<LayerOptions, { type: 'layerNorm' }>, i: number, name: string): void {
    const { epsilon = 1e-5, scale = true, centre = true } = layer
    this.#place({
      class_name: 'LayerNormalization',
      config: { name, axis: -1, epsilon, center: centre, scale },
    })
    const { width } = internalsOf(this.#network).layers[i].output
    if (scale) this.#array(`${name}/gamma`, [width], `${this.#names[i]}.weight`)
    if (centre) this.#array(`${name}/beta`, [width], `${this.#names[i]}.bias`)
  }

  #addBatchNorm(layer: Extract<LayerOptions, { type: 'batchNorm' }>, i: number, name: string): void {
    const { epsilon = 1e-5, momentum = 0.1, scale = true, centre = true } = layer
    const config = { name, axis: -1, momentum: 1 - momentum, epsilon, center: centre, scale }
    this.#place({ class_name: 'BatchNormalization', config })
    const { width } = internalsOf(this.#network).layers[i].output
    const array = (its: string, part: string) =>
      this.#array(`${name}/${its}`, [width], `${this.#names[i]}.${part}`)
    if (scale) array('gamma', 'weight')
    if (centre) array('beta', 'bias')
    array('moving_mean', 'running_mean')
    array('moving_variance', 'running_var')
  }

  #addWindows(layer: WindowedOptions, i: number, name: string): void {
    const padding = paddingName(layer)
    const { size, stride, dilation } = windowsOf(name, layer)
    if (!padding || padding === 'causal')
      throw this.#refusal(i, "padding 'valid' or 'same'", padding ?? JSON.stringify(layer.padding))
    if (this.#masked) throw this.#refusal(i, 'steps without masks', 'a mask')
    const common = { name, strides: [stride], padding }
    if (layer.type !== 'conv1d') {
      const class_name = layer.type === 'maxPool1d' ? 'MaxPooling1D' : 'AveragePooling1D'
      this.#place({ class_name, config: { ...common, pool_size: [size] } })
      return
    }
    const { filters, groups = 1, bias = true } = layer
    if (groups > 1) throw this.#refusal(i, 'a convolution of one group', `${groups}`)
    if (stride > 1 && dilation > 1)
      throw this.#refusal(i, 'a stride or a dilation of 1', `${stride} and ${dilation}`)
    const own = {
      filters,
      kernel_size: [size],
      dilation_rate: [dilation],
      activation: 'linear',
      use_bias: bias,
    }
    this.#place({ class_name: 'Conv1D', config: { ...common, ...own, data_format: 'channels_last' } })
    const weight = `${this.#names[i]}.weight`
    const [, inputs] = this.#shapeOf(weight)
    const read = () => kernelOf(this.#read(weight), filters, inputs, size)
    this.arrays.push({ name: `${name}/kernel`, shape: [size, inputs, filters], read })
    if (bias) this.#array(`${name}/bias`, [filters], `${this.#names[i]}.bias`)
  }

  #addPool(layer: Extract<LayerOptions, { type: 'pool' }>, i: number, name: string): void {
    const { pooling: over, countMasked } = layer
    if (this.#joined(i - 1) === 'pool') return
    if (over === 'mean' && this.#masked && !countMasked)
      throw this.#refusal(i, 'no masked steps below a mean', 'a mask')
    if (over === 'max') this.#place({ class_name: 'GlobalMaxPooling1D', config: { name } })
    else if (over === 'mean') this.#place({ class_name: 'GlobalAveragePooling1D', config: { name } })
    else throw this.#refusal(i, 'mean or max pooling', over)
  }

  #addMerge(layer: Extract<LayerOptions, { type: 'merge' }>, i: number, name: string): void {
    if (layer.operation === 'subtract') throw this.#refusal(i, 'a merging layer of TensorFlow.js', 'subtract')
    const from = layer.inputs.map((of) => this.#outputs.get(of) ?? of)
    this.#place({ class_name: MERGES[layer.operation], config: { name } }, from)
  }

  #addReverse(i: number): void {
    if (this.#joined(i - 1) !== 'reverse') throw this.#refusal(i, 'a layer of TensorFlow.js', 'reverse')
  }

  /**
   * What of the layer above is part of a layer there: a pool that takes the last step (return_sequences false), or
   * a reversal, because go_backwards gives its steps last one first. Not where skips need the layer's own steps.
   */
  #joined(i: number): 'pool' | 'reverse' | null {
    const [recurrentLayer, above] = [this.#layers[i], this.#layers[i + 1]]
    const skips = this.#layers.some((layer) => 'inputs' in layer)
    if (skips || recurrentLayer.type !== 'recurrent' || recurrentLayer.returnSequences === false || !above)
      return null
    const { direction = 'forward' } = recurrentLayer
    if (direction === 'forward' && above.type === 'pool' && above.pooling === 'last') return 'pool'
    return direction === 'reverse' && above.type === 'reverse' ? 'reverse' : null
  }

  #array(name: string, shape: readonly number[], parameter: string): void {
    this.arrays.push({ name, shape, read: () => this.#read(parameter) })
  }

  #shapeOf(parameter: string): readonly number[] {
    return internalsOf(this.#network).store.find(parameter).shape
  }

  #read(parameter: string): Float32Array {
    const { store } = internalsOf(this.#network)
    return Float32Array.from(store.read(store.find(parameter)))
  }

  #refusal(i: number, expected: string, got: string): UnsupportedError {
    const where = `export to TensorFlow.js, ${this.#names[i]}`
    return new UnsupportedError({
      where,
      expected,
      got,
      fix: exportAs(got === 'projectedLstm' ? 'torch' : 'onnx'),
    })
  }
}

function activationName(outputActivation: OutputActivation): string {
  return outputActivation === 'logSoftmax' ? 'log_softmax' : outputActivation
}
