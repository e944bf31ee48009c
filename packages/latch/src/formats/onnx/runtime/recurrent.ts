/**
 * RNN, LSTM and GRU on Latch's engine. Each node has a network of one layer, which is built at the first call and kept
 * while the weights stay the same. All attributes of the specification are supported; with layout 1, the batch axis is
 * first.
 */
import { findCell, genericCells, takesOption, type CellName } from '../../../cells/registry.ts'
import type { EngineOptions } from '../../../engine/engine.ts'
import { PackedBatch } from '../../../tensors/packedBatch.ts'
import type { RecurrentOptions } from '../../../layers/recurrent/recurrent.ts'
import { allLayers } from '../../../model/allLayers.ts'
import { networkFromConfig, type Network } from '../../../model/network.ts'
import { PEEPHOLE_ORDERS, gateCount, reorderBlocks, rowsToNative } from '../../gateOrders.ts'
import { cellFunctions } from '../cellFunctions.ts'
import type { OnnxTensor } from '../graph.ts'
import { type GraphNode, type Inputs, isFloat, type Operator, type Run, showShape } from './node.ts'
import { reordered, computeStrides } from './strides.ts'

type Cell = CellName
const DIRECTIONS = ['forward', 'reverse', 'bidirectional'] as const

/** The attributes of a recurrent node. */
interface Form {
  cell: Cell
  layer: Omit<RecurrentOptions, 'units' | 'peepholes'>
  directions: number
  /** `hidden_size`; null if the weights determine it. */
  units: number | null
  batchFirst: boolean
}

function readForm(node: GraphNode, cell: Cell): Form {
  const direction = DIRECTIONS.find((name) => name === node.text('direction', 'forward').toLowerCase())
  if (!direction)
    throw node.broken(`a direction among ${DIRECTIONS.join(', ')}`, `'${node.text('direction')}'`)
  const directions = direction === 'bidirectional' ? 2 : 1
  const [first, second] = readFunctions(node, cell, directions)
  const units = node.has('hidden_size') ? node.int('hidden_size') : null
  node.ignore('hidden_size')
  const clip = node.has('clip') ? node.float('clip') : 0
  node.ignore('clip')
  if (clip < 0 || Number.isNaN(clip)) throw node.broken('a clip above 0', `${clip}`)
  const layer: Form['layer'] = { type: 'recurrent', cell, direction, ...first }
  if (second) layer.backward = second
  if (clip > 0) layer.clip = clip
  if (takesOption(genericCells, cell, 'reset'))
    layer.reset = node.flag('linear_before_reset') ? 'after' : 'before'
  if (takesOption(genericCells, cell, 'coupled') && node.flag('input_forget')) layer.coupled = true
  const batchFirst = node.opset >= 14 && node.flag('layout')
  return { cell, layer, directions, units, batchFirst }
}

type Functions = Pick<RecurrentOptions, 'activation' | 'gateActivation' | 'stateActivation'>

function readFunctions(node: GraphNode, cell: Cell, directions: number): readonly Functions[] {
  const given = {
    activations: node.texts('activations', []),
    alphas: node.numbers('activation_alpha', []),
    betas: node.numbers('activation_beta', []),
  }
  const errors = {
    unknown: (expected: string, got: string) => node.unsupported(expected, got),
    broken: (expected: string, got: string) => node.broken(expected, got),
  }
  return cellFunctions(cell, directions, given, errors).map((specs) => {
    const [f, g, h] = specs.map((spec) => (Object.keys(spec).length === 1 ? spec.type : spec))
    if (specs.length === 1) return { activation: f }
    if (specs.length === 2) return { gateActivation: f, activation: g }
    return { gateActivation: f, activation: g, stateActivation: h }
  })
}

/** The sizes of one call. */
interface Sizes {
  steps: number // T
  batch: number // B
  width: number // F
  units: number // H
  directions: number // D
}

/** The input tensors of a node, by their names in the specification. */
interface Tensors {
  x: OnnxTensor
  w: OnnxTensor
  r: OnnxTensor
  b?: OnnxTensor
  lengths?: OnnxTensor
  initialH?: OnnxTensor
  initialC?: OnnxTensor
  p?: OnnxTensor
}

function getTensors([x, w, r, b, lengths, initialH, initialC, p]: Inputs): Tensors {
  return { x: x!, w: w!, r: r!, b, lengths, initialH, initialC, p }
}

