/**
 * Operators that move values without computing: what they do to the axes of a sequence, to sizes, zeros and states.
 */
import { ONE, regroup } from './axes.ts'
import { describeAxes, describeValue, type NodeLift } from './context.ts'
import { pick, slice, type Cut } from './pick.ts'
import {
  asSizes,
  numberOf,
  product,
  sizeOf,
  wholeNumbers,
  type Axis,
  type Flow,
  type Size,
  type Value,
} from './values.ts'
import { above, joinDirections, reaches, takeDirection } from './model.ts'
import type { Draft } from './nodes.ts'

type Ids = Extract<Value, { kind: 'ids' }>
type Stack = Extract<Value, { kind: 'stack' }>

/** Lifts one operator. */
export type Lift = (at: NodeLift, inputs: readonly Value[]) => Value | readonly Value[]

/** Zeros stay zeros and an outer state an outer state, however they are moved. */
function moved(at: NodeLift, value: Value | undefined): Value {
  if (value?.kind === 'zeros') return { kind: 'zeros', shape: null }
  if (value?.kind === 'state') return value
  throw at.refuse(
    'a sequence on its way through layers, or sizes',
    value ? describeValue(value) : 'no input 0',
  )
}

const isSequence = (value: Value | undefined): value is Flow | Ids =>
  value?.kind === 'flow' || value?.kind === 'ids'

function transpose(at: NodeLift, [x]: readonly Value[]): Value {
  if (!isSequence(x)) return moved(at, x)
  const rank = x.axes.length
  const given = at.list('perm') ?? x.axes.map((_, i) => rank - 1 - i)
  const order = given.map((axis) => at.axis(axis, rank))
  if (order.length !== rank || new Set(order).size !== rank)
    throw at.refuse(`an order of ${rank} axes`, `(${given})`)
  return { ...x, axes: order.map((axis) => x.axes[axis]) }
}

function squeeze(at: NodeLift, [x, axes]: readonly Value[]): Value {
  const given = at.numbers('axes', axes)
  if (x?.kind === 'sizes') return { ...x, scalar: x.items.length === 1 }
  if (x?.kind === 'lengths' || x?.kind === 'steps' || x?.kind === 'mask')
    return { ...x, rank: x.rank - (given?.length ?? 1) }
  if (x?.kind === 'stack') return squeezeStack(at, x, given)
  if (!isSequence(x)) return moved(at, x)
  const isSingle = ({ size }: Axis) => numberOf(size) === 1
  const drop = given?.map((axis) => at.axis(axis, x.axes.length))
  const kept = x.axes.filter((axis, i) => !(drop ? drop.includes(i) : isSingle(axis)))
  if (drop?.every((axis) => isSingle(x.axes[axis])) ?? true) return { ...x, axes: kept }
  throw at.refuse('axes of size 1', describeAxes(x.axes))
}

function squeezeStack(at: NodeLift, stack: Stack, axes: readonly number[] | null): Value {
  const [first, ...groups] = stack.groups
  if (axes?.length === 1 && axes[0] === 0 && first === 1) return settled({ ...stack, groups })
  throw at.refuse('one layer or direction', describeValue(stack))
}

/** A stack that is one state is a sequence again. */
function settled(stack: Stack): Value {
  if (stack.groups.length) return stack
  return { kind: 'flow', tip: stack.items[0], axes: stack.rest }
}

function unsqueeze(at: NodeLift, [x, axes]: readonly Value[]): Value {
  const given = at.numbers('axes', axes)
  if (!given) throw at.refuse('axes', 'none')
  if (x?.kind === 'sizes' && x.scalar) return { ...x, scalar: false }
  if (x?.kind === 'lengths' || x?.kind === 'steps' || x?.kind === 'mask')
    return { ...x, rank: x.rank + given.length }
  if (!isSequence(x)) return moved(at, x)
  const rank = x.axes.length + given.length
  const places = given.map((axis) => at.axis(axis, rank))
  if (new Set(places).size !== places.length) throw at.refuse('each axis once', `(${given})`)
  const rest = [...x.axes]
  return { ...x, axes: Array.from({ length: rank }, (_, i) => (places.includes(i) ? ONE : rest.shift()!)) }
}

