/** Operators that move values without computing: their effect on the axes of a sequence, on sizes, zeros and states. */
import { getStorage } from '../graph.ts'
import { batchRange, batchSize, gatherInOrder } from './sorting.ts'
import { ONE, regroup } from './axes.ts'
import { describeAxes, describeValue, type Convert, type NodeConverter } from './context.ts'
import { pick, slice, type Cut } from './pick.ts'
import {
  asSizes,
  getNumber,
  product,
  buildSize,
  wholeNumbers,
  type Axis,
  type SequenceValue,
  type Size,
  type Value,
} from './values.ts'
import { concatTips } from './elements/joins.ts'
import { above, joinDirections, takeDirection } from './model.ts'
import type { IrNode } from './nodes.ts'
import { repeatRow, reshaped, withFeaturesLast } from './turns.ts'

type Ids = Extract<Value, { kind: 'ids' }>
type Stack = Extract<Value, { kind: 'stack' }>

export type { Convert } from './context.ts'

/** Zeros and initial states keep their meaning, however they are moved. */
function moved(at: NodeConverter, value: Value | undefined): Value {
  if (value?.kind === 'zeros') return { kind: 'zeros', shape: null }
  if (value?.kind === 'state') return value
  throw at.unsupported('the output of a layer, or sizes', value ? describeValue(value) : 'no input 0')
}

const isSequence = (value: Value | undefined): value is SequenceValue | Ids =>
  value?.kind === 'sequence' || value?.kind === 'ids'

function transpose(at: NodeConverter, [x]: readonly Value[]): Value {
  if (!isSequence(x)) return moved(at, x)
  const rank = x.axes.length
  const given = at.list('perm') ?? x.axes.map((_, i) => rank - 1 - i)
  const order = given.map((axis) => at.axis(axis, rank))
  if (order.length !== rank || new Set(order).size !== rank)
    throw at.unsupported(`an order of ${rank} axes`, `(${given})`)
  return { ...x, axes: order.map((axis) => x.axes[axis]) }
}

function squeeze(at: NodeConverter, [x, axes]: readonly Value[]): Value {
  const given = at.numbers('axes', axes)
  if (x?.kind === 'sizes') return { ...x, scalar: x.items.length === 1 }
  if (x?.kind === 'lengths' || x?.kind === 'steps' || x?.kind === 'mask')
    return { ...x, rank: x.rank - (given?.length ?? 1) }
  if (x?.kind === 'stack') return squeezeStack(at, x, given)
  if (!isSequence(x)) return moved(at, x)
  const isSingle = ({ size }: Axis) => getNumber(size) === 1
  const drop = given?.map((axis) => at.axis(axis, x.axes.length))
  const kept = x.axes.filter((axis, i) => !(drop ? drop.includes(i) : isSingle(axis)))
  if (drop?.every((axis) => isSingle(x.axes[axis])) ?? true) return { ...x, axes: kept }
  throw at.unsupported('axes of size 1', describeAxes(x.axes))
}

function squeezeStack(at: NodeConverter, stack: Stack, axes: readonly number[] | null): Value {
  const [first, ...groups] = stack.groups
  if (axes?.length === 1 && axes[0] === 0 && first === 1) return resolved({ ...stack, groups })
  throw at.unsupported('one layer or direction', describeValue(stack))
}

/** A stack with a single state becomes a sequence again. */
function resolved(stack: Stack): Value {
  if (stack.groups.length) return stack
  return { kind: 'sequence', tip: stack.items[0], axes: stack.rest }
}

function unsqueeze(at: NodeConverter, [x, axes]: readonly Value[]): Value {
  const given = at.numbers('axes', axes)
  if (!given) throw at.unsupported('axes', 'none')
  if (x?.kind === 'sizes' && x.scalar) return { ...x, scalar: false }
  if (x?.kind === 'lengths' || x?.kind === 'steps' || x?.kind === 'mask')
    return { ...x, rank: x.rank + given.length }
  if (!isSequence(x)) return moved(at, x)
  const rank = x.axes.length + given.length
  const places = given.map((axis) => at.axis(axis, rank))
  if (new Set(places).size !== places.length) throw at.unsupported('each axis once', `(${given})`)
  const rest = [...x.axes]
  return { ...x, axes: Array.from({ length: rank }, (_, i) => (places.includes(i) ? ONE : rest.shift()!)) }
}

