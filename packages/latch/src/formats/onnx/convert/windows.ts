/** Convolutions, poolings over windows of steps and batch normalisation, all over (batch, features, time). */
import type { Conv1dOptions } from '../../../layers/windows/conv1d.ts'
import type { Padding } from '../../../layers/windows/windows.ts'
import { windowsOf, type WindowedOptions } from '../../../layers/windows/windowed.ts'
import type { OnnxTensor } from '../graph.ts'
import { ONE } from './axes.ts'
import { describeAxes, describeValue, type Convert, type NodeConverter } from './context.ts'
import { above } from './model.ts'
import type { IrLayer, IrPattern } from './nodes.ts'
import { withFeaturesAt } from './turns.ts'
import { buildSize, getNumber, type Axis, type SequenceValue, type Value } from './values.ts'

function constantAt(at: NodeConverter, value: Value | undefined, what: string): OnnxTensor {
  if (value?.kind === 'constant') return value.tensor
  throw at.unsupported(`${what} as a constant`, value ? describeValue(value) : 'none')
}

/** Axes with the features second; an axis of size 1 there is a single feature where no other is. */
function channelsSecond({ axes }: SequenceValue): readonly Axis[] | null {
  const [batch, second, ...others] = axes
  if (!batch?.role.startsWith('input') && batch?.role !== 'merged') return null
  if (second?.role === 'feature') return axes
  const isLost = second?.role === 'one' && !axes.some(({ role }) => role === 'feature')
  return isLost ? [batch, { role: 'feature', size: second.size }, ...others] : null
}

/** Values with the features second, by a layer that turns them where they are not. */
function withChannels(at: NodeConverter, value: SequenceValue): SequenceValue {
  const axes = channelsSecond(value)
  if (axes) return { ...value, axes }
  const turned = withFeaturesAt(at, value, 1)
  if (turned && channelsSecond(turned)) return turned
  throw at.unsupported('(batch, features, time)', describeAxes(value.axes))
}

function batchNormalization(at: NodeConverter, inputs: readonly Value[]): Value {
  const given = at.asNumbers(inputs[0])
  const sequence = at.rows([given.kind === 'sequence' ? withChannels(at, given) : given])
  const { axes } = sequence
  if (at.int('training_mode', 0) || at.int('spatial', 1) !== 1)
    throw at.unsupported('normalisation at inference', 'another form')
  const [scale, centre, mean, variance] = ['the scale', 'the bias', 'the mean', 'the variance'].map(
    (what, i) => Float32Array.from(constantAt(at, inputs[i + 1], what).data),
  )
  const epsilon = at.float('epsilon', 1e-5)
  const momentum = Number((1 - at.float('momentum', 0.9)).toPrecision(12))
  const layer: IrLayer = { type: 'batchNorm', epsilon, momentum, scale, centre, mean, variance }
  return { kind: 'sequence', axes, tip: above(sequence.tip, layer, at.node) }
}

/** The axis of time among those behind the features; the others have size 1, and so does the kernel there. */
function timeAxis(at: NodeConverter, axes: readonly Axis[], kernel: readonly number[]): number {
  const place = axes.findIndex(({ role }, i) => i > 1 && role.startsWith('input'))
  const plain = axes
    .slice(2)
    .every(({ size }, i) => i + 2 === place || (getNumber(size) === 1 && kernel[i] === 1))
  if (place > 1 && kernel.length === axes.length - 2 && plain && at.context.takeTime(axes[place].role))
    return place
  throw at.unsupported('(batch, features, time)', describeAxes(axes))
}

/**
 * What the operators have in common: reads the windows, and returns the layer's options and where its axis is. `fill`: what
 * padded steps of a batch with lengths must be; null: no number is
 * padding.
 */
function windowed(
  at: NodeConverter,
  inputs: readonly Value[],
  kernel: readonly number[],
  fill: number | null,
) {
  const read = at.asNumbers(inputs[0])
  if (read?.kind !== 'sequence')
    throw at.unsupported('the output of a layer', read ? describeValue(read) : 'no input 0')
  const given = withChannels(at, read)
  const zeros = zerosBelow(given)
  const place = timeAxis(at, given.axes, kernel)
  const axes = given.axes.map((axis, k) => (zeros && k === place ? { ...axis, size: zeros.time } : axis))
  const i = place - 2
  const rank = axes.length - 2
  const only = (name: string, absent: number) => at.list(name)?.[i] ?? absent
  const pads = at.list('pads') ?? []
  const others = pads.some((steps, k) => steps !== 0 && k % rank !== i)
  if (others) throw at.unsupported('padding of steps', `pads (${pads.join(', ')})`)
  const padding = readPadding(at, pads[i] ?? 0, pads[i + rank] ?? 0)
  return {
    given: zeros ? { ...given, axes, tip: given.tip.below! } : given,
    axes,
    place,
    fill,
    kernelSize: kernel[i],
    stride: only('strides', 1),
    dilation: only('dilations', 1),
    padding: zeros ? withZeros(at, padding, zeros.sides) : padding,
  }
}