/** The wanted shape, zeros filled in; null stands for −1. */
function shapeFor(at: NodeLift, axes: readonly Axis[], value: Value | undefined): (Size | null)[] {
  const sizes = value && asSizes(value)
  if (!sizes) throw at.refuse('a shape of sizes', value ? describeValue(value) : 'none')
  const open = sizes.items.filter((size) => numberOf(size) === -1).length
  if (open > 1) throw at.refuse('at most one size of -1', `${open}`)
  return sizes.items.map((size, i) => {
    const number = numberOf(size)
    if (number === 0 && !at.int('allowzero', 0)) return axes[i]?.size ?? size
    return number === -1 ? null : size
  })
}

function reshape(at: NodeLift, [x, shape]: readonly Value[]): Value {
  if (x?.kind === 'sizes') {
    const target = shape && asSizes(shape)
    return { ...x, scalar: target?.items.length === 0 }
  }
  if (x?.kind === 'stack') return reshapeStack(at, x, shape)
  if (!isSequence(x)) return moved(at, x)
  const wanted = shapeFor(at, x.axes, shape)
  return regrouped(at, x, wanted)
}

function regrouped(at: NodeLift, x: Flow | Ids, wanted: readonly (Size | null)[]): Value {
  const layer = x.kind === 'flow' ? x.tip.layer : null
  const mayPart =
    layer?.type === 'recurrent' &&
    layer.directions.length === 2 &&
    (layer.options.merge ?? 'concat') === 'concat'
  const axes = regroup(x.axes, wanted, mayPart)
  if (!axes) {
    const shape = wanted.map((size) => (size ? (numberOf(size) ?? size.symbols.join('·')) : -1))
    throw at.refuse(`axes that stay whole from ${describeAxes(x.axes)}`, `shape (${shape.join(', ')})`)
  }
  return x.kind === 'flow' ? flattened(at, { ...x, axes }) : { ...x, axes }
}

/** Steps that came to lie side by side with their features are a flattening. */
function flattened(at: NodeLift, x: Flow): Flow {
  const place = x.axes.findIndex(({ parts }) =>
    parts
      ?.map(({ role }) => role)
      .join()
      .match(/^input .,feature$/),
  )
  if (place < 0) return x
  const [time, features] = x.axes[place].parts!
  const steps = numberOf(time.size)
  if (steps === null || !at.context.takeTime(time.role))
    throw at.refuse('a fixed number of steps', describeAxes(x.axes))
  const { layer } = x.tip
  const windowed = layer.type === 'piece' && layer.what === 'window of steps'
  const tip = above(windowed ? layer.base : x.tip, { type: 'flatten', steps }, at.node)
  const size = product([time.size, features.size])
  return {
    kind: 'flow',
    tip,
    axes: x.axes.map((axis, i) => (i === place ? { role: 'feature', size } : axis)),
  }
}

/** (layers·directions, batch, units) → (layers, directions, batch, units). */
function reshapeStack(at: NodeLift, stack: Stack, shape: Value | undefined): Value {
  const wanted = shapeFor(at, [], shape)
  const groups = wanted.slice(0, wanted.length - stack.rest.length).map((size) => size && numberOf(size))
  const known = groups.map((size) => size ?? -1)
  const open = known.indexOf(-1)
  const rest = known.reduce((all, size) => (size > 0 ? all * size : all), 1)
  if (open >= 0) known[open] = stack.items.length / rest
  if (known.length && known.reduce((all, size) => all * size, 1) === stack.items.length)
    return { ...stack, groups: known }
  throw at.refuse('layers and directions apart from batch and units', 'another shape')
}

