/**
 * Converts ONNX's RNN, LSTM and GRU to recurrent layers: reorders gates, names activations, directions and both halves
 * of the bias. Initial states must be zeros or inputs of the graph.
 */
import { sameActivation, type ActivationChoice, type ActivationSpec } from '../../../cells/activations.ts'
import { type CellForm, type CellName, genericCells, takesOption } from '../../../cells/registry.ts'
import type { RecurrentOptions } from '../../../layers/recurrent/recurrent.ts'
import { gateCount, PEEPHOLE_ORDERS, reorderBlocks, rowsToNative, cellOfClass } from '../../gateOrders.ts'
import { cellFunctions } from '../cellFunctions.ts'
import type { OnnxTensor } from '../graph.ts'
import { asWritten, describeAxes, describeValue, type NodeConverter } from './context.ts'
import { getNumber, buildSize, type Axis, type SequenceValue, type Value } from './values.ts'
import { above } from './model.ts'
import type { DirectionWeights, IrNode } from './nodes.ts'
import { rowAsStep, withFeaturesLast } from './turns.ts'

/** Returns the outputs Y and Y_h as sequences; Y_c is not supported. */
export function convertRecurrent(at: NodeConverter, inputs: readonly Value[]): readonly Value[] {
  const cell = cellOfClass('onnx', at.node.op)!
  const batchFirst = at.int('layout', 0) === 1
  const input = asSteps(at, at.rows(inputs), batchFirst ? 1 : 0)
  const [time, batch, features] = buildAxes(at, input, batchFirst)
  const width = getNumber(features.size)
  const tensors = readWeights(at, inputs, cell)
  if (width !== null && width !== tensors.width)
    throw at.unsupported(`weights for ${width} features`, `weights for ${tensors.width}`)
  const options = readOptions(at, cell, tensors)
  const lengths = checkLengths(at, inputs[4], time)
  if (input.compact !== (inputs[4]?.kind === 'masking' || undefined))
    throw at.unsupported('masked steps out of the way', 'steps in their places')
  for (const state of inputs.slice(5, 7)) checkState(at, state)
  const layer = { type: 'recurrent', options, directions: tensors.directions, width: tensors.width } as const
  const steps: IrNode = above(input.tip, layer, at.node)
  const final: IrNode = { ...steps, layer: { ...layer, options: { ...options, returnSequences: false } } }
  const direction: Axis = { role: 'direction', size: buildSize(tensors.directions.length) }
  const units: Axis = { role: 'feature', size: buildSize(options.units) }
  const order = batchFirst ? [batch, time, direction, units] : [time, direction, batch, units]
  const states = batchFirst ? [batch, direction, units] : [direction, batch, units]
  const y: Value = { kind: 'sequence', tip: steps, axes: order, compact: input.compact }
  const last: Value = { kind: 'sequence', tip: final, axes: states }
  const cellState = at.unsupported('outputs Y and Y_h', 'the final cell state Y_c')
  const refused = { kind: 'refused', error: cellState } as const
  if (!at.context.ragged || lengths) return [y, last, refused]
  if (options.direction !== 'forward')
    throw at.unsupported('lengths as sequence_lens', 'a direction without them')
  const unread = at.unsupported('lengths as sequence_lens', 'a final state without them')
  return [y, { kind: 'refused', error: unread }, refused]
}

/** Steps with their features last, where the graph has others there. */
function asSteps(at: NodeConverter, rows: SequenceValue, time: number): SequenceValue {
  if (rows.axes.length !== 3) return rows
  return rowAsStep(at, rows, time) ?? withFeaturesLast(at, rows)
}

function buildAxes(
  at: NodeConverter,
  { axes }: SequenceValue,
  batchFirst: boolean,
): readonly [Axis, Axis, Axis] {
  const [first, second, features] = axes
  const isFeature = axes.length === 3 && features.role === 'feature'
  const [time, batch] = batchFirst ? [second, first] : [first, second]
  if (isFeature && batch.role.startsWith('input') && at.context.takeTime(time.role))
    return [time, batch, features]
  throw at.unsupported(
    batchFirst ? 'axes (batch, time, features)' : 'axes (time, batch, features)',
    describeAxes(axes),
  )
}

interface RecurrentTensors {
  directions: readonly DirectionWeights[]
  units: number
  width: number
}

function tensorAt(
  at: NodeConverter,
  inputs: readonly Value[],
  index: number,
  name: string,
): OnnxTensor | null {
  const value = inputs[index] as Value | undefined
  if (!value || value.kind === 'absent') return null
  if (value.kind === 'constant') return value.tensor
  throw at.unsupported(`${name} as a constant`, describeValue(value))
}

function readWeights(at: NodeConverter, inputs: readonly Value[], cell: CellName): RecurrentTensors {
  const [w, r] = [tensorAt(at, inputs, 1, 'W'), tensorAt(at, inputs, 2, 'R')]
  const b = tensorAt(at, inputs, 3, 'B')
  const p = takesOption(genericCells, cell, 'peepholes') ? tensorAt(at, inputs, 7, 'P') : null
  if (!w || !r || w.shape.length !== 3 || r.shape.length !== 3)
    throw at.unsupported('W and R of three axes', 'others')
  const [count, rows, width] = w.shape
  const units = r.shape[2]
  const gates = gateCount(cell)
  const fits = (tensor: OnnxTensor | null, ...shape: number[]) => !tensor || `${tensor.shape}` === `${shape}`
  const rightSizes = fits(r, count, gates * units, units) && rows === gates * units
  if (!rightSizes || !fits(b, count, 2 * rows) || !fits(p, count, 3 * units))
    throw at.unsupported(`weights of ${gates} gates of ${units} units`, `W (${w.shape}), R (${r.shape})`)
  const part = ({ data }: OnnxTensor, d: number, from: number, to: number) => {
    const size = data.length / count
    return Float32Array.from(data.subarray(d * size + from, d * size + to))
  }
  const native = (values: Float32Array) => rowsToNative(values, 'onnx', cell)
  const directions = Array.from({ length: count }, (_, d) => ({
    input: native(part(w, d, 0, rows * width)),
    hidden: native(part(r, d, 0, rows * units)),
    biasInput: b && native(part(b, d, 0, rows)),
    biasHidden: b && native(part(b, d, rows, 2 * rows)),
    peepholes: p && reorderBlocks(part(p, d, 0, 3 * units), PEEPHOLE_ORDERS.onnx, PEEPHOLE_ORDERS.native),
  }))
  return { directions, units, width }
}

