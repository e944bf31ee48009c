/**
 * Operators that become layers: products with weights, layer normalisation, softmax, pooling over time, one-hot input.
 */
import { ONE } from './axes.ts'
import { describeAxes, describeValue, type NodeConverter } from './context.ts'
import { convertRecurrent } from './recurrent.ts'
import type { Convert } from './shapes.ts'
import { getNumber, buildSize, wholeNumbers, type Axis, type SequenceValue, type Value } from './values.ts'
import { classNames, transposed } from '../../gateOrders.ts'
import type { OnnxTensor } from '../graph.ts'
import { mergeFlows, realised } from './elements/joins.ts'
import { above, takeStep } from './model.ts'
import type { IrNode, IrPattern } from './nodes.ts'
import { findSteps, withFeaturesAt, withFeaturesLast } from './turns.ts'

function constantAt(at: NodeConverter, value: Value | undefined, what: string): OnnxTensor | null {
  if (!value || value.kind === 'absent') return null
  if (value.kind === 'constant') return value.tensor
  throw at.unsupported(`${what} as a constant`, describeValue(value))
}

/** y = x·Wᵀ for each row; `weight` is (units, inputs). */
function dense(
  at: NodeConverter,
  given: SequenceValue,
  units: number,
  weight: Float32Array,
  bias: Float32Array | null,
): SequenceValue {
  const inputs = weight.length / units
  const sequence = flattenedSteps(at, given) ?? withFeaturesLast(at, given)
  const last = sequence.axes.length - 1
  const { role, size } = sequence.axes[last]
  const width = getNumber(size)
  if (role !== 'feature' || (width !== null && width !== inputs))
    throw at.unsupported(`${inputs} features on the last axis`, describeAxes(sequence.axes))
  const tip = above(sequence.tip, { type: 'dense', units, inputs, weight, bias }, at.node)
  return {
    kind: 'sequence',
    tip,
    axes: [...sequence.axes.slice(0, last), { role: 'feature', size: buildSize(units) }],
  }
}

/** Steps of one number each, whose axis a product reads as features; null for anything else. */
function flattenedSteps(at: NodeConverter, sequence: SequenceValue): SequenceValue | null {
  const { axes, tip } = sequence
  const time = axes[axes.length - 1]
  const steps = getNumber(time.size)
  const apart = axes.every(({ role }) => role !== 'feature' && role !== 'merged' && role !== 'direction')
  if (!apart || !time.role.startsWith('input') || axes.length < 2 || steps === null) return null
  if (!at.context.takeTime(time.role)) return null
  const flat = above(tip, { type: 'flatten', steps }, at.node)
  return { kind: 'sequence', tip: flat, axes: [...axes.slice(0, -1), { role: 'feature', size: time.size }] }
}

/**
 * A product of two values by batch, as in attention: scores (batch, time, features)·(batch, features, 1), and the weighted sum
 * (batch, 1, time)·(batch, time, features). Null for anything else.
 */
function batchProduct(at: NodeConverter, a: SequenceValue, b: SequenceValue): Value | null {
  if (a.axes.length !== 3 || b.axes.length !== 3) return null
  const [batch, rows, inner] = a.axes
  const [other, , columns] = b.axes
  const isTime = ({ role }: Axis) => role.startsWith('input') && at.context.takeTime(role)
  const isOne = ({ size }: Axis) => getNumber(size) === 1
  if (batch.role !== other.role || !batch.role.startsWith('input')) return null
  const turned = (value: SequenceValue): SequenceValue => {
    const [first, second, third] = value.axes
    return { ...value, axes: [first, third, second] }
  }
  // Scores: the sum over the features of each step's product with the row.
  const scores = (steps: SequenceValue, row: SequenceValue): SequenceValue => {
    const merged = mergeFlows(at, 'multiply', [steps, row]) as SequenceValue
    const width = at.width(merged)
    return dense(at, merged, 1, new Float32Array(width).fill(1), null)
  }
  if (inner.role === 'feature' && isTime(rows) && isOne(columns)) return scores(a, turned(b))
  if (inner.role === 'feature' && isOne(rows) && isTime(columns)) return turned(scores(turned(b), a))
  // (batch, features, time)·(batch, time, 1)
  if (rows.role === 'feature' && isTime(inner) && isOne(columns)) {
    const sum = batchProduct(at, turned(b), turned(a))
    return sum?.kind === 'sequence' ? turned(sum) : null
  }
  if (!isOne(rows) || columns.role !== 'feature' || !isTime(inner)) return null
  const weighted = mergeFlows(at, 'multiply', [realised(turned(a)), b]) as SequenceValue
  return {
    kind: 'sequence',
    axes: [batch, ONE, columns],
    tip: above(weighted.tip, { type: 'pool', pooling: 'sum' }, at.node),
  }
}

