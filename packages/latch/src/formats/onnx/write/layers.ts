/**
 * Latch's layers as ONNX operators, lowest first. Inside the graph, sequences are (time, batch, width). Operators over
 * time use masks computed from the lengths, so that ragged batches give the same outputs as in Latch.
 */
import type { LayerOptions } from '../../../model/config.ts'
import { internalsOf, type Network } from '../../../model/network.ts'
import { windowsOf, type WindowedOptions } from '../../../layers/windows/windowed.ts'
import { exportAs } from '../../fixes.ts'
import { inputSteps, takesOneLength } from '../../../model/fixedSteps.ts'
import { UnsupportedError } from '../../../core/errors.ts'
import { emitActivation } from './activations.ts'
import { ExportGraph, float32 } from './graph.ts'
import { emitRecurrent } from './recurrent.ts'
import { StepMasks } from './masks.ts'
import { denseWeightName, LayerNames } from '../../../layers/names.ts'

/** The value between two layers. */
export interface ExportEdge {
  value: string
  /** (time, batch, width) or (batch, width). */
  per: 'step' | 'sequence'
  width: number
}

/** Inputs, and layers that only Latch has. */
type NoLayer =
  | 'embedding'
  | 'oneHot'
  | 'features'
  | 'crf'
  | 'wordCharacters'
  | 'sentenceLabel'
  | 'encoderDecoder'
  | 'pairEmbedding'
  | 'pairFeatures'

/** Adds the layers of a network to a graph. */
class LayerExport {
  readonly graph = new ExportGraph()
  readonly #network: Network
  readonly #edges = new Map<string, ExportEdge>()
  #masks: StepMasks

  constructor(network: Network) {
    this.#network = network
    this.#masks = new StepMasks(this.graph)
  }

  run(): ExportEdge {
    const names = new LayerNames()
    let edge: ExportEdge | null = null
    for (const options of this.#network.config.layers) {
      const name = names.next(options.type)
      this.graph.scope = name
      edge = edge ? this.#layer(name, options, edge) : this.#input(name, options)
      this.#edges.set(name, edge)
    }
    this.graph.scope = ''
    return edge!
  }

  #input(name: string, options: LayerOptions): ExportEdge {
    const { graph } = this
    const time = inputSteps(this.#network.config.layers, takesOneLength) ?? 'time'
    if (options.type === 'features') {
      const { width } = options
      const features = graph.input('features', 'float32', ['batch', time, width])
      this.#masks.start(features, 1)
      return { value: graph.node('Transpose', [features], { perm: { ints: [1, 0, 2] } }), per: 'step', width }
    }
    const ids = graph.input('ids', 'int64', ['batch', time])
    this.#masks.start(ids, 1)
    const turned = graph.node('Transpose', [ids], { perm: { ints: [1, 0] } })
    if (options.type === 'oneHot') {
      const inputs = [turned, graph.ints(options.vocabulary), graph.floats([0, 1])]
      return { value: graph.node('OneHot', inputs, { axis: -1 }), per: 'step', width: options.vocabulary }
    }
    if (options.type !== 'embedding') throw new RangeError(`${name} is no input`)
    if (options.maskZero) this.#masks.mask(graph.node('Not', [graph.node('Equal', [turned, graph.ints(0)])]))
    const table = this.#parameter(`${name}.weight`)
    return { value: graph.node('Gather', [table, turned]), per: 'step', width: options.size }
  }