/** The target shape, with each 0 replaced by the input's size; null stands for −1. */
function shapeFor(at: NodeConverter, axes: readonly Axis[], value: Value | undefined): (Size | null)[] {
  const sizes = value && asSizes(value)
  if (!sizes) throw at.unsupported('a shape of sizes', value ? describeValue(value) : 'none')
  const open = sizes.items.filter((size) => getNumber(size) === -1).length
  if (open > 1) throw at.unsupported('at most one size of -1', `${open}`)
  return sizes.items.map((size, i) => {
    const number = getNumber(size)
    if (number === 0 && !at.int('allowzero', 0)) return axes[i]?.size ?? size
    return number === -1 ? null : size
  })
}

function reshape(at: NodeConverter, [x, shape]: readonly Value[]): Value {
  if (x?.kind === 'sizes') {
    const target = shape && asSizes(shape)
    return { ...x, scalar: target?.items.length === 0 }
  }
  if (x?.kind === 'stack') return reshapeStack(at, x, shape)
  if (!isSequence(x)) return moved(at, x)
  const wanted = shapeFor(at, x.axes, shape)
  return regrouped(at, x, wanted)
}

function regrouped(at: NodeConverter, x: SequenceValue | Ids, wanted: readonly (Size | null)[]): Value {
  const layer = x.kind === 'sequence' ? x.tip.layer : null
  const mayPart =
    layer?.type === 'recurrent' &&
    layer.directions.length === 2 &&
    (layer.options.merge ?? 'concat') === 'concat'
  const axes = regroup(x.axes, wanted, mayPart)
  if (!axes) {
    const made = x.kind === 'sequence' ? reshaped(at, x, wanted) : null
    if (made) return made
    const shape = wanted.map((size) => (size ? (getNumber(size) ?? size.symbols.join('·')) : -1))
    throw at.unsupported(`a shape that keeps the axes ${describeAxes(x.axes)}`, `shape (${shape.join(', ')})`)
  }
  if (x.kind === 'ids') return { ...x, axes }
  const turned = axes.some(isTurned) ? withFeaturesLast(at, x) : x
  if (turned !== x) return regrouped(at, turned, wanted)
  return flattened(at, { ...x, axes: isWindow(x.tip) ? withLostFeature(axes, x.axes) : axes })
}

/** Whether features are merged with the steps behind them. */
function isTurned({ parts }: Axis): boolean {
  const feature = parts?.findIndex(({ role }) => role === 'feature') ?? -1
  return feature >= 0 && feature < parts!.length - 1
}

function isWindow({ layer }: IrNode): boolean {
  return layer.type === 'pattern' && layer.what === 'window of steps'
}

/** Adds the feature axis, which regrouping drops at size 1, to the time axis of a flattened window. */
function withLostFeature(axes: readonly Axis[], before: readonly Axis[]): readonly Axis[] {
  const feature = before.find(({ role }) => role === 'feature')
  const time = axes.findLastIndex(({ role }) => role.startsWith('input'))
  if (!feature || time !== axes.length - 1 || getNumber(axes[time].size) === null) return axes
  const { size } = axes[time]
  return [...axes.slice(0, -1), { role: 'merged', size, parts: [axes[time], feature] }]
}

