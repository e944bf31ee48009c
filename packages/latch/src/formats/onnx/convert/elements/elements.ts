/**
 * Element-wise arithmetic: biases and factors of the layer below, and functions that exporters write as several
 * operators (layer normalisation, attention weights, self-gated activations).
 */
import type { OnnxTensor } from '../../graph.ts'
import { asWritten, describeAxes, describeValue, type NodeConverter } from '../context.ts'
import type { Convert } from '../shapes.ts'
import type { SequenceValue, Value } from '../values.ts'
import { above, activate, joinDirections } from '../model.ts'
import type { IrNode, IrPattern } from '../nodes.ts'
import { computeSizes } from '../batch.ts'
import { matchCubic, gate, findPattern } from './gates.ts'
import { joining, mergeFlows, realised } from './joins.ts'
import { withFeaturesLast } from '../turns.ts'

type Operand = { kind: 'scalar'; value: number } | { kind: 'vector'; values: Float32Array }

/** A constant as an operand: one number for all features, or one for each feature. */
function findOperand(at: NodeConverter, { data, shape }: OnnxTensor, sequence: SequenceValue): Operand {
  if (data.length === 1) return { kind: 'scalar', value: asWritten(data[0]) }
  const width = at.width(sequence)
  if (data.length === width && shape[shape.length - 1] === width && shape.length <= sequence.axes.length)
    return { kind: 'vector', values: Float32Array.from(data) }
  throw at.unsupported(`one number, or one for each of ${width} features`, `a constant of shape (${shape})`)
}

/** The sequence and the constant among two inputs, in either order, or two sequences. */
function sides(at: NodeConverter, inputs: readonly Value[]) {
  const [a, b] = inputs.map((value) => at.asNumbers(value))
  // A number for each of the last axis, which may be steps.
  const rows = (x: SequenceValue, { data }: OnnxTensor) => (data.length === 1 ? x : withFeaturesLast(at, x))
  if (a?.kind === 'sequence' && b?.kind === 'constant')
    return { kind: 'constant', sequence: rows(a, b.tensor), tensor: b.tensor, first: true } as const
  if (a?.kind === 'constant' && b?.kind === 'sequence')
    return { kind: 'constant', sequence: rows(b, a.tensor), tensor: a.tensor, first: false } as const
  if (a?.kind === 'sequence' && b?.kind === 'sequence')
    return { kind: 'flows', sequence: a, other: b } as const
  throw at.unsupported('a sequence and a constant', inputs.map(describeValue).join(' and '))
}

const pattern = (
  at: NodeConverter,
  sequence: SequenceValue,
  what: IrPattern['what'],
  base: IrNode,
  value = 0,
  column?: Float32Array,
) => at.over(sequence, above(sequence.tip, { type: 'pattern', what, base, value, column }, at.node))

const straight = (at: NodeConverter, sequence: SequenceValue, alpha: number, beta: number): SequenceValue =>
  at.over(sequence, activate(at.rows([sequence]).tip, { type: 'affine', alpha, beta }, at.node))

function add(at: NodeConverter, inputs: readonly Value[]): Value {
  const [first, second] = inputs
  if (first?.kind === 'lengths' && second?.kind === 'constant' && second.tensor.data.length === 1)
    return { ...first, minus: first.minus - second.tensor.data[0] }
  const sizes = computeSizes(inputs, (a, b) => a + b)
  if (sizes) return sizes
  const found = sides(at, inputs)
  if (found.kind === 'flows') return addFlows(at, found.sequence, found.other)
  return addConstant(
    at,
    found.sequence,
    findOperand(at, found.tensor, found.sequence),
    found.tensor.shape.length,
  )
}

function addConstant(at: NodeConverter, sequence: SequenceValue, operand: Operand, rank: number): Value {
  const { layer, below } = sequence.tip
  const single = operand.kind === 'scalar'
  const variance = findPattern(sequence.tip, 'row variance')
  if (variance && single)
    return at.over(sequence, {
      ...sequence.tip,
      layer: { ...variance, value: variance.value + operand.value },
    })
  const values = single ? Float32Array.of(operand.value) : operand.values
  if (layer.type === 'dense' && layer.units === values.length && (!single || rank > 0)) {
    const bias = layer.bias ? layer.bias.map((x, i) => x + values[i]) : values
    return { ...sequence, tip: { ...sequence.tip, layer: { ...layer, bias } } }
  }
  if (layer.type === 'layerNorm' && layer.width === values.length) {
    const centre = layer.centre ? layer.centre.map((x, i) => x + values[i]) : values
    return { ...sequence, tip: { layer: { ...layer, centre }, below, node: sequence.tip.node } }
  }
  if (single) return straight(at, sequence, 1, operand.value)
  return addConstant(at, diagonal(at, sequence, null), operand, rank)
}