  #layer(name: string, options: LayerOptions, input: ExportEdge): ExportEdge {
    const { graph } = this
    switch (options.type) {
      case 'dropout':
      case 'activationPenalty':
        return input
      case 'recurrent': {
        const masks = this.#masks
        const layer = {
          network: this.#network,
          name,
          options,
          inputWidth: input.width,
          input: input.value,
          masks,
        }
        const both = options.direction === 'bidirectional' && (options.merge ?? 'concat') === 'concat'
        return {
          value: emitRecurrent(graph, layer),
          per: options.returnSequences === false ? 'sequence' : 'step',
          width: options.units * (both ? 2 : 1),
        }
      }
      case 'pool':
        return { ...input, value: this.#pool(name, options, input), per: 'sequence' }
      case 'flatten':
        return {
          value: this.#flatten(options.steps, input),
          per: 'sequence',
          width: options.steps * input.width,
        }
      case 'dense':
        return this.#dense(name, options, input)
      case 'activation':
        return { ...input, value: this.#activation(options.activation, input.value) }
      case 'layerNorm':
        return { ...input, value: this.#layerNorm(name, options, input) }
      case 'batchNorm':
        return { ...input, value: this.#batchNorm(name, options, input) }
      case 'conv1d':
      case 'maxPool1d':
      case 'averagePool1d':
        return this.#windows(name, options, input)
      case 'reverse': {
        const lengths = graph.node('Cast', [this.#masks.lengths], { to: 7 })
        return {
          ...input,
          value: graph.node('ReverseSequence', [input.value, lengths], { time_axis: 0, batch_axis: 1 }),
        }
      }
      case 'concat':
        return this.#concat(options.inputs)
      case 'timeSoftmax': {
        const scores = this.#masks.where(this.#masks.counting(), input.value, LOWEST)
        return { ...input, value: graph.node('Softmax', [scores], { axis: 0 }) }
      }
      case 'merge':
        return this.#merge(options)
      case 'masking':
        return { ...input, value: this.#masking(options.value ?? 0, input.value) }
      case 'zeroMasked':
        return { ...input, value: this.#masks.where(this.#masks.counting(), input.value, 0) }
      case 'repeat': {
        const value = graph.node('Expand', [input.value, graph.ints([options.steps, 1, 1])])
        return { ...input, value, per: 'step' }
      }
      case 'permute':
        this.#masks = this.#masks.fixed(input.width)
        return {
          value: graph.node('Transpose', [input.value], { perm: { ints: [2, 1, 0] } }),
          per: 'step',
          width: options.steps,
        }
      case 'reshape':
        return this.#reshape(options, input)
      case 'projectedLstm':
        throw new UnsupportedError({
          where: `export to ONNX, ${name}`,
          expected: 'a layer that ONNX has',
          got: 'a recurrent layer with a projection',
          fix: exportAs('torch'),
        })
      default:
        // `exporters` reject those that only Latch has; a layer type without a case is a compile error here.
        options.type satisfies NoLayer
        throw new RangeError(`${name} stands above an input`)
    }
  }

  /** Masks steps whose features all equal the value, and sets them to zero. */
  #masking(value: number, input: string): string {
    const { graph } = this
    const other = graph.node('Not', [graph.node('Equal', [input, graph.floats(value)])])
    const any = graph.node('ReduceMax', [graph.node('Cast', [other], { to: 1 })], {
      axes: { ints: [2] },
      keepdims: 1,
    })
    const kept = graph.node('Cast', [any], { to: 9 })
    this.#masks.mask(graph.node('Squeeze', [kept, graph.ints([2])]))
    return this.#masks.where(kept, input, 0)
  }

  #parameter(name: string): string {
    const { store } = internalsOf(this.#network)
    const parameter = store.find(name)
    const make = () => [float32(store.read(parameter))]
    return this.graph.weight(name, parameter.shape, [{ length: parameter.size, make }])
  }

  #dense(name: string, options: Extract<LayerOptions, { type: 'dense' }>, input: ExportEdge): ExportEdge {
    const { graph } = this
    const weight = this.#parameter(denseWeightName(name, options))
    const bias = options.bias === false ? [] : [this.#parameter(`${name}.bias`)]
    let value: string
    if (input.per === 'sequence') value = graph.node('Gemm', [input.value, weight, ...bias], { transB: 1 })
    else {
      const turned = graph.node('Transpose', [weight], { perm: { ints: [1, 0] } })
      value = graph.node('MatMul', [input.value, turned])
      if (bias.length) value = graph.node('Add', [value, bias[0]])
    }
    return { ...input, value: this.#activation(options.activation ?? 'linear', value), width: options.units }
  }

  #activation(choice: Extract<LayerOptions, { type: 'activation' }>['activation'], value: string): string {
    if (choice === 'softmax') return this.graph.node('Softmax', [value], { axis: -1 })
    if (choice === 'logSoftmax') return this.graph.node('LogSoftmax', [value], { axis: -1 })
    return emitActivation(this.graph, value, choice)
  }

  #layerNorm(name: string, options: Extract<LayerOptions, { type: 'layerNorm' }>, input: ExportEdge): string {
    const { graph } = this
    graph.opset = 17
    const ones = () => [new Float32Array(input.width).fill(1)]
    const scale =
      options.scale === false
        ? graph.weight(`${name}.ones`, [input.width], [{ length: input.width, make: ones }])
        : this.#parameter(`${name}.weight`)
    const centre = options.centre === false ? [] : [this.#parameter(`${name}.bias`)]
    const epsilon = { float: options.epsilon ?? 1e-5 }
    return graph.node('LayerNormalization', [input.value, scale, ...centre], { axis: -1, epsilon })
  }

  /** The statistics of training are constants here. */
  #batchNorm(name: string, options: Extract<LayerOptions, { type: 'batchNorm' }>, input: ExportEdge): string {
    const { graph } = this
    const { width } = input
    const parameter = (part: string, exists: boolean, value: number) => {
      const make = () => [new Float32Array(width).fill(value)]
      return exists
        ? this.#parameter(`${name}.${part}`)
        : graph.weight(`${name}.${part}`, [width], [{ length: width, make }])
    }
    const inputs = [
      this.#channelsSecond(input),
      parameter('weight', options.scale !== false, 1),
      parameter('bias', options.centre !== false, 0),
      parameter('running_mean', true, 0),
      parameter('running_var', true, 1),
    ]
    const epsilon = { float: options.epsilon ?? 1e-5 }
    return this.#timeFirst(input, graph.node('BatchNormalization', inputs, { epsilon }))
  }

  #windows(name: string, options: WindowedOptions, input: ExportEdge): ExportEdge {
    const { graph } = this
    const windows = windowsOf(name, options)
    const { size, stride, dilation, extent, sides } = windows
    if (!sides) {
      throw new UnsupportedError({
        where: `export to ONNX, ${name}`,
        expected: "padding that does not depend on a sequence's length",
        got: "padding 'same' with a stride above 1",
      })
    }
    const [before, after] = sides
    const masks = this.#masks
    const fill = options.type === 'maxPool1d' ? LOWEST : 0
    const value = masks.where(masks.valid(), input.value, fill)
    const x = this.#channelsSecond({ ...input, value })
    const places = {
      kernel_shape: { ints: [size] },
      strides: { ints: [stride] },
      pads: { ints: [before, after] },
    }
    let y: string
    let width = input.width
    if (options.type === 'conv1d') {
      const { groups = 1, filters, bias } = options
      const weights = [
        this.#parameter(`${name}.weight`),
        ...(bias === false ? [] : [this.#parameter(`${name}.bias`)]),
      ]
      y = graph.node('Conv', [x, ...weights], { ...places, dilations: { ints: [dilation] }, group: groups })
      width = filters
    } else if (options.type === 'maxPool1d') y = graph.node('MaxPool', [x], places)
    else y = this.#average(x, places, !options.countPadding && before + after > 0)
    const above = this.#timeFirst(input, y)
    if (!windows.keepsLengths) this.#masks = masks.above(above, before + after - extent, stride)
    return { value: above, per: 'step', width }
  }

  /** Means of windows of x (batch, width, time); with `counts` over the steps within each length. */
  #average(x: string, places: Record<string, { ints: number[] }>, counts: boolean): string {
    const { graph } = this
    const mean = (of: string) => graph.node('AveragePool', [of], { ...places, count_include_pad: 1 })
    if (!counts) return mean(x)
    const valid = graph.node('Cast', [this.#masks.valid()], { to: 1 })
    const share = mean(graph.node('Transpose', [valid], { perm: { ints: [1, 2, 0] } }))
    // Windows beyond the last step have none: zeros, not 0 / 0.
    return graph.node('Div', [mean(x), graph.node('Max', [share, graph.floats(2 ** -20)])])
  }

  /** (time, batch, width) → (batch, width, time). */
  #channelsSecond({ value, per }: ExportEdge): string {
    return per === 'step' ? this.graph.node('Transpose', [value], { perm: { ints: [1, 2, 0] } }) : value
  }

  /** And back. */
  #timeFirst({ per }: ExportEdge, value: string): string {
    return per === 'step' ? this.graph.node('Transpose', [value], { perm: { ints: [2, 0, 1] } }) : value
  }

  #pool(
    name: string,
    { pooling: over, countMasked }: Extract<LayerOptions, { type: 'pool' }>,
    { value, width }: ExportEdge,
  ) {
    const { graph } = this
    const masks = this.#masks
    const sum = (x: string) => graph.node('ReduceSum', [x, graph.ints([0])], { keepdims: 0 })
    switch (over) {
      case 'first':
        return graph.node('Gather', [value, graph.ints(0)], { axis: 0 })
      case 'last':
        return sum(masks.where(masks.last(), value, 0))
      case 'sum':
        return sum(masks.where(masks.counting(), value, 0))
      case 'mean':
        if (countMasked)
          return graph.node('Div', [sum(masks.where(masks.valid(), value, 0)), masks.allCounts()])
        return graph.node('Div', [sum(masks.where(masks.counting(), value, 0)), masks.counts()])
      case 'max': {
        const raised = masks.where(masks.valid(), value, LOWEST)
        return graph.node('ReduceMax', [raised], { axes: { ints: [0] }, keepdims: 0 })
      }
      case 'attention': {
        const { store } = internalsOf(this.#network)
        const make = () => [float32(store.read(store.find(`${name}.weight`)))]
        const column = graph.weight(`${name}.weight`, [width, 1], [{ length: width, make }])
        const scores = masks.where(masks.counting(), graph.node('MatMul', [value, column]), LOWEST)
        return masks.keepStates(sum(graph.node('Mul', [value, graph.node('Softmax', [scores], { axis: 0 })])))
      }
    }
  }

  /** Appends `steps` steps of zeros, then cuts: (time, batch, width) → (batch, steps·width). */
  #flatten(steps: number, { value, width }: ExportEdge): string {
    const { graph } = this
    const kept = this.#masks.where(this.#masks.valid(), value, 0)
    const batch = graph.node('Slice', [graph.node('Shape', [kept]), graph.ints([1]), graph.ints([2])])
    const shape = graph.node('Concat', [graph.ints([steps]), batch, graph.ints([width])], { axis: 0 })
    const zeros = graph.node('Expand', [graph.floats(0), shape])
    const padded = graph.node('Concat', [kept, zeros], { axis: 0 })
    const cut = graph.node('Slice', [padded, graph.ints([0]), graph.ints([steps]), graph.ints([0])])
    const turned = graph.node('Transpose', [cut], { perm: { ints: [1, 0, 2] } })
    return graph.node('Reshape', [turned, graph.ints([0, steps * width])])
  }

  /** In rows (batch, time, width), whose numbers lie in the order of the sequence. */
  #reshape(
    { steps, width }: Extract<LayerOptions, { type: 'reshape' }>,
    { value, per }: ExportEdge,
  ): ExportEdge {
    const { graph } = this
    const turn = (x: string) => graph.node('Transpose', [x], { perm: { ints: [1, 0, 2] } })
    const rows = per === 'step' ? turn(value) : value
    this.#masks = this.#masks.fixed(steps)
    const shaped = graph.node('Reshape', [rows, graph.ints([0, steps, width])])
    return { value: turn(shaped), per: 'step', width }
  }

  #concat(of: readonly string[]): ExportEdge {
    const edges = of.map((name) => this.#edges.get(name)!)
    const value = this.graph.node(
      'Concat',
      edges.map((edge) => edge.value),
      { axis: -1 },
    )
    return { value, per: edges[0].per, width: edges.reduce((sum, edge) => sum + edge.width, 0) }
  }

  /** ONNX aligns axes at their end, so that (batch, width) stands for every step of (time, batch, width). */
  #merge({ operation, inputs }: Extract<LayerOptions, { type: 'merge' }>): ExportEdge {
    const { graph } = this
    const edges = inputs.map((name) => this.#edges.get(name)!)
    const op = {
      add: 'Add',
      average: 'Add',
      subtract: 'Sub',
      multiply: 'Mul',
      maximum: 'Max',
      minimum: 'Min',
    }
    const all = edges.map(({ value }) => value).reduce((a, b) => graph.node(op[operation], [a, b]))
    return {
      value: operation === 'average' ? graph.node('Div', [all, graph.floats(edges.length)]) : all,
      per: edges.some(({ per }) => per === 'step') ? 'step' : 'sequence',
      width: edges.reduce((most, { width }) => Math.max(most, width), 0),
    }
  }

  /** (time, batch, width) → (batch, time, width), zeros beyond each length. */
  output(edge: ExportEdge): string {
    if (edge.per === 'sequence') return edge.value
    const kept = this.#masks.where(this.#masks.valid(), edge.value, 0)
    return this.graph.node('Transpose', [kept], { perm: { ints: [1, 0, 2] } })
  }
}

/** The lowest float32. */
const LOWEST = -3.4028234663852886e38

/** The whole network as a graph, and its output: (batch, width) or (batch, time, width). */
export function exportLayers(network: Network): { graph: ExportGraph; output: ExportEdge } {
  const layers = new LayerExport(network)
  const edge = layers.run()
  return { graph: layers.graph, output: { ...edge, value: layers.output(edge) } }
}