function flatten(at: NodeLift, [x]: readonly Value[]): Value {
  const flow = at.rows([x])
  const axis = at.int('axis', 1)
  const sizes = flow.axes.map(({ size }) => size)
  return regrouped(at, flow, [product(sizes.slice(0, axis)), product(sizes.slice(axis))])
}

function gather(at: NodeLift, [x, index]: readonly Value[]): Value {
  const axis = at.int('axis', 0)
  if (x?.kind === 'constant' && index?.kind === 'ids') return embedding(at, x, index, axis)
  const places = index && wholeNumbers(index)
  if (!places)
    throw at.refuse('a constant index, or ids into a constant table', index ? describeValue(index) : 'none')
  const scalar =
    index.kind === 'sizes' ? index.scalar : index.kind === 'constant' && !index.tensor.shape.length
  if (x?.kind === 'sizes') {
    const items = places.map((place) => x.items[at.axis(place, x.items.length)])
    return { kind: 'sizes', items, scalar }
  }
  if (x?.kind === 'stack' && axis === 0 && places.length === 1) return pickOfStack(x, places[0], scalar)
  if (x?.kind !== 'flow') return moved(at, x)
  if (places.length === 1) return pick(at, x, at.axis(axis, x.axes.length), places[0], !scalar)
  throw at.refuse('one index', `${places.length}`)
}

function pickOfStack(stack: Stack, place: number, drop: boolean): Value {
  const [first, ...groups] = stack.groups
  const each = stack.items.length / first
  const from = (place < 0 ? place + first : place) * each
  return settled({
    ...stack,
    items: stack.items.slice(from, from + each),
    groups: drop ? groups : [1, ...groups],
  })
}

function embedding(
  at: NodeLift,
  { tensor }: Extract<Value, { kind: 'constant' }>,
  ids: Ids,
  axis: number,
): Value {
  const [vocabulary, size] = tensor.shape
  if (tensor.shape.length !== 2 || axis !== 0)
    throw at.refuse('a table (vocabulary, size) on axis 0', `(${tensor.shape})`)
  const table = Float32Array.from(tensor.data)
  const layer = { type: 'embedding', input: ids.input, vocabulary, size, table } as const
  const tip = { layer, below: null, node: at.node }
  return { kind: 'flow', tip, axes: [...ids.axes, { role: 'feature', size: sizeOf(size) }] }
}

function sliceNode(at: NodeLift, [x, starts, ends, axes, steps]: readonly Value[]): Value {
  const from = at.numbers('starts', starts)
  const to = at.numbers('ends', ends)
  if (!from || !to) throw at.refuse('starts and ends', 'none')
  const along = at.numbers('axes', axes) ?? from.map((_, i) => i)
  const by = at.numbers('steps', steps) ?? from.map(() => 1)
  if (x?.kind === 'sizes') return { ...x, items: x.items.slice(from[0], to[0]) }
  const cuts = from.map((start, i): Cut => ({ axis: along[i], start, end: to[i], step: by[i] }))
  if (x?.kind === 'stack' && cuts.length === 1 && cuts[0].axis === 0 && cuts[0].step === 1)
    return sliceStack(at, x, cuts[0])
  if (x?.kind !== 'flow') return moved(at, x)
  return cuts.reduce<Value>((value, cut) => slice(at, value as Flow, cut), x)
}

function sliceStack(at: NodeLift, stack: Stack, { start, end }: Cut): Value {
  const each = stack.items.length / stack.groups[0]
  const indices = Array.from({ length: stack.groups[0] }, (_, i) => i).slice(start, end)
  if (!indices.length) throw at.refuse('at least one layer', 'none')
  const items = indices.flatMap((i) => stack.items.slice(i * each, (i + 1) * each))
  return { ...stack, items, groups: [indices.length, ...stack.groups.slice(1)] }
}