function getSizes(node: GraphNode, form: Form, { x, w, r }: Tensors): Sizes {
  if (x.shape.length !== 3) throw node.misshapen('X of three axes', showShape(x.shape))
  const [steps, batch, width] = form.batchFirst ? [x.shape[1], x.shape[0], x.shape[2]] : x.shape
  if (steps < 1 || batch < 1 || width < 1)
    throw node.misshapen('X of at least one step, sequence and feature', showShape(x.shape))
  const units = r.shape[r.shape.length - 1] ?? 0
  if (form.units !== null && form.units !== units)
    throw node.misshapen(`R for the hidden_size ${form.units}`, showShape(r.shape))
  if (units < 1) throw node.misshapen('R of at least one unit', showShape(r.shape))
  const { directions } = form
  const rows = gateCount(form.cell) * units
  checkShape(node, 'W', w, [directions, rows, width])
  checkShape(node, 'R', r, [directions, rows, units])
  return { steps, batch, width, units, directions }
}

function checkShape(
  node: GraphNode,
  name: string,
  tensor: OnnxTensor | undefined,
  shape: readonly number[],
): void {
  if (!tensor || showShape(tensor.shape) === showShape(shape)) return
  throw node.misshapen(`${name} of shape ${showShape(shape)}`, showShape(tensor.shape))
}

/** Checks the optional inputs. @throws ShapeError, DataError */
function checkRest(node: GraphNode, form: Form, tensors: Tensors, sizes: Sizes): void {
  const { batch, steps, units, directions } = sizes
  checkShape(node, 'B', tensors.b, [directions, 2 * gateCount(form.cell) * units])
  checkShape(node, 'P', tensors.p, [directions, 3 * units])
  const states = form.batchFirst ? [batch, directions, units] : [directions, batch, units]
  checkShape(node, 'initial_h', tensors.initialH, states)
  checkShape(node, 'initial_c', tensors.initialC, states)
  checkShape(node, 'sequence_lens', tensors.lengths, [batch])
  const strange = tensors.lengths?.data.find(
    (length) => !(Number.isInteger(length) && length >= 1 && length <= steps),
  )
  if (strange !== undefined) throw node.wrong(`sequence_lens from 1 to ${steps}`, `${strange}`)
}

/** One direction's part of a tensor whose first axis is the direction. */
function getPart({ data, shape }: OnnxTensor, direction: number): OnnxTensor['data'] {
  const size = data.length / shape[0]
  return data.subarray(direction * size, (direction + 1) * size)
}

/** Parameters in Latch's gate order, by the last part of their names. */
function readWeights(
  cell: Cell,
  { w, r, b, p }: Tensors,
  directions: number,
): ReadonlyMap<string, ArrayLike<number>> {
  const weights = new Map<string, ArrayLike<number>>()
  for (let d = 0; d < directions; d++) {
    const suffix = d ? '_l0_reverse' : '_l0'
    weights.set(`weight_ih${suffix}`, rowsToNative(getPart(w, d), 'onnx', cell))
    weights.set(`weight_hh${suffix}`, rowsToNative(getPart(r, d), 'onnx', cell))
    if (p)
      weights.set(
        `weight_ph${suffix}`,
        reorderBlocks(getPart(p, d), PEEPHOLE_ORDERS.onnx, PEEPHOLE_ORDERS.native),
      )
    if (!b) continue
    const both = getPart(b, d)
    weights.set(`bias_ih${suffix}`, rowsToNative(both.subarray(0, both.length / 2), 'onnx', cell))
    weights.set(`bias_hh${suffix}`, rowsToNative(both.subarray(both.length / 2), 'onnx', cell))
  }
  return weights
}

function buildNetwork(form: Form, tensors: Tensors, sizes: Sizes, engine: EngineOptions): Network {
  const { cell, layer } = form
  const { width, units, directions } = sizes
  const options: RecurrentOptions = { ...layer, units }
  if (!tensors.b) options.bias = false
  if (tensors.p) options.peepholes = true
  const weights = readWeights(cell, tensors, directions)
  const layers = [{ type: 'features', width }, options] as const
  const precision: EngineOptions =
    tensors.x.dtype === 'float64' ? { engine: 'reference', precision: 'float64' } : engine
  return networkFromConfig({ layers }, allLayers, {
    ...precision,
    weights: ({ name }) => weights.get(name.slice(name.lastIndexOf('.') + 1))!,
  })
}

/** The offset of one state within (D, B, H), or (B, D, H) if the batch is first. */
function statePlaces(form: Form, { batch, units, directions }: Sizes, direction: number, b: number): number {
  return (form.batchFirst ? b * directions + direction : direction * batch + b) * units
}

