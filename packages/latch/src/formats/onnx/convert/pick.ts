/**
 * Selections along the axes of a sequence: one step, one direction, one of two concatenated directions, reversed steps,
 * the first steps of a padded sequence.
 */
import { ONE } from './axes.ts'
import { describeAxes, type NodeConverter } from './context.ts'
import { getNumber, buildSize, type Axis, type SequenceValue } from './values.ts'
import { above, takeDirection, takeStep } from './model.ts'
import { findSteps, withFeaturesAt } from './turns.ts'
import { withoutLast } from './windows.ts'
import type { IrNode } from './nodes.ts'

/** A range along an axis, with the bounds as in ONNX. */
export interface Cut {
  axis: number
  start: number
  end: number
  step: number
}

/** Selects one index along an axis; the axis is removed, or kept with size 1. */
export function pick(
  at: NodeConverter,
  sequence: SequenceValue,
  axis: number,
  index: number,
  keep: boolean,
): SequenceValue {
  const { role, size } = sequence.axes[axis]
  const turned = role === 'feature' ? withFeaturesAt(at, sequence, findSteps(at, sequence.axes)) : null
  if (turned) return pick(at, turned, axis, index, keep)
  const count = getNumber(size)
  const axes = sequence.axes.flatMap((other, i) => (i === axis ? (keep ? [ONE] : []) : [other]))
  const tip = role === 'one' ? sequence.tip : pickedTip(at, sequence, role, index, count)
  return { ...at.over(sequence, tip), axes, compact: sequence.compact }
}

function pickedTip(
  at: NodeConverter,
  sequence: SequenceValue,
  role: Axis['role'],
  index: number,
  count: number | null,
): IrNode {
  if (role === 'direction') {
    const taken = takeDirection(sequence.tip, index < 0 ? index + count! : index)
    if (taken) return taken
    throw at.unsupported(
      'a direction of a recurrent layer',
      `direction ${index} of ${sequence.tip.layer.type}`,
    )
  }
  const last = index === -1 || (count !== null && index === count - 1)
  if ((!last && index !== 0) || !at.context.takeTime(role))
    throw at.unsupported(
      'the first or the last step, or a direction',
      `place ${index} of ${role}, ${describeAxes(sequence.axes)}`,
    )
  if (last && at.context.ragged)
    throw at.unsupported('the last step by the lengths', 'the last one of the padded batch')
  return takeStep(at.rows([sequence]).tip, last ? 'last' : 'first', at.node)
}

/** Selects a range along an axis. */
export function slice(
  at: NodeConverter,
  sequence: SequenceValue,
  { axis: given, start, end, step }: Cut,
): SequenceValue {
  const axis = at.axis(given, sequence.axes.length)
  const { role, size } = sequence.axes[axis]
  const count = getNumber(size)
  if (step === -1 && start === -1 && end < -(count ?? 2 ** 31 - 1) && at.context.takeTime(role))
    return reversed(at, sequence)
  if (step !== 1) throw at.unsupported('steps of 1', `${step}`)
  const causal = start === 0 && withoutLast(at, sequence, axis, end < 0 ? -end : (count ?? 0) - end)
  if (causal) return causal
  const { layer } = sequence.tip
  const isPadded = layer.type === 'pattern' && layer.what === 'padded steps'
  if (isPadded && start === 0 && end > 0 && end <= layer.value) return findWindow(at, sequence, axis, end)
  if (count === null) return openSlice(at, sequence, axis, start, end)
  const from = resolve(start, count)
  const to = resolve(end, count)
  if (from === 0 && to === count) return sequence
  if (to - from === 1 && role !== 'feature') return pick(at, sequence, axis, from, true)
  if (role === 'feature') return half(at, sequence, axis, from, to, count)
  throw at.unsupported(
    'one step, one direction, or all of them',
    `${from} to ${to} of ${describeAxes(sequence.axes)}`,
  )
}

const resolve = (place: number, count: number) =>
  Math.min(Math.max(place < 0 ? place + count : place, 0), count)

/** Slices along an axis of dynamic size. */
function openSlice(
  at: NodeConverter,
  sequence: SequenceValue,
  axis: number,
  start: number,
  end: number,
): SequenceValue {
  const far = end >= 2 ** 31 - 1
  if (start === 0 && far) return sequence
  if (start === -1 && far) return pick(at, sequence, axis, -1, true)
  if (start === 0 && end === 1) return pick(at, sequence, axis, 0, true)
  throw at.unsupported('the first or the last step', `${start} to ${end} of ${describeAxes(sequence.axes)}`)
}

function findWindow(at: NodeConverter, sequence: SequenceValue, axis: number, steps: number): SequenceValue {
  const base = sequence.tip.below!
  const layer = { type: 'pattern', what: 'window of steps', base, value: steps } as const
  const axes = sequence.axes.map((other, i) => (i === axis ? { ...other, size: buildSize(steps) } : other))
  return { kind: 'sequence', tip: above(base, layer, at.node), axes }
}

function reversed(at: NodeConverter, sequence: SequenceValue): SequenceValue {
  if (at.context.ragged) throw at.unsupported('each sequence by its length', 'the padded batch backwards')
  return at.over(sequence, above(at.rows([sequence]).tip, { type: 'reverse' }, at.node))
}

/** Takes one of two directions whose features are concatenated. */
function half(
  at: NodeConverter,
  sequence: SequenceValue,
  axis: number,
  from: number,
  to: number,
  count: number,
): SequenceValue {
  const isHalf = (from === 0 && to * 2 === count) || (from * 2 === count && to === count)
  const taken = isHalf && isPair(sequence.tip) ? takeDirection(sequence.tip, from === 0 ? 0 : 1) : null
  if (!taken)
    throw at.unsupported('one of two directions', `features ${from} to ${to} of ${sequence.tip.layer.type}`)
  const axes = sequence.axes.map((other, i) =>
    i === axis ? { ...other, size: buildSize(to - from) } : other,
  )
  return { kind: 'sequence', tip: taken, axes }
}

/** Whether the features are those of two concatenated directions. */
function isPair({ layer, below }: IrNode): boolean {
  if (layer.type === 'pool') return isPair(below!)
  return (
    layer.type === 'recurrent' &&
    layer.directions.length === 2 &&
    (layer.options.merge ?? 'concat') === 'concat'
  )
}