function split(at: NodeLift, [x, sizes]: readonly Value[]): readonly Value[] {
  const count = at.node.outputs.length
  if (x?.kind !== 'flow') return Array.from({ length: count }, () => moved(at, x))
  const axis = at.axis(at.int('axis', 0), x.axes.length)
  const whole = numberOf(x.axes[axis].size)
  if (whole === null) throw at.refuse('an axis of known size', describeAxes(x.axes))
  const parts = at.numbers('split', sizes) ?? Array.from({ length: count }, () => whole / count)
  let start = 0
  return parts.map((size) => {
    const cut = { axis, start, end: start + size, step: 1 }
    start += size
    return slice(at, x, cut)
  })
}

function shapeOf(at: NodeLift, [x]: readonly Value[]): Value {
  if (x?.kind === 'zeros' && x.shape) return { kind: 'sizes', items: x.shape, scalar: false }
  if (!isSequence(x)) throw at.refuse('a value with axes', x ? describeValue(x) : 'none')
  const items = x.axes.map(({ size }) => size).slice(at.int('start', 0), at.int('end', x.axes.length))
  return { kind: 'sizes', items, scalar: false }
}

/** A shape filled with zeros; other numbers are not followed. */
function filled(at: NodeLift, fill: Value | undefined, shape: Value | undefined): Value {
  const sizes = shape && asSizes(shape)
  const isZero =
    !fill || fill.kind === 'zeros' || (fill.kind === 'constant' && fill.tensor.data.every((x) => x === 0))
  if (sizes && isZero) return { kind: 'zeros', shape: sizes.items }
  throw at.refuse('zeros in a shape of sizes', fill ? describeValue(fill) : 'no sizes')
}

function constantOfShape(at: NodeLift, [shape]: readonly Value[]): Value {
  const value = at.node.attributes.get('value')
  const tensor = typeof value === 'object' && 'dtype' in value ? value : null
  return filled(at, tensor ? { kind: 'constant', tensor } : undefined, shape)
}

function expand(at: NodeLift, [x, shape]: readonly Value[]): Value {
  if (x?.kind === 'state') return x
  if (x?.kind === 'constant' && x.tensor.shape.length === 3 && x.tensor.shape[1] > 1)
    at.context.sequences = x.tensor.shape[1]
  return filled(at, x, shape)
}

function concat(at: NodeLift, inputs: readonly Value[]): Value {
  const sizes = inputs.map(asSizes)
  if (sizes.every((part) => part !== null) && inputs.some(({ kind }) => kind === 'sizes'))
    return { kind: 'sizes', items: sizes.flatMap(({ items }) => items), scalar: false }
  if (inputs.every(({ kind }) => kind === 'zeros')) return { kind: 'zeros', shape: null }
  const last = inputs[inputs.length - 1]
  if (inputs.length === 2 && inputs[0].kind === 'flow' && last.kind === 'zeros')
    return padded(at, inputs[0], last)
  const flows = inputs.map((_, i) => at.flow(inputs, i))
  const axis = at.axis(at.int('axis', 0), flows[0].axes.length)
  const { role } = flows[0].axes[axis]
  if (role === 'feature') return beside(at, flows, axis)
  if (role !== 'direction' || axis !== 0)
    throw at.refuse('an axis of features, or of states', describeAxes(flows[0].axes))
  const items = flows.flatMap(({ tip, axes }) =>
    Array.from({ length: axes[0].size.factor }, (_, d) => takeDirection(tip, d)),
  )
  if (items.some((item) => !item)) throw at.refuse('states of recurrent layers', 'others')
  return {
    kind: 'stack',
    items: items as Stack['items'],
    groups: [items.length],
    rest: flows[0].axes.slice(1),
  }
}

