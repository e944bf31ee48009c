/**
 * A recurrent layer as ONNX's RNN, LSTM or GRU, with layout 0, lengths as `sequence_lens` and both halves of the bias.
 * One operator holds both directions; the operators after it combine them according to the layer's `merge`.
 */
import { genericCells, takesOption, type CellOptions } from '../../../cells/registry.ts'
import type { RecurrentOptions } from '../../../layers/recurrent/recurrent.ts'
import { internalsOf, type Network } from '../../../model/network.ts'
import { GATE_ORDERS, gateCount, PEEPHOLE_ORDERS, requireClassName } from '../../gateOrders.ts'
import { cellActivations } from './activations.ts'
import { float32, type AttributeValue, type ExportGraph, type WeightPart } from './graph.ts'
import type { StepMasks } from './masks.ts'

/** Where the weights of a layer are. */
export interface CellWeights {
  network: Network
  name: string
  options: RecurrentOptions
  inputWidth: number
}

/** The layer, its weights, and the input of its operator. */
export interface RecurrentExport extends CellWeights {
  /** The value of the input, (time, batch, width). */
  input: string
  masks: StepMasks
}

/** Adds the operator; returns (time, batch, width), or (batch, width) if the layer outputs only the last step. */
export function emitRecurrent(graph: ExportGraph, layer: RecurrentExport): string {
  const { options, name, input, masks } = layer
  const last = options.returnSequences === false
  const peepholes = options.peepholes ? [buildWeights(graph, layer, 'weight_ph')] : []
  const inputs = [
    masks.compact(input),
    buildWeights(graph, layer, 'weight_ih'),
    buildWeights(graph, layer, 'weight_hh'),
    options.bias === false ? '' : buildBiases(graph, layer),
    masks.sequenceLengths(),
    ...(peepholes.length ? ['', '', ...peepholes] : []),
  ]
  const attributes = buildAttributes(options, name)
  const outputs = graph.operator(
    requireClassName('onnx', options.cell, name),
    inputs,
    attributes,
    last ? 2 : 1,
    (i) => i === (last ? 1 : 0),
  )
  if (last) return masks.keepStates(mergeLast(graph, options, outputs[1]))
  return masks.masked ? mergeMasked(graph, layer, outputs[0]) : mergeSteps(graph, options, outputs[0])
}

export function buildAttributes(
  options: RecurrentOptions,
  name: string,
): Record<string, AttributeValue | undefined> {
  const { cell, units, direction = 'forward', clip, coupled } = options
  // The backward direction inherits the layer's options; defaults are applied afterwards, as in the layer.
  const both = direction === 'bidirectional' ? [options, { ...options, ...options.backward }] : [options]
  const directions = both.map(
    ({ activation = 'tanh', gateActivation = 'sigmoid', stateActivation = activation }) => ({
      activation,
      gateActivation,
      stateActivation,
    }),
  )
  const functions = directions.flatMap((f) => {
    const takes = (option: keyof CellOptions) => takesOption(genericCells, cell, option)
    return [
      ...(takes('gateActivation') ? [f.gateActivation] : []),
      f.activation,
      ...(takes('stateActivation') ? [f.stateActivation] : []),
    ]
  })
  return {
    hidden_size: units,
    direction,
    ...cellActivations(functions, name),
    clip: clip === undefined ? undefined : { float: clip },
    linear_before_reset: takesOption(genericCells, cell, 'reset')
      ? options.reset === 'before'
        ? 0
        : 1
      : undefined,
    input_forget: coupled ? 1 : undefined,
  }
}

/** The names of a layer's parameters of one kind, one per direction. */
function listNames({ network, name, options }: CellWeights, kind: string): string[] {
  const plain = `${name}.${kind}_l0`
  if (options.direction === 'bidirectional') return [plain, `${plain}_reverse`]
  return [network.parameters.some((p) => p.name === plain) ? plain : `${plain}_reverse`]
}

function getPart({ network, options }: CellWeights, name: string, turn: 'gates' | 'peepholes'): WeightPart {
  const parameter = internalsOf(network).store.find(name)
  return {
    length: parameter.size,
    // Views of one copy, in the file's gate order, so no second copy is made.
    make() {
      const values = float32(internalsOf(network).store.read(parameter))
      const { from, to } = orders(turn, options.cell)
      const size = values.length / from.length
      return to.map((gate) => {
        const at = from.indexOf(gate) * size
        return values.subarray(at, at + size)
      })
    },
  }
}