function matMul(at: NodeConverter, inputs: readonly Value[]): Value {
  if (inputs[0]?.kind === 'sequence' && inputs[1]?.kind === 'sequence') {
    const found = batchProduct(at, inputs[0], inputs[1])
    if (found) return found
  }
  const sequence = at.rows(inputs)
  const tensor = constantAt(at, inputs[1], 'the weight')
  if (tensor?.shape.length !== 2)
    throw at.unsupported('a weight of two axes', tensor ? `(${tensor.shape})` : 'none')
  const [rows, units] = tensor.shape
  return dense(at, sequence, units, transposed(Float32Array.from(tensor.data), rows, units), null)
}

function gemm(at: NodeConverter, inputs: readonly Value[]): Value {
  const sequence = at.rows(inputs)
  const tensor = constantAt(at, inputs[1], 'the weight')
  if (tensor?.shape.length !== 2 || at.int('transA', 0) || sequence.axes.length !== 2)
    throw at.unsupported(
      'rows times a constant weight',
      `${describeAxes(sequence.axes)}, transA ${at.int('transA', 0)}`,
    )
  const [first, second] = tensor.shape
  const given = Float32Array.from(tensor.data)
  const [units, weight] = at.int('transB', 0) ? [first, given] : [second, transposed(given, first, second)]
  const [alpha, beta] = [at.float('alpha', 1), at.float('beta', 1)]
  const c = constantAt(at, inputs[2], 'the bias')
  if (c && c.data.length !== units && c.data.length !== 1)
    throw at.unsupported(`a bias of ${units}`, `(${c.shape})`)
  const bias = c && Float32Array.from({ length: units }, (_, i) => beta * c.data[c.data.length === 1 ? 0 : i])
  return dense(at, sequence, units, alpha === 1 ? weight : weight.map((x) => alpha * x), bias)
}

function layerNormalization(at: NodeConverter, inputs: readonly Value[]): Value {
  const sequence = withFeaturesLast(at, at.rows(inputs))
  const width = at.width(sequence)
  if (at.axis(at.int('axis', -1), sequence.axes.length) !== sequence.axes.length - 1)
    throw at.unsupported('the last axis', `axis ${at.int('axis', -1)}`)
  const numbers = (value: Value | undefined, what: string) => {
    const tensor = constantAt(at, value, what)
    return tensor && Float32Array.from(tensor.data)
  }
  const scale = numbers(inputs[1], 'the scale')
  const ones = scale?.every((x) => x === 1) ? null : scale
  const layer = {
    type: 'layerNorm',
    epsilon: at.float('epsilon', 1e-5),
    width,
    scale: ones,
    centre: numbers(inputs[2], 'the bias'),
  } as const
  return at.over(sequence, above(sequence.tip, layer, at.node))
}

function softmax(at: NodeConverter, inputs: readonly Value[], activation: 'softmax' | 'logSoftmax'): Value {
  const sequence = at.sequence(inputs)
  const rank = sequence.axes.length
  const axis = at.axis(at.int('axis', at.opset < 13 ? 1 : -1), rank)
  if (at.opset < 13 && axis !== rank - 1) throw at.unsupported('softmax over the last axis', `axis ${axis}`)
  const { role } = sequence.axes[axis]
  if (role === 'feature') {
    const { tip } = at.rows(inputs)
    return at.over(sequence, above(tip, { type: 'activation', activation }, at.node))
  }
  if (activation === 'softmax' && at.context.takeTime(role)) return attentionWeights(at, sequence)
  throw at.unsupported('softmax over the features', describeAxes(sequence.axes))
}

/** Attention weights: the softmax over time of one score per step. A bias of the scores would have no effect. */
function attentionWeights(at: NodeConverter, sequence: SequenceValue): Value {
  const { layer, below } = sequence.tip
  const masked = sequence.fill && sequence.fill.mask !== 'last' && sequence.fill.value < -1e30
  if (at.context.ragged && !masked) throw at.unsupported('scores without the padding', 'the padded batch')
  if (layer.type !== 'dense' || layer.units !== 1) {
    const { tip } = at.rows([sequence])
    return at.over(sequence, above(tip, { type: 'timeSoftmax' }, at.node))
  }
  const pattern: IrPattern = {
    type: 'pattern',
    what: 'softmax over time',
    base: below!,
    value: 0,
    column: layer.weight,
  }
  return at.over(sequence, above(sequence.tip, pattern, at.node))
}

type Over = 'mean' | 'sum' | 'max'

function reduce(at: NodeConverter, inputs: readonly Value[], over: Over): Value {
  const read = at.sequence(inputs)
  const given = at.numbers('axes', inputs[1])
  if (given?.length !== 1) throw at.unsupported('one axis', given ? `${given.length}` : 'all')
  const axis = at.axis(given[0], read.axes.length)
  const keep = at.int('keepdims', 1) === 1
  const isFeature = read.axes[axis].role === 'feature'
  if (isFeature && axis === read.axes.length - 1 && over === 'mean' && keep) return rowMean(at, read)
  const sequence = (isFeature && withFeaturesAt(at, read, findSteps(at, read.axes))) || read
  const { role } = sequence.axes[axis]
  const axes = sequence.axes.flatMap((other, i) => (i === axis ? (keep ? [ONE] : []) : [other]))
  if (role === 'direction') return { ...sequence, axes, tip: mergedTip(at, sequence, over) }
  if (!at.context.takeTime(role)) throw at.unsupported('an axis of time', describeAxes(sequence.axes))
  return { kind: 'sequence', axes, tip: pooledTip(at, sequence, over) }
}