function withZeros(at: NodeConverter, padding: Padding, [before, after]: readonly [number, number]): Padding {
  if (padding === 'valid') return before === after ? before : [before, after]
  const own = typeof padding === 'number' ? [padding, padding] : padding
  if (typeof own === 'string') throw at.unsupported('pads above zeros around the steps', 'auto_pad')
  return [own[0] + before, own[1] + after]
}

/** Steps of zeros around a sequence: the layer above adds them. @throws UnsupportedError for any other padding */
function pad(at: NodeConverter, inputs: readonly Value[]): Value {
  const sequence = at.sequence(inputs)
  const mode = at.text('mode', 'constant')
  const early = at.opset < 11
  const given = at.numbers('pads', early ? undefined : inputs[1])
  const number = early ? at.float('value', 0) : paddingNumber(at, inputs[2])
  if (!given || mode !== 'constant' || number !== 0)
    throw at.unsupported('constant pads of zeros', mode === 'constant' ? `pads of ${number}` : mode)
  const rank = sequence.axes.length
  const own = at.numbers('axes', early ? undefined : inputs[3]) ?? sequence.axes.map((_, i) => i)
  const padded = own.map((axis, i) => ({
    axis: at.axis(axis, rank),
    sides: [given[i], given[own.length + i]] as const,
  }))
  const [found, ...others] = padded.filter(({ sides }) => sides.some((steps) => steps !== 0))
  if (!found) return sequence
  const { sides, axis } = found
  const time = sequence.axes[axis]
  if (others.length > 0 || sides.some((steps) => steps < 0) || !at.context.takeTime(time.role))
    throw at.unsupported('zeros before and after the steps', `pads (${given.join(', ')})`)
  const below = zerosBelow(sequence)
  const [before, after] = below?.sides ?? [0, 0]
  const base = below ? sequence.tip.below! : sequence.tip
  const zeros = { sides: [before + sides[0], after + sides[1]] as const, time: below?.time ?? time.size }
  const tip = above(base, { type: 'pattern', what: 'steps of zeros', base, value: 0, zeros }, at.node)
  const steps = getNumber(time.size)
  const size =
    steps === null ? buildSize(`${time.role} after ${at.node.name}`) : buildSize(steps + sides[0] + sides[1])
  const axes = sequence.axes.map((other, i) => (i === axis ? { ...other, size } : other))
  return { ...sequence, axes, tip }
}

function paddingNumber(at: NodeConverter, value: Value | undefined): number {
  return value && value.kind !== 'absent' ? constantAt(at, value, 'the number of the padding').data[0] : 0
}

function zerosBelow({ tip: { layer } }: SequenceValue): IrPattern['zeros'] {
  return layer.type === 'pattern' ? layer.zeros : undefined
}

function readPadding(at: NodeConverter, before: number, after: number): Padding {
  const auto = at.text('auto_pad', 'NOTSET')
  if (auto === 'SAME_UPPER') return 'same'
  if (auto === 'SAME_LOWER') throw at.unsupported('auto_pad SAME_UPPER or pads', auto)
  if (auto === 'VALID' || before + after === 0) return 'valid'
  return before === after ? before : [before, after]
}

type Found = ReturnType<typeof windowed>

/** Above the layer, with the steps that it leaves. */
function windowsAbove(
  at: NodeConverter,
  { given, axes, place: time, fill }: Found,
  options: WindowedOptions,
  layer: IrLayer,
): SequenceValue {
  const windows = windowsOf(at.node.name, options)
  const steps = getNumber(axes[time].size)
  const left = steps === null ? null : windows.lengthOf(steps)
  if (left !== null && left < 1) throw at.unsupported(`at least ${windows.leastBelow(1)} steps`, `${steps}`)
  assertPadding(at, given, options.padding ?? 'valid', fill)
  const size = windows.keepsLengths
    ? axes[time].size
    : buildSize(left ?? `${axes[time].role} after ${at.node.name || at.node.outputs[0]}`)
  const width = options.type === 'conv1d' ? buildSize(options.filters) : axes[1].size
  const made = axes.map((axis, i): Axis => {
    return i === time ? { ...axis, size } : i === 1 ? { role: 'feature', size: width } : axis
  })
  return { kind: 'sequence', axes: made, tip: above(given.tip, layer, at.node) }
}

/**
 * Padding of windows must be zeros, or the smallest of numbers, in a batch with lengths too: what lies behind a sequence's last
 * step was replaced.
 */
function assertPadding(
  at: NodeConverter,
  { fill }: SequenceValue,
  padding: Padding,
  wanted: number | null,
): void {
  if (fill && fill.mask !== 'valid') throw at.unsupported('all steps', 'masked ones')
  if (!at.context.ragged || padding === 'valid') return
  if (fill && wanted !== null && (wanted === 0 ? fill.value === 0 : fill.value < -1e30)) return
  throw at.unsupported('windows without the padding', 'the padded batch')
}