/** Zeros behind the last step, for a flattening that cuts after them. */
function padded(at: NodeLift, flow: Flow, { shape }: Extract<Value, { kind: 'zeros' }>): Value {
  const axis = at.axis(at.int('axis', 0), flow.axes.length)
  const added = shape?.[axis] && numberOf(shape[axis])
  const clean = !at.context.ragged || (flow.fill?.mask === 'valid' && flow.fill.value === 0)
  if (added && clean && at.context.takeTime(flow.axes[axis].role)) {
    const layer = { type: 'piece', what: 'padded steps', base: flow.tip, value: added } as const
    return at.over(flow, above(flow.tip, layer, at.node))
  }
  throw at.refuse('zeros behind the last step', describeAxes(flow.axes))
}

/** Directions of one layer, or layers of one chain, side by side. */
function beside(at: NodeLift, given: readonly Flow[], axis: number): Value {
  const flows = given.map((_, i) => at.rows(given, i))
  const widths = flows.map((flow) => at.width(flow))
  const [first, second] = flows
  const axes = first.axes.map((other, i) =>
    i === axis ? { role: other.role, size: sizeOf(widths.reduce((sum, width) => sum + width, 0)) } : other,
  )
  const order = (flow: Flow) => describeAxes(flow.axes.slice(0, -1))
  if (axis !== first.axes.length - 1 || flows.some((flow) => order(flow) !== order(first)))
    throw at.refuse('features of the same rows', flows.map((flow) => describeAxes(flow.axes)).join(' and '))
  return {
    kind: 'flow',
    axes,
    tip: besideTip(
      at,
      flows.map(({ tip }) => tip),
      first,
      second,
    ),
  }
}

function besideTip(at: NodeLift, tips: readonly Draft[], first: Flow, second: Flow): Draft {
  const joined = tips.length === 2 && joinDirections(first.tip, second.tip, 'concat')
  if (joined) return joined
  const top = tips.find((tip) => tips.every((other) => reaches(tip, other)))
  if (top) return { layer: { type: 'concat', inputs: tips }, below: top, node: at.node }
  throw at.refuse('layers of one chain, or two directions of one layer', 'branches')
}

function cast(at: NodeLift, [x]: readonly Value[]): Value {
  return x?.kind === 'refused' || !x ? moved(at, x) : x
}

function range(at: NodeLift, inputs: readonly Value[]): Value {
  const [start, limit, delta] = inputs.map(asSizes)
  const single = (sizes: typeof start) => (sizes?.items.length === 1 ? sizes.items[0] : null)
  const [from, to, by] = [single(start), single(limit), single(delta)]
  const plain = from && by && numberOf(from) === 0 && numberOf(by) === 1
  const symbol = to?.symbols
  const role = symbol?.length === 1 ? symbol[0] : ''
  if (plain && at.context.takeTime(role as Axis['role'])) return { kind: 'steps', rank: 1 }
  throw at.refuse('the steps of time', 'another range')
}

function reverseSequence(at: NodeLift, [x, lengths]: readonly Value[]): Value {
  const flow = at.rows([x])
  const role = flow.axes[at.int('time_axis', 0)]?.role
  if (lengths?.kind === 'lengths' && lengths.minus === 0 && at.context.takeTime(role))
    return at.over(flow, above(flow.tip, { type: 'reverse' }, at.node))
  throw at.refuse('each sequence by its length', lengths ? describeValue(lengths) : 'none')
}

/** Operators by name. */
export const SHAPES: Readonly<Record<string, Lift>> = {
  Transpose: transpose,
  Squeeze: squeeze,
  Unsqueeze: unsqueeze,
  Reshape: reshape,
  Flatten: flatten,
  Gather: gather,
  Slice: sliceNode,
  Split: split,
  Shape: shapeOf,
  ConstantOfShape: constantOfShape,
  Expand: expand,
  Concat: concat,
  Cast: cast,
  Identity: cast,
  Dropout: cast,
  Range: range,
  ReverseSequence: reverseSequence,
}
