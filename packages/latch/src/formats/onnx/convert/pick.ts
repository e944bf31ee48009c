/**
 * Parts of a sequence's axes: one step, one direction, half of two directions side by side, steps backwards, the
 * first steps of a padded sequence.
 */
import { ONE } from './axes.ts'
import { describeAxes, type NodeConverter } from './context.ts'
import { getNumber, buildSize, type Axis, type SequenceValue } from './values.ts'
import { above, takeDirection, takeStep } from './model.ts'
import type { IrNode } from './nodes.ts'

/** A range along an axis, as ONNX says it. */
export interface Cut {
  axis: number
  start: number
  end: number
  step: number
}

/** One place along an axis; the axis goes, or stays with size 1. */
export function pick(
  at: NodeConverter,
  flow: SequenceValue,
  axis: number,
  index: number,
  keep: boolean,
): SequenceValue {
  const { role, size } = flow.axes[axis]
  const count = getNumber(size)
  const axes = flow.axes.flatMap((other, i) => (i === axis ? (keep ? [ONE] : []) : [other]))
  const tip = role === 'one' ? flow.tip : pickedTip(at, flow, role, index, count)
  return { ...at.over(flow, tip), axes, compact: flow.compact }
}

function pickedTip(
  at: NodeConverter,
  flow: SequenceValue,
  role: Axis['role'],
  index: number,
  count: number | null,
): IrNode {
  if (role === 'direction') {
    const taken = takeDirection(flow.tip, index < 0 ? index + count! : index)
    if (taken) return taken
    throw at.unsupported('a direction of a recurrent layer', `direction ${index} of ${flow.tip.layer.type}`)
  }
  const last = index === -1 || (count !== null && index === count - 1)
  if ((!last && index !== 0) || !at.context.takeTime(role))
    throw at.unsupported(
      'the first or the last step, or a direction',
      `place ${index} of ${role}, ${describeAxes(flow.axes)}`,
    )
  if (last && at.context.ragged)
    throw at.unsupported('the last step by the lengths', 'the last one of the padded batch')
  return takeStep(at.rows([flow]).tip, last ? 'last' : 'first', at.node)
}

/** A range along an axis. */
export function slice(
  at: NodeConverter,
  flow: SequenceValue,
  { axis: given, start, end, step }: Cut,
): SequenceValue {
  const axis = at.axis(given, flow.axes.length)
  const { role, size } = flow.axes[axis]
  const count = getNumber(size)
  if (step === -1 && start === -1 && end < -(count ?? 2 ** 31 - 1) && at.context.takeTime(role))
    return reversed(at, flow)
  if (step !== 1) throw at.unsupported('steps of 1', `${step}`)
  if (count === null) return openSlice(at, flow, axis, start, end)
  const from = settle(start, count)
  const to = settle(end, count)
  if (from === 0 && to === count) return flow
  if (to - from === 1 && role !== 'feature') return pick(at, flow, axis, from, true)
  if (role === 'feature') return half(at, flow, axis, from, to, count)
  throw at.unsupported(
    'one step, one direction, or all of them',
    `${from} to ${to} of ${describeAxes(flow.axes)}`,
  )
}

const settle = (place: number, count: number) =>
  Math.min(Math.max(place < 0 ? place + count : place, 0), count)

/** Along an axis whose size differs from call to call. */
function openSlice(
  at: NodeConverter,
  flow: SequenceValue,
  axis: number,
  start: number,
  end: number,
): SequenceValue {
  const far = end >= 2 ** 31 - 1
  if (start === 0 && far) return flow
  if (start === -1 && far) return pick(at, flow, axis, -1, true)
  const { layer } = flow.tip
  if (start === 0 && layer.type === 'piece' && layer.what === 'padded steps' && end > 0 && end <= layer.value)
    return findWindow(at, flow, axis, end)
  if (start === 0 && end === 1) return pick(at, flow, axis, 0, true)
  throw at.unsupported('the first or the last step', `${start} to ${end} of ${describeAxes(flow.axes)}`)
}

function findWindow(at: NodeConverter, flow: SequenceValue, axis: number, steps: number): SequenceValue {
  const base = flow.tip.below!
  const layer = { type: 'piece', what: 'window of steps', base, value: steps } as const
  const axes = flow.axes.map((other, i) => (i === axis ? { ...other, size: buildSize(steps) } : other))
  return { kind: 'flow', tip: above(base, layer, at.node), axes }
}

function reversed(at: NodeConverter, flow: SequenceValue): SequenceValue {
  if (at.context.ragged) throw at.unsupported('each sequence by its length', 'the padded batch backwards')
  return at.over(flow, above(at.rows([flow]).tip, { type: 'reverse' }, at.node))
}

/** Half of two directions' features side by side. */
function half(
  at: NodeConverter,
  flow: SequenceValue,
  axis: number,
  from: number,
  to: number,
  count: number,
): SequenceValue {
  const isHalf = (from === 0 && to * 2 === count) || (from * 2 === count && to === count)
  const taken = isHalf && isPair(flow.tip) ? takeDirection(flow.tip, from === 0 ? 0 : 1) : null
  if (!taken)
    throw at.unsupported('one of two directions', `features ${from} to ${to} of ${flow.tip.layer.type}`)
  const axes = flow.axes.map((other, i) => (i === axis ? { ...other, size: buildSize(to - from) } : other))
  return { kind: 'flow', tip: taken, axes }
}

/** Whether the features are those of two directions side by side. */
function isPair({ layer, below }: IrNode): boolean {
  if (layer.type === 'pool') return isPair(below!)
  return (
    layer.type === 'recurrent' &&
    layer.directions.length === 2 &&
    (layer.options.merge ?? 'concat') === 'concat'
  )
}