/** Converts a time axis merged with the features to a `flatten` layer. */
function flattened(at: NodeConverter, x: SequenceValue): SequenceValue {
  const place = x.axes.findIndex(({ parts }) =>
    parts
      ?.map(({ role }) => role)
      .join()
      .match(/^input .,feature$/),
  )
  if (place < 0) return x
  const [time, features] = x.axes[place].parts!
  // Steps of one number each: the same rows, without the axis of features.
  if (getNumber(features.size) === 1 && !isWindow(x.tip))
    return { ...x, axes: x.axes.map((axis, i) => (i === place ? time : axis)) }
  const steps = getNumber(time.size)
  if (steps === null || !at.context.takeTime(time.role))
    throw at.unsupported('a fixed number of steps', describeAxes(x.axes))
  const { layer } = x.tip
  const base = layer.type === 'pattern' && isWindow(x.tip) ? layer.base : x.tip
  const tip = above(base, { type: 'flatten', steps }, at.node)
  const size = product([time.size, features.size])
  return {
    kind: 'sequence',
    tip,
    axes: x.axes.map((axis, i) => (i === place ? { role: 'feature', size } : axis)),
  }
}

/** (layers·directions, batch, units) → (layers, directions, batch, units). */
function reshapeStack(at: NodeConverter, stack: Stack, shape: Value | undefined): Value {
  const wanted = shapeFor(at, [], shape)
  const groups = wanted.slice(0, wanted.length - stack.rest.length).map((size) => size && getNumber(size))
  const known = groups.map((size) => size ?? -1)
  const open = known.indexOf(-1)
  const rest = known.reduce((all, size) => (size > 0 ? all * size : all), 1)
  if (open >= 0) known[open] = stack.items.length / rest
  if (known.length && known.reduce((all, size) => all * size, 1) === stack.items.length)
    return { ...stack, groups: known }
  throw at.unsupported('layers and directions apart from batch and units', 'another shape')
}

function flatten(at: NodeConverter, [x]: readonly Value[]): Value {
  const sequence = at.rows([x])
  const axis = at.int('axis', 1)
  const sizes = sequence.axes.map(({ size }) => size)
  return regrouped(at, sequence, [product(sizes.slice(0, axis)), product(sizes.slice(axis))])
}

function gather(at: NodeConverter, [x, index]: readonly Value[]): Value {
  const axis = at.int('axis', 0)
  const inOrder = index?.kind === 'order' ? gatherInOrder(at, x, axis) : null
  if (inOrder) return inOrder
  if (x?.kind === 'constant' && index?.kind === 'ids') return embedding(at, x, index, axis)
  const places = index && wholeNumbers(index)
  if (!places)
    throw at.unsupported(
      'a constant index, or ids into a constant table',
      index ? describeValue(index) : 'none',
    )
  const scalar =
    index.kind === 'sizes' ? index.scalar : index.kind === 'constant' && !index.tensor.shape.length
  if (x?.kind === 'sizes') {
    const items = places.map((place) => x.items[at.axis(place, x.items.length)])
    return { kind: 'sizes', items, scalar }
  }
  if (x?.kind === 'stack' && axis === 0 && places.length === 1) return pickOfStack(x, places[0], scalar)
  if (x?.kind !== 'sequence') return moved(at, x)
  if (places.length === 1) return pick(at, x, at.axis(axis, x.axes.length), places[0], !scalar)
  throw at.unsupported('one index', `${places.length}`)
}

function pickOfStack(stack: Stack, place: number, drop: boolean): Value {
  const [first, ...groups] = stack.groups
  const each = stack.items.length / first
  const from = (place < 0 ? place + first : place) * each
  return resolved({
    ...stack,
    items: stack.items.slice(from, from + each),
    groups: drop ? groups : [1, ...groups],
  })
}

function embedding(
  at: NodeConverter,
  { tensor }: Extract<Value, { kind: 'constant' }>,
  ids: Ids,
  axis: number,
): Value {
  const [vocabulary, size] = tensor.shape
  if (tensor.shape.length !== 2 || axis !== 0)
    throw at.unsupported('a table (vocabulary, size) on axis 0', `(${tensor.shape})`)
  const table = Float32Array.from(tensor.data)
  const layer = { type: 'embedding', input: ids.input, vocabulary, size, table } as const
  const tip = { layer, below: null, node: at.node }
  return { kind: 'sequence', tip, axes: [...ids.axes, { role: 'feature', size: buildSize(size) }] }
}