function convolution(at: NodeConverter, inputs: readonly Value[]): Value {
  const tensor = constantAt(at, inputs[1], 'the kernel')
  const [filters, perGroup, ...kernel] = tensor.shape
  const found = windowed(at, inputs, kernel, 0)
  const { kernelSize, stride, dilation, padding, axes } = found
  const groups = at.int('group', 1)
  const width = getNumber(axes[1].size)
  if (width !== null && width !== perGroup * groups)
    throw at.unsupported(`a kernel for ${width} features`, `one for ${perGroup * groups}`)
  const bias = inputs[2] && inputs[2].kind !== 'absent' ? constantAt(at, inputs[2], 'the bias') : null
  const options: WindowedOptions = {
    type: 'conv1d',
    filters,
    kernelSize,
    ...(stride > 1 && { stride }),
    ...(dilation > 1 && { dilation }),
    ...(padding !== 'valid' && { padding }),
    ...(groups > 1 && { groups }),
    ...(bias ? {} : { bias: false }),
  }
  const [weight, summand] = [tensor, bias].map((one) => one && Float32Array.from(one.data))
  const layer: IrLayer = {
    type: 'conv1d',
    options,
    inputs: perGroup * groups,
    weight: weight!,
    bias: summand,
    time: axes[found.place].size,
  }
  return windowsAbove(at, found, options, layer)
}

function pooling(at: NodeConverter, inputs: readonly Value[], type: 'maxPool1d' | 'averagePool1d'): Value {
  const included = type === 'averagePool1d' && at.int('count_include_pad', 0) === 1
  const isAlone =
    (at.list('pads') ?? []).every((steps) => steps === 0) && at.text('auto_pad', 'NOTSET') !== 'SAME_UPPER'
  const zeros = inputs[0]?.kind === 'sequence' ? zerosBelow(inputs[0]) : undefined
  if (zeros && (type === 'maxPool1d' || !(included || isAlone)))
    throw at.unsupported('steps without zeros around them', 'steps of zeros')
  const counts = included || zeros !== undefined
  const fill = type === 'maxPool1d' ? -Infinity : counts ? 0 : null
  const found = windowed(at, inputs, at.list('kernel_shape') ?? [], fill)
  const { kernelSize, stride, dilation, padding, axes, place: time, given } = found
  const steps = getNumber(axes[time].size)
  if (dilation !== 1) throw at.unsupported('dilations of 1', `${dilation}`)
  const rests = steps === null || padding === 'same' || (steps - kernelSize) % stride !== 0
  if (at.int('ceil_mode', 0) && (rests || padding !== 'valid')) throw at.unsupported('ceil_mode 0', '1')
  // One window over all steps.
  if (steps === kernelSize && padding === 'valid' && !at.context.ragged && !given.fill) {
    const pool: IrLayer = { type: 'pool', pooling: type === 'maxPool1d' ? 'max' : 'mean' }
    const made = axes.map((axis, i) => (i === time ? ONE : axis))
    return { kind: 'sequence', axes: made, tip: above(given.tip, pool, at.node) }
  }
  const countPadding = counts && padding !== 'valid'
  if (countPadding && padding === 'same') throw at.unsupported('count_include_pad with pads', 'auto_pad')
  const options = {
    type,
    kernelSize,
    ...(stride !== kernelSize && { stride }),
    ...(padding !== 'valid' && { padding }),
    ...(countPadding && { countPadding }),
  } as Exclude<WindowedOptions, { type: 'conv1d' }>
  return windowsAbove(at, found, options, { type, options })
}

/**
 * Convolutions without a look ahead, as PyTorch writes them: padding on both sides, and the last steps cut off. Null for any
 * other slice; `cut`: steps that go.
 */
export function withoutLast(
  at: NodeConverter,
  sequence: SequenceValue,
  axis: number,
  cut: number,
): SequenceValue | null {
  const { axes, tip } = sequence
  const { layer, below } = tip
  if (layer.type !== 'conv1d' || !axes[axis].role.startsWith('input') || cut < 1) return null
  const windows = windowsOf(at.node.name, layer.options)
  const [before, after] = windows.sides ?? [0, 0]
  if (windows.stride !== 1 || after < cut) return null
  const options: Conv1dOptions = { ...layer.options, padding: [before, after - cut] }
  const { keepsLengths } = windowsOf(at.node.name, options)
  const count = getNumber(axes[axis].size)
  if (!keepsLengths && count === null) return null
  const size = keepsLengths ? layer.time : buildSize(count! - cut)
  return {
    ...sequence,
    axes: axes.map((one, i) => (i === axis ? { ...one, size } : one)),
    tip: { layer: { ...layer, options }, below, node: tip.node },
  }
}

/** Operators by name. */
export const WINDOWS: Readonly<Record<string, Convert>> = {
  BatchNormalization: batchNormalization,
  Conv: convolution,
  Pad: pad,
  MaxPool: (at, inputs) => pooling(at, inputs, 'maxPool1d'),
  AveragePool: (at, inputs) => pooling(at, inputs, 'averagePool1d'),
}