/** The gate order in Latch and in the file. */
function orders(of: 'gates' | 'peepholes', cell: RecurrentOptions['cell']) {
  if (of === 'peepholes')
    return { from: PEEPHOLE_ORDERS.native as readonly string[], to: PEEPHOLE_ORDERS.onnx }
  return { from: GATE_ORDERS.native[cell]!, to: GATE_ORDERS.onnx[cell]! }
}

/** (directions, G·H, width), or peepholes (directions, 3·H). */
export function buildWeights(
  graph: ExportGraph,
  layer: CellWeights,
  kind: 'weight_ih' | 'weight_hh' | 'weight_ph',
): string {
  const { cell, units } = layer.options
  const names = listNames(layer, kind)
  const parts = names.map((name) => getPart(layer, name, kind === 'weight_ph' ? 'peepholes' : 'gates'))
  const rows = gateCount(cell) * units
  const dims = {
    weight_ih: [names.length, rows, layer.inputWidth],
    weight_hh: [names.length, rows, units],
    weight_ph: [names.length, 3 * units],
  }[kind]
  return graph.weight(`${layer.name}.${kind}`, dims, parts)
}

/** (directions, 2·G·H): for each direction the input bias, then the recurrent bias; zeros if the layer has only one. */
export function buildBiases(graph: ExportGraph, layer: CellWeights): string {
  const { cell, units, bias } = layer.options
  const inputs = listNames(layer, 'bias_ih')
  const states = bias === 'single' ? [] : listNames(layer, 'bias_hh')
  const length = gateCount(cell) * units
  const zeros: WeightPart = { length, make: () => [new Float32Array(length)] }
  const parts = inputs.flatMap((name, d) => [
    getPart(layer, name, 'gates'),
    states.length > 0 ? getPart(layer, states[d], 'gates') : zeros,
  ])
  const dims = [inputs.length, 2 * length]
  return graph.weight(`${layer.name}.bias`, dims, parts)
}

/** (time, directions, batch, units) → (time, batch, width). */
export function mergeSteps(graph: ExportGraph, options: RecurrentOptions, y: string): string {
  if (options.direction !== 'bidirectional') return graph.node('Squeeze', [y, graph.ints([1])])
  const { merge = 'concat' } = options
  if (merge !== 'concat') return mergeElements(graph, merge, y, 1)
  const beside = graph.node('Transpose', [y], { perm: { ints: [0, 2, 1, 3] } })
  return graph.node('Reshape', [beside, graph.ints([0, 0, 2 * options.units])])
}

/** As `mergeSteps`, with each direction's masked steps filled in its own reading order. */
function mergeMasked(graph: ExportGraph, { options, masks }: RecurrentExport, y: string): string {
  const { direction, merge = 'concat' } = options
  const squeeze = (value: string) => graph.node('Squeeze', [value, graph.ints([1])])
  if (direction !== 'bidirectional') return masks.spread(squeeze(y), direction === 'reverse')
  const parts = graph.operator('Split', [y, graph.ints([1, 1])], { axis: 1 }, 2)
  const sides = parts.map((part, d) => masks.spread(squeeze(part), d === 1))
  if (merge === 'concat') return graph.node('Concat', sides, { axis: -1 })
  if (merge === 'multiply') return graph.node('Mul', sides)
  const sum = graph.node('Add', sides)
  return merge === 'sum' ? sum : graph.node('Mul', [sum, graph.floats(0.5)])
}

/** (directions, batch, units) → (batch, width). */
function mergeLast(graph: ExportGraph, options: RecurrentOptions, h: string): string {
  if (options.direction !== 'bidirectional') return graph.node('Squeeze', [h, graph.ints([0])])
  const { merge = 'concat' } = options
  if (merge !== 'concat') return mergeElements(graph, merge, h, 0)
  const beside = graph.node('Transpose', [h], { perm: { ints: [1, 0, 2] } })
  return graph.node('Reshape', [beside, graph.ints([0, 2 * options.units])])
}

function mergeElements(
  graph: ExportGraph,
  merge: 'sum' | 'multiply' | 'average',
  value: string,
  axis: number,
): string {
  if (merge === 'sum') return graph.node('ReduceSum', [value, graph.ints([axis])], { keepdims: 0 })
  if (merge === 'average') return graph.node('ReduceMean', [value], { axes: { ints: [axis] }, keepdims: 0 })
  const [first, second] = graph.operator('Split', [value, graph.ints([1, 1])], { axis }, 2)
  return graph.node('Squeeze', [graph.node('Mul', [first, second]), graph.ints([axis])])
}