function addFlows(at: NodeConverter, a: SequenceValue, b: SequenceValue): Value {
  const joined = joinDirections(a.tip, b.tip, 'sum') ?? joinDirections(b.tip, a.tip, 'sum')
  if (joined && sameAxes(a, b)) return at.over(a, joined)
  const cubic = matchCubic(a.tip, b.tip) ?? matchCubic(b.tip, a.tip)
  if (cubic) return pattern(at, a, 'x + c·x³', cubic.base, cubic.factor)
  return mergeFlows(at, 'add', [a, b])
}

/** Most features that a product with a diagonal is made for. */
const MOST_DIAGONAL = 512

const sameAxes = (a: SequenceValue, b: SequenceValue) => describeAxes(a.axes) === describeAxes(b.axes)

function subtract(at: NodeConverter, inputs: readonly Value[]): Value {
  const [a, b] = inputs
  if (a?.kind === 'lengths' && b?.kind === 'constant' && b.tensor.data.length === 1)
    return { ...a, minus: a.minus + b.tensor.data[0] }
  const sizes = computeSizes(inputs, (x, y) => x - y)
  if (sizes) return sizes
  const found = sides(at, inputs)
  if (found.kind === 'flows') {
    const mean = findPattern(found.other.tip, 'row mean')
    if (mean?.base === found.sequence.tip)
      return pattern(at, found.sequence, 'centred row', found.sequence.tip)
    return mergeFlows(at, 'subtract', [found.sequence, found.other])
  }
  const operand = findOperand(at, found.tensor, found.sequence)
  if (!found.first) {
    if (operand.kind === 'scalar') return straight(at, found.sequence, -1, operand.value)
    return addConstant(at, straight(at, found.sequence, -1, 0), operand, found.tensor.shape.length)
  }
  const negative: Operand =
    operand.kind === 'scalar'
      ? { ...operand, value: -operand.value }
      : { ...operand, values: operand.values.map((x) => -x) }
  return addConstant(at, found.sequence, negative, found.tensor.shape.length)
}

function multiply(at: NodeConverter, inputs: readonly Value[]): Value {
  const sizes = computeSizes(inputs, (a, b) => a * b)
  if (sizes) return sizes
  const found = sides(at, inputs)
  if (found.kind === 'flows')
    return (
      multiplyFlows(at, found.sequence, found.other) ??
      mergeFlows(at, 'multiply', [realised(found.sequence), realised(found.other)])
    )
  return scale(at, found.sequence, findOperand(at, found.tensor, found.sequence))
}

/** A product with a diagonal: a factor for each feature, where no layer below can take them. */
function diagonal(at: NodeConverter, sequence: SequenceValue, factors: Float32Array | null): SequenceValue {
  const rows = at.rows([sequence])
  const units = at.width(rows)
  if (units > MOST_DIAGONAL)
    throw at.unsupported(`at most ${MOST_DIAGONAL} features with a number each`, `${units}`)
  const weight = new Float32Array(units * units)
  for (let i = 0; i < units; i++) weight[i * units + i] = factors ? factors[i] : 1
  const layer = { type: 'dense', units, inputs: units, weight, bias: null, diagonal: true } as const
  return at.over(rows, above(rows.tip, layer, at.node))
}

function scale(at: NodeConverter, sequence: SequenceValue, operand: Operand): Value {
  const { layer, below, node } = sequence.tip
  if (layer.type === 'layerNorm' && !layer.centre) {
    const values =
      operand.kind === 'scalar' ? new Float32Array(layer.width).fill(operand.value) : operand.values
    const factors = layer.scale ? layer.scale.map((x, i) => x * values[i]) : values
    return { ...sequence, tip: { layer: { ...layer, scale: factors }, below, node } }
  }
  if (operand.kind === 'scalar') return straight(at, sequence, operand.value, 0)
  // After (x − mean), a factor in the same product would lose digits.
  if (layer.type !== 'dense' || (layer.diagonal && layer.bias)) return diagonal(at, sequence, operand.values)
  const { inputs } = layer
  const weight = layer.weight.map((x, i) => x * operand.values[Math.floor(i / inputs)])
  const bias = layer.bias && layer.bias.map((x, i) => x * operand.values[i])
  return { ...sequence, tip: { layer: { ...layer, weight, bias }, below, node } }
}

