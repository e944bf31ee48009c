/**
 * Steps and features in each other's place, and other steps of the same numbers. A Transpose alone computes nothing: only
 * an operator that reads features where the steps are needs a layer `permute`. Both have a fixed number of steps.
 */
import { buildSize, getNumber, sameSize, type Axis, type SequenceValue, type Size } from './values.ts'
import type { NodeConverter } from './context.ts'
import { above } from './model.ts'
import { ONE, regroup } from './axes.ts'

const isInput = ({ role }: Axis) => role.startsWith('input')
const isPlain = ({ role }: Axis) => role !== 'merged' && role !== 'direction'

/** The axis that is time: not the axis of the batch. Null unless one of both is among these axes. */
function stepsRole(at: NodeConverter, axes: readonly Axis[]): Axis['role'] | null {
  const [batch, ...others] = axes.filter(isInput)
  if ((batch as Axis | undefined) === undefined || others.length > 0) return null
  const role = batch.role === 'input 0' ? 'input 1' : 'input 0'
  return at.context.takeTime(role) ? role : null
}

/**
 * The sequence with its features on the axis `place`, where its steps (or, of one row a sequence, nothing) are: these go
 * where the features were. The same sequence if the features are there; null where they cannot be.
 */
export function withFeaturesAt(at: NodeConverter, given: SequenceValue, place: number): SequenceValue | null {
  const { axes } = given
  const from = axes.findIndex(({ role }) => role === 'feature')
  if (from === place) return given
  const width = from < 0 ? null : getNumber(axes[from].size)
  if (width === null || place < 0 || place >= axes.length || !axes.every(isPlain)) return null
  const wanted = axes[place]
  if (wanted.role === 'one') return rowAsSteps(at, given, from, place, width)
  const steps = getNumber(wanted.size)
  if (steps === null || !at.context.takeTime(wanted.role)) return null
  const rows = at.rows([given]).tip
  const tip = at.context.turned(rows, () => above(rows, { type: 'permute', steps }, at.node))
  const turned = axes.map((axis, i): Axis => {
    if (i === place) return { role: 'feature', size: wanted.size }
    return i === from ? { role: wanted.role, size: axes[from].size } : axis
  })
  return { kind: 'sequence', tip, axes: turned }
}

/** One row of F features as F steps of one. */
function rowAsSteps(
  at: NodeConverter,
  given: SequenceValue,
  from: number,
  place: number,
  width: number,
): SequenceValue | null {
  const { axes } = given
  const role = stepsRole(at, axes)
  if (role === null) return null
  const tip = above(at.rows([given]).tip, { type: 'reshape', steps: width, width: 1 }, at.node)
  const turned = axes.map((axis, i): Axis => {
    if (i === place) return { role: 'feature', size: axis.size }
    return i === from ? { role, size: axis.size } : axis
  })
  return { kind: 'sequence', tip, axes: turned }
}

/** As `withFeaturesAt`, on the last axis. */
export function withFeaturesLast(at: NodeConverter, given: SequenceValue): SequenceValue {
  return withFeaturesAt(at, given, given.axes.length - 1) ?? given
}

/** One row a sequence whose axis of steps has size 1, as one step; null for anything else. */
export function rowAsStep(at: NodeConverter, given: SequenceValue, time: number): SequenceValue | null {
  const { axes } = given
  const feature = axes.find(({ role }) => role === 'feature')
  const width = feature ? getNumber(feature.size) : null
  const role = axes[time]?.role === 'one' && width !== null ? stepsRole(at, axes) : null
  if (role === null) return null
  const tip = above(at.rows([given]).tip, { type: 'reshape', steps: 1, width: width! }, at.node)
  return { kind: 'sequence', tip, axes: axes.map((axis, i) => (i === time ? { ...axis, role } : axis)) }
}

/**
 * The numbers of each sequence as other steps and features, (batch, steps, features); null for any other shape.
 * `wanted`: null stands for −1.
 */
export function reshaped(
  at: NodeConverter,
  given: SequenceValue,
  wanted: readonly (Size | null)[],
): SequenceValue | null {
  const x = given.axes.length === 3 ? (withFeaturesAt(at, given, 2) ?? given) : given
  const [batch, ...own] = x.axes.filter(({ role }) => role !== 'one')
  const isRow = own.length === 1
  const roles = own.map(({ role }) => role)
  const time = isRow ? stepsRole(at, x.axes) : roles[0]
  const fits = batch && isInput(batch) && roles[roles.length - 1] === 'feature' && wanted.length === 3
  if (!fits || own.length > 2 || time === null || !at.context.takeTime(time)) return null
  const counts = own.map(({ size }) => getNumber(size))
  const target = shapeOf(counts, batch, wanted)
  if (!target) return null
  const [steps, width] = target
  const tip = above(at.rows([x]).tip, { type: 'reshape', steps, width }, at.node)
  const axes: Axis[] = [
    batch,
    { role: time, size: buildSize(steps) },
    { role: 'feature', size: buildSize(width) },
  ]
  return { kind: 'sequence', tip, axes }
}

/** Steps and features of a shape with as many numbers a sequence. */
function shapeOf(
  counts: readonly (number | null)[],
  batch: Axis,
  [first, ...rest]: readonly (Size | null)[],
): readonly [number, number] | null {
  if (counts.includes(null)) return null
  const numbers = (counts as number[]).reduce((a, b) => a * b, 1)
  const sizes = rest.map((size) => size && getNumber(size))
  if (first && !regroup([batch], [first], false)) return null
  const [steps, width] = sizes.map((size, i) => size ?? (rest[i] ? NaN : numbers / sizes[1 - i]!))
  return Number.isInteger(steps) && Number.isInteger(width) && steps * width === numbers
    ? [steps, width]
    : null
}

/**
 * One row a sequence, expanded to as many steps as the input has; null for any other shape. Axes are aligned at their end,
 * and a size of 1 or -1 keeps the row's.
 */
export function repeatRow(
  at: NodeConverter,
  given: SequenceValue,
  sizes: readonly Size[],
): SequenceValue | null {
  const added = Math.max(0, sizes.length - given.axes.length)
  const axes: Axis[] = [...Array.from({ length: added }, () => ONE), ...given.axes]
  const role = stepsRole(at, axes)
  const grown = axes.flatMap((axis, i) => {
    const size = sizes[i - (axes.length - sizes.length)] as Size | undefined
    const number = size ? getNumber(size) : 1
    const isKept = number === 1 || number === -1 || (size !== undefined && sameSize(size, axis.size))
    return isKept ? [] : [{ place: i, steps: number }]
  })
  if (role === null || grown.length !== 1 || axes.length !== 3) return null
  const [{ place, steps }] = grown
  if (axes[place].role !== 'one' || steps === null) return null
  const tip = above(at.rows([given]).tip, { type: 'repeat', steps }, at.node)
  const repeated = axes.map((axis, i): Axis => (i === place ? { role, size: buildSize(steps) } : axis))
  return { kind: 'sequence', tip, axes: repeated }
}

/** The place of the steps among axes; -1 if they are not there. Time is the second axis of the input until an operator says. */
export function findSteps(at: NodeConverter, axes: readonly Axis[]): number {
  return axes.findIndex(({ role }) => role === (at.context.time ?? 'input 1'))
}