function giveStates(network: Network, batch: PackedBatch, form: Form, tensors: Tensors, sizes: Sizes): void {
  const given = { hidden: tensors.initialH, cell: tensors.initialC } as const
  for (const state of ['hidden', 'cell'] as const) {
    const tensor = given[state]
    if (!tensor) continue
    for (let d = 0; d < sizes.directions; d++) {
      const values = new Float64Array(sizes.batch * sizes.units)
      for (let b = 0; b < sizes.batch; b++) {
        const from = statePlaces(form, sizes, d, b)
        values.set(tensor.data.subarray(from, from + sizes.units), b * sizes.units)
      }
      network.writeInitialState(batch, values, { state, direction: d })
    }
  }
}

function finalStates(
  node: GraphNode,
  network: Network,
  batch: PackedBatch,
  form: Form,
  sizes: Sizes,
  state: 'hidden' | 'cell',
  dtype: OnnxTensor['dtype'],
): OnnxTensor {
  const { directions, units } = sizes
  const out = node.make(
    dtype,
    form.batchFirst ? [sizes.batch, directions, units] : [directions, sizes.batch, units],
  )
  for (let d = 0; d < directions; d++) {
    const values = network.readFinalState(batch, { state, direction: d })
    for (let b = 0; b < sizes.batch; b++)
      out.data.set(values.subarray(b * units, (b + 1) * units), statePlaces(form, sizes, d, b))
  }
  return out
}

/** Y as (T, D, B, H), or (B, T, D, H) if the batch is first; zeros beyond each length. */
function everyStep(
  node: GraphNode,
  network: Network,
  batch: PackedBatch,
  form: Form,
  sizes: Sizes,
  dtype: OnnxTensor['dtype'],
): OnnxTensor {
  const { steps, directions, units } = sizes
  const shape = form.batchFirst
    ? [sizes.batch, steps, directions, units]
    : [steps, directions, sizes.batch, units]
  const out = node.make(dtype, shape)
  const values = network.readOutput(batch) // (B, T of the longest, D·H)
  for (let b = 0; b < sizes.batch; b++) {
    for (let t = 0; t < batch.steps; t++) {
      for (let d = 0; d < directions; d++) {
        const from = ((b * batch.steps + t) * directions + d) * units
        const to = form.batchFirst ? (b * steps + t) * directions + d : (t * directions + d) * sizes.batch + b
        out.data.set(values.subarray(from, from + units), to * units)
      }
    }
  }
  return out
}

/** The operator of a cell, run on an engine. */
export function recurrent(cell: Cell, engine: EngineOptions): Operator {
  return (node) => {
    const states = findCell(genericCells, cell).stateNames.length
    node.expect(3, states === 2 ? 8 : 6, states + 1)
    const form = readForm(node, cell)
    return buildRun(node, form, engine)
  }
}

function buildRun(node: GraphNode, form: Form, engine: EngineOptions): Run {
  let kept: { key: readonly unknown[]; network: Network } | null = null
  const networkFor = (tensors: Tensors, sizes: Sizes) => {
    const { w, r, b, p } = tensors
    const key = [w, r, b, p]
    if (kept && key.every((tensor, i) => tensor === kept!.key[i])) return kept.network
    kept?.network.dispose()
    kept = null
    const network = buildNetwork(form, tensors, sizes, engine)
    kept = { key, network }
    return network
  }
  return (inputs) => {
    const tensors = getTensors(inputs)
    const { x, w, r, b, initialH, initialC, p } = tensors
    const dtype = node.sameType([x, w, r, b, initialH, initialC, p], isFloat)
    const sizes = getSizes(node, form, tensors)
    checkRest(node, form, tensors, sizes)
    const [T, B, F] = [sizes.steps, sizes.batch, sizes.width]
    node.work(T * B * (w!.data.length + r!.data.length))
    const network = networkFor(tensors, sizes)
    const [ofSteps, ofBatch] = computeStrides(x.shape)
    const rows = form.batchFirst ? x : reordered(node, x, [B, T, F], [ofBatch, ofSteps, 1])
    const batch = PackedBatch.ofFeatures(rows.data, [B, T, F], tensors.lengths?.data)
    giveStates(network, batch, form, tensors, sizes)
    network.forward(batch)
    const outputs = [everyStep(node, network, batch, form, sizes, dtype)]
    outputs.push(finalStates(node, network, batch, form, sizes, 'hidden', dtype))
    if (findCell(genericCells, form.cell).stateNames.includes('cell'))
      outputs.push(finalStates(node, network, batch, form, sizes, 'cell', dtype))
    return outputs
  }
}