function sliceNode(at: NodeConverter, [x, starts, ends, axes, steps]: readonly Value[]): Value {
  const from = at.numbers('starts', starts)
  const to = at.numbers('ends', ends)
  if (!from || !to) throw at.unsupported('starts and ends', 'none')
  const along = at.numbers('axes', axes) ?? from.map((_, i) => i)
  const by = at.numbers('steps', steps) ?? from.map(() => 1)
  if (x?.kind === 'sizes') return { ...x, items: x.items.slice(from[0], to[0]) }
  const cuts = from.map((start, i): Cut => ({ axis: along[i], start, end: to[i], step: by[i] }))
  if (x?.kind === 'stack' && cuts.length === 1 && cuts[0].axis === 0 && cuts[0].step === 1)
    return sliceStack(at, x, cuts[0])
  if (x?.kind !== 'sequence') return moved(at, x)
  return cuts.reduce<Value>((value, cut) => slice(at, value as SequenceValue, cut), x)
}

function sliceStack(at: NodeConverter, stack: Stack, { start, end }: Cut): Value {
  const each = stack.items.length / stack.groups[0]
  const indices = Array.from({ length: stack.groups[0] }, (_, i) => i).slice(start, end)
  if (!indices.length) throw at.unsupported('at least one layer', 'none')
  const items = indices.flatMap((i) => stack.items.slice(i * each, (i + 1) * each))
  return { ...stack, items, groups: [indices.length, ...stack.groups.slice(1)] }
}

function split(at: NodeConverter, [x, sizes]: readonly Value[]): readonly Value[] {
  const count = at.node.outputs.length
  if (x?.kind !== 'sequence') return Array.from({ length: count }, () => moved(at, x))
  const axis = at.axis(at.int('axis', 0), x.axes.length)
  const whole = getNumber(x.axes[axis].size)
  if (whole === null) throw at.unsupported('an axis of known size', describeAxes(x.axes))
  const parts = at.numbers('split', sizes) ?? Array.from({ length: count }, () => whole / count)
  let start = 0
  return parts.map((size) => {
    const cut = { axis, start, end: start + size, step: 1 }
    start += size
    return slice(at, x, cut)
  })
}

function computeShape(at: NodeConverter, [x]: readonly Value[]): Value {
  const batch = batchSize(x)
  if (batch) return batch
  if (x?.kind === 'zeros' && x.shape) return { kind: 'sizes', items: x.shape, scalar: false }
  if (!isSequence(x)) throw at.unsupported('a value with axes', x ? describeValue(x) : 'none')
  const items = x.axes.map(({ size }) => size).slice(at.int('start', 0), at.int('end', x.axes.length))
  return { kind: 'sizes', items, scalar: false }
}

/** Fills a shape with zeros; other values are not supported. */
function filled(at: NodeConverter, fill: Value | undefined, shape: Value | undefined): Value {
  const sizes = shape && asSizes(shape)
  const isZero =
    !fill || fill.kind === 'zeros' || (fill.kind === 'constant' && fill.tensor.data.every((x) => x === 0))
  if (sizes && isZero) return { kind: 'zeros', shape: sizes.items }
  throw at.unsupported('zeros in a shape of sizes', fill ? describeValue(fill) : 'no sizes')
}

/** Most numbers of a constant filled with one: those of a shape. */
const MOST_AXES = 16

function constantOfShape(at: NodeConverter, [shape]: readonly Value[]): Value {
  const value = at.node.attributes.get('value')
  const tensor = typeof value === 'object' && 'dtype' in value ? value : null
  const sizes = shape?.kind === 'constant' ? [...shape.tensor.data] : null
  const count = sizes?.reduce((a, b) => a * b, 1) ?? Infinity
  const isOther = tensor?.data.some((x) => x !== 0) ?? false
  // A list of sizes or pads; zeros of more axes are an initial state.
  if (sizes && count <= MOST_AXES && (isOther || sizes.length === 1)) {
    const dtype = tensor?.dtype ?? 'float32'
    const data = getStorage(dtype, count).fill(tensor?.data[0] ?? 0)
    return { kind: 'constant', tensor: { dtype, shape: sizes, data } }
  }
  return filled(at, tensor ? { kind: 'constant', tensor } : undefined, shape)
}