function multiplyFlows(at: NodeConverter, a: SequenceValue, b: SequenceValue): Value | null {
  const joined = joinDirections(a.tip, b.tip, 'multiply') ?? joinDirections(b.tip, a.tip, 'multiply')
  if (joined && sameAxes(a, b)) return at.over(a, joined)
  if (a.tip === b.tip) {
    if (findPattern(a.tip, 'centred row')) return pattern(at, a, 'squared centred row', a.tip)
    return pattern(at, a, 'power', a.tip, 2)
  }
  for (const [x, y] of [
    [a, b],
    [b, a],
  ]) {
    const lower = findPattern(y.tip, 'power')
    if (lower?.base === x.tip) return pattern(at, x, 'power', x.tip, lower.value + 1)
    const weights = findPattern(y.tip, 'softmax over time')
    if (
      weights &&
      weights.base === x.tip &&
      describeAxes(x.axes.slice(0, -1)) === describeAxes(y.axes.slice(0, -1))
    )
      return pattern(at, x, 'weighted steps', x.tip, 0, weights.column)
    const gated = sameAxes(x, y) ? gate(at, x, y) : null
    if (gated) return gated
  }
  return null
}

function divide(at: NodeConverter, inputs: readonly Value[]): Value {
  const sizes = computeSizes(inputs, (a, b) => Math.trunc(a / b))
  if (sizes) return sizes
  const [a, b] = inputs
  // (length + padding − extent) / stride is the last step that windows leave; the verification runs ragged batches.
  if (a?.kind === 'lengths' && b?.kind === 'constant' && b.tensor.data.length === 1) return { ...a, minus: 1 }
  if (a?.kind === 'sequence' && b?.kind === 'lengths' && b.minus === 0) return divideByLengths(at, a)
  const found = sides(at, inputs)
  if (found.kind === 'flows') return divideFlows(at, found.sequence, found.other)
  if (!found.first) throw at.unsupported('a sequence as the dividend', 'a constant')
  const operand = findOperand(at, found.tensor, found.sequence)
  if (operand.kind === 'scalar') return scale(at, found.sequence, { ...operand, value: 1 / operand.value })
  return scale(at, found.sequence, { ...operand, values: operand.values.map((x) => 1 / x) })
}

/** The sum over a sequence's steps divided by its length is the mean. */
function divideByLengths(at: NodeConverter, sequence: SequenceValue): Value {
  const { layer } = sequence.tip
  if (layer.type === 'pool' && layer.pooling === 'sum')
    return at.over(sequence, { ...sequence.tip, layer: { type: 'pool', pooling: 'mean' } })
  throw at.unsupported('a sum over time, by the lengths', describeValue(sequence))
}

function divideFlows(at: NodeConverter, a: SequenceValue, b: SequenceValue): Value {
  const centred = findPattern(a.tip, 'centred row')
  const deviation = findPattern(b.tip, 'row deviation')
  if (!centred || !deviation || deviation.base !== centred.base)
    throw at.unsupported('one chain of layers', `${describeValue(a)} by ${describeValue(b)}`)
  const layer = {
    type: 'layerNorm',
    epsilon: deviation.value,
    width: at.width(a),
    scale: null,
    centre: null,
  } as const
  return at.over(a, above(centred.base, layer, at.node))
}

function power(at: NodeConverter, [x, exponent]: readonly Value[]): Value {
  const sequence = at.sequence([x])
  const by = exponent?.kind === 'constant' && exponent.tensor.data.length === 1 ? exponent.tensor.data[0] : 0
  if (by === 2 && findPattern(sequence.tip, 'centred row'))
    return pattern(at, sequence, 'squared centred row', sequence.tip)
  if (by === 2 || by === 3) return pattern(at, sequence, 'power', sequence.tip, by)
  const deviation = by === 0.5 ? matchDeviation(at, sequence) : null
  if (deviation) return deviation
  throw at.unsupported('a power in a layer normalisation or a GELU', `${by}`)
}

function matchDeviation(at: NodeConverter, sequence: SequenceValue): Value | null {
  const variance = findPattern(sequence.tip, 'row variance')
  return variance && pattern(at, sequence, 'row deviation', variance.base, variance.value)
}

function squareRoot(at: NodeConverter, inputs: readonly Value[]): Value {
  const deviation = matchDeviation(at, at.sequence(inputs))
  if (deviation) return deviation
  throw at.unsupported('the variance of a layer normalisation', describeValue(inputs[0]))
}

/** Operators by name. */
export const ELEMENTS: Readonly<Record<string, Convert>> = {
  Add: add,
  Sub: subtract,
  Mul: multiply,
  Div: divide,
  Pow: power,
  Sqrt: squareRoot,
  Sum: joining('add'),
  Mean: joining('average'),
  Max: joining('maximum'),
  Min: joining('minimum'),
  Erf: (at, inputs) => {
    const sequence = at.rows(inputs)
    return pattern(at, sequence, 'error function', sequence.tip)
  },
}