function readOptions(
  at: NodeConverter,
  cell: CellName,
  { directions, units }: RecurrentTensors,
): RecurrentOptions {
  const direction = at.text('direction', 'forward')
  if (direction !== 'forward' && direction !== 'reverse' && direction !== 'bidirectional')
    throw at.unsupported('a direction forward, reverse or bidirectional', direction)
  if ((direction === 'bidirectional') !== (directions.length === 2))
    throw at.unsupported(
      `weights of ${direction === 'bidirectional' ? 'two directions' : 'one direction'}`,
      `${directions.length}`,
    )
  const functions = readFunctions(at, cell, directions.length)
  const clip = at.float('clip', 0)
  const resets = takesOption(genericCells, cell, 'reset')
  const before = resets && at.int('linear_before_reset', 0) === 0
  const options: RecurrentOptions = {
    type: 'recurrent',
    cell,
    units,
    direction,
    returnSequences: true,
    bias: directions[0].biasInput !== null,
    ...(resets ? { reset: before ? 'before' : 'after' } : {}),
    ...functions[0],
    ...(clip > 0 ? { clip } : {}),
    ...(directions[0].peepholes ? { peepholes: true } : {}),
    ...(takesOption(genericCells, cell, 'coupled') && at.int('input_forget', 0) ? { coupled: true } : {}),
  }
  if (functions.length === 2 && JSON.stringify(functions[0]) !== JSON.stringify(functions[1]))
    options.backward = spelledOut(cell, functions[1])
  return options
}

type Functions = Pick<CellForm, 'activation' | 'gateActivation' | 'stateActivation'>

/** Activations with defaults filled in, so that the backward direction does not inherit those of the forward one. */
function spelledOut(cell: CellName, functions: Functions): Functions {
  const { activation = 'tanh', gateActivation = 'sigmoid', stateActivation = activation } = functions
  const takes = (option: keyof Functions) => takesOption(genericCells, cell, option)
  return {
    activation,
    ...(takes('gateActivation') && { gateActivation }),
    ...(takes('stateActivation') && { stateActivation }),
  }
}

function readFunctions(at: NodeConverter, cell: CellName, directions: number): Functions[] {
  const given = {
    activations: at.texts('activations') ?? [],
    alphas: at.list('activation_alpha') ?? [],
    betas: at.list('activation_beta') ?? [],
  }
  const unsupported = (expected: string, got: string) => at.unsupported(expected, got)
  const specs = cellFunctions(cell, directions, given, { unknown: unsupported, broken: unsupported })
  return specs.map((each) => named(each.map(plainest)))
}

/** The shortest form of an activation: its name if that suffices, otherwise with its parameters. */
function plainest({ type, alpha, beta }: ActivationSpec): ActivationChoice {
  const spec: ActivationSpec = { type }
  if (alpha !== undefined) spec.alpha = asWritten(alpha)
  if (beta !== undefined) spec.beta = asWritten(beta)
  if (type === 'affine' && spec.alpha === 1 && spec.beta === 0) return 'linear'
  return Object.keys(spec).length === 1 ? type : spec
}

/** Activations as options by role, without defaults. */
function named(choices: readonly ActivationChoice[]): Functions {
  if (choices.length === 1) return sameActivation(choices[0], 'tanh') ? {} : { activation: choices[0] }
  const [gate, candidate, state = candidate] = choices
  return {
    ...(sameActivation(candidate, 'tanh') ? {} : { activation: candidate }),
    ...(sameActivation(gate, 'sigmoid') ? {} : { gateActivation: gate }),
    ...(sameActivation(state, candidate) ? {} : { stateActivation: state }),
  }
}

/** Whether the operator reads lengths. Constant lengths must all equal the number of steps. */
function checkLengths(at: NodeConverter, value: Value | undefined, time: Axis): boolean {
  if (!value || value.kind === 'absent') return false
  if (value.kind === 'lengths' && value.minus === 0) return true
  if (value.kind === 'masking' && value.what === 'lengths') return true
  const steps = getNumber(time.size)
  if (value.kind === 'constant' && steps !== null && value.tensor.data.every((length) => length === steps))
    return false
  throw at.unsupported('sequence_lens that are an input', describeValue(value))
}

function checkState(at: NodeConverter, value: Value | undefined): void {
  if (!value || value.kind === 'absent' || value.kind === 'zeros') return
  if (value.kind === 'constant' && value.tensor.data.every((x) => x === 0)) {
    const [, batch] = value.tensor.shape
    if (value.tensor.shape.length === 3 && at.int('layout', 0) === 0) at.context.sequences = batch
    return
  }
  if (value.kind !== 'state')
    throw at.unsupported('an initial state of zeros or from outside', describeValue(value))
  at.context.warnings.add(
    `Initial states come from outside (input ${value.name}): zero by default, writeInitialState sets them`,
  )
}