/** An operator that PyTorch exports with opsets 7 and 8. */
function constantFill(at: NodeConverter, [shape]: readonly Value[]): Value {
  if (at.float('value', 0) === 0 && at.int('input_as_shape', 0) === 1) return filled(at, undefined, shape)
  throw at.unsupported('zeros in a shape of sizes', `${at.float('value', 0)}`)
}

function expand(at: NodeConverter, [x, shape]: readonly Value[]): Value {
  if (x?.kind === 'state') return x
  if (x?.kind === 'constant' && x.tensor.shape.length === 3 && x.tensor.shape[1] > 1)
    at.context.sequences = x.tensor.shape[1]
  const sizes = shape && asSizes(shape)?.items
  // The same length for each sequence, above a layer that gives them so many steps.
  const isBatch = sizes?.length === 1 && sizes[0].symbols.join() === 'batch'
  if (isBatch && x?.kind === 'constant' && x.tensor.data.length === 1 && x.tensor.dtype === 'int32')
    return { kind: 'lengths', minus: 0, rank: 1 }
  if (x?.kind === 'sequence' && sizes?.every((size) => getNumber(size) === 1)) return x
  const repeated = x?.kind === 'sequence' && sizes ? repeatRow(at, x, sizes) : null
  if (repeated) return repeated
  return filled(at, x, shape)
}

/** The product of a row with factors for its axes, of which one repeats the row at each step. */
function tile(at: NodeConverter, [x, factors]: readonly Value[]): Value {
  const sizes = factors && asSizes(factors)?.items
  const sequence = at.sequence([x])
  const repeated =
    sizes?.length === sequence.axes.length &&
    repeatRow(
      at,
      sequence,
      sizes.map((size, i) => (getNumber(size) === 1 ? sequence.axes[i].size : size)),
    )
  if (repeated) return repeated
  throw at.unsupported('one row for each of the steps', factors ? describeValue(factors) : 'none')
}

function concat(at: NodeConverter, inputs: readonly Value[]): Value {
  const sizes = inputs.map(asSizes)
  if (sizes.every((part) => part !== null) && inputs.some(({ kind }) => kind === 'sizes'))
    return { kind: 'sizes', items: sizes.flatMap(({ items }) => items), scalar: false }
  if (inputs.every(({ kind }) => kind === 'zeros')) return { kind: 'zeros', shape: null }
  const last = inputs[inputs.length - 1]
  if (inputs.length === 2 && inputs[0].kind === 'sequence' && last.kind === 'zeros')
    return padded(at, inputs[0], last)
  const flows = inputs.map((_, i) => at.sequence(inputs, i))
  const axis = at.axis(at.int('axis', 0), flows[0].axes.length)
  const { role } = flows[0].axes[axis]
  if (role === 'feature') return beside(at, flows, axis)
  if (role !== 'direction' || axis !== 0)
    throw at.unsupported('an axis of features, or of states', describeAxes(flows[0].axes))
  const items = flows.flatMap(({ tip, axes }) =>
    Array.from({ length: axes[0].size.factor }, (_, d) => takeDirection(tip, d)),
  )
  if (items.some((item) => !item)) throw at.unsupported('states of recurrent layers', 'others')
  return {
    kind: 'stack',
    items: items as Stack['items'],
    groups: [items.length],
    rest: flows[0].axes.slice(1),
  }
}