function rowMean(at: NodeConverter, sequence: SequenceValue): Value {
  const { layer } = sequence.tip
  const width = at.width(sequence)
  const squared = layer.type === 'pattern' && layer.what === 'squared centred row' ? layer : null
  const centred = squared?.base.layer.type === 'pattern' ? squared.base.layer : null
  const pattern: IrPattern = centred
    ? { type: 'pattern', what: 'row variance', base: centred.base, value: 0 }
    : { type: 'pattern', what: 'row mean', base: sequence.tip, value: width }
  const axes: Axis[] = [...sequence.axes.slice(0, -1), ONE]
  return { kind: 'sequence', axes, tip: above(sequence.tip, pattern, at.node) }
}

/** Sums or averages two directions. */
function mergedTip(at: NodeConverter, { tip }: SequenceValue, over: Over): IrNode {
  const { layer } = tip
  if (layer.type !== 'recurrent' || over === 'max')
    throw at.unsupported('directions added up or averaged', over)
  if (layer.directions.length === 1) return tip
  const options = { ...layer.options, merge: over === 'sum' ? 'sum' : 'average' } as const
  return { ...tip, layer: { ...layer, options } }
}

function pooledTip(at: NodeConverter, sequence: SequenceValue, over: Over): IrNode {
  const { tip, fill } = sequence
  const { layer } = tip
  const { ragged } = at.context
  if (over === 'sum' && layer.type === 'pattern' && layer.what === 'weighted steps')
    return above(layer.base, { type: 'pool', pooling: 'attention', column: layer.column }, at.node)
  if (fill?.mask === 'last') {
    if (over === 'sum' && fill.value === 0) return takeStep(tip, 'last', at.node)
    throw at.unsupported('the sum over the last step', over)
  }
  const clean =
    !ragged ||
    (over === 'sum' && (fill?.value === 0 || layer.type === 'recurrent')) ||
    (over === 'max' && fill !== undefined && fill.value < -1e30)
  if (clean) return above(tip, { type: 'pool', pooling: over }, at.node)
  throw at.unsupported('pooling without the padding', `the ${over} over the padded batch`)
}

function oneHot(at: NodeConverter, [ids, depth, values]: readonly Value[]): Value {
  const vocabulary = depth && wholeNumbers(depth)?.[0]
  const plain = values?.kind === 'constant' && values.tensor.data[0] === 0 && values.tensor.data[1] === 1
  if (ids?.kind !== 'ids' || !vocabulary || !plain || at.int('axis', -1) !== -1)
    throw at.unsupported('ids as rows of 0 and 1 on the last axis', ids ? describeValue(ids) : 'none')
  const tip: IrNode = { layer: { type: 'oneHot', input: ids.input, vocabulary }, below: null, node: at.node }
  return { kind: 'sequence', tip, axes: [...ids.axes, { role: 'feature', size: buildSize(vocabulary) }] }
}

/** Pooling over all steps of (batch, features, time), as convolutions order them. */
function globalPool(at: NodeConverter, inputs: readonly Value[], over: 'mean' | 'max'): Value {
  const read = at.sequence(inputs)
  const sequence = (read.axes.length === 3 && withFeaturesAt(at, read, 1)) || read
  const [batch, feature, time] = sequence.axes
  const fits = sequence.axes.length === 3 && (feature.role === 'feature' || feature.role === 'one')
  if (!fits || !at.context.takeTime(time.role))
    throw at.unsupported('(batch, features, time)', describeAxes(sequence.axes))
  return { kind: 'sequence', axes: [batch, feature, ONE], tip: pooledTip(at, sequence, over) }
}

/** Operators by name. */
export const LAYERS: Readonly<Record<string, Convert>> = {
  ...Object.fromEntries(classNames('onnx').map((op) => [op, convertRecurrent])),
  MatMul: matMul,
  Gemm: gemm,
  LayerNormalization: layerNormalization,
  Softmax: (at, inputs) => softmax(at, inputs, 'softmax'),
  LogSoftmax: (at, inputs) => softmax(at, inputs, 'logSoftmax'),
  ReduceMean: (at, inputs) => reduce(at, inputs, 'mean'),
  ReduceSum: (at, inputs) => reduce(at, inputs, 'sum'),
  ReduceMax: (at, inputs) => reduce(at, inputs, 'max'),
  OneHot: oneHot,
  GlobalMaxPool: (at, inputs) => globalPool(at, inputs, 'max'),
  GlobalAveragePool: (at, inputs) => globalPool(at, inputs, 'mean'),
}