/** Appends steps of zeros, for a `flatten` layer that then cuts the sequence to a fixed length. */
function padded(
  at: NodeConverter,
  sequence: SequenceValue,
  { shape }: Extract<Value, { kind: 'zeros' }>,
): Value {
  const axis = at.axis(at.int('axis', 0), sequence.axes.length)
  const added = shape?.[axis] && getNumber(shape[axis])
  const clean = !at.context.ragged || (sequence.fill?.mask === 'valid' && sequence.fill.value === 0)
  if (added && clean && at.context.takeTime(sequence.axes[axis].role)) {
    const layer = { type: 'pattern', what: 'padded steps', base: sequence.tip, value: added } as const
    return at.over(sequence, above(sequence.tip, layer, at.node))
  }
  throw at.unsupported('zeros behind the last step', describeAxes(sequence.axes))
}

/** Concatenates the features of two directions of one layer, or of layers of one chain. */
function beside(at: NodeConverter, given: readonly SequenceValue[], axis: number): Value {
  const flows = given.map((_, i) => at.rows(given, i))
  const widths = flows.map((sequence) => at.width(sequence))
  const [first, second] = flows
  const axes = first.axes.map((other, i) =>
    i === axis ? { role: other.role, size: buildSize(widths.reduce((sum, width) => sum + width, 0)) } : other,
  )
  const order = (sequence: SequenceValue) => describeAxes(sequence.axes.slice(0, -1))
  if (axis !== first.axes.length - 1 || flows.some((sequence) => order(sequence) !== order(first)))
    throw at.unsupported(
      'features of the same rows',
      flows.map((sequence) => describeAxes(sequence.axes)).join(' and '),
    )
  return {
    kind: 'sequence',
    axes,
    tip: besideTip(
      at,
      flows.map(({ tip }) => tip),
      first,
      second,
    ),
  }
}

function besideTip(
  at: NodeConverter,
  tips: readonly IrNode[],
  first: SequenceValue,
  second: SequenceValue,
): IrNode {
  const joined = tips.length === 2 && joinDirections(first.tip, second.tip, 'concat')
  if (joined) return joined
  return concatTips(at, tips)
}

function cast(at: NodeConverter, [x]: readonly Value[]): Value {
  return x?.kind === 'refused' || !x ? moved(at, x) : x
}

function range(at: NodeConverter, inputs: readonly Value[]): Value {
  const batch = batchRange(inputs)
  if (batch) return batch
  const [start, limit, delta] = inputs.map(asSizes)
  const single = (sizes: typeof start) => (sizes?.items.length === 1 ? sizes.items[0] : null)
  const [from, to, by] = [single(start), single(limit), single(delta)]
  const plain = from && by && getNumber(from) === 0 && getNumber(by) === 1
  const symbol = to?.symbols
  // Above a layer that gives every sequence so many steps.
  if (plain && to && getNumber(to) !== null) return { kind: 'steps', rank: 1 }
  // Above windows, `input 1 after conv`.
  const role = symbol?.length === 1 ? symbol[0].replace(/ after .*$/, '') : ''
  if (plain && at.context.takeTime(role as Axis['role'])) return { kind: 'steps', rank: 1 }
  throw at.unsupported('the steps of time', 'another range')
}

function reverseSequence(at: NodeConverter, [x, lengths]: readonly Value[]): Value {
  const sequence = at.rows([x])
  const role = sequence.axes[at.int('time_axis', 0)]?.role
  if (lengths?.kind === 'lengths' && lengths.minus === 0 && at.context.takeTime(role))
    return at.over(sequence, above(sequence.tip, { type: 'reverse' }, at.node))
  throw at.unsupported('each sequence by its length', lengths ? describeValue(lengths) : 'none')
}

/** Operators by name. */
export const SHAPES: Readonly<Record<string, Convert>> = {
  Transpose: transpose,
  Squeeze: squeeze,
  Unsqueeze: unsqueeze,
  Reshape: reshape,
  Flatten: flatten,
  Gather: gather,
  Slice: sliceNode,
  Split: split,
  Shape: computeShape,
  ConstantOfShape: constantOfShape,
  ConstantFill: constantFill,
  Expand: expand,
  Tile: tile,
  Concat: concat,
  Cast: cast,
  Identity: cast,
  Dropout: cast,
  Range: range,
  ReverseSequence: reverseSequence,
}
