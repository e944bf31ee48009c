/**
 * Masked steps as Latch exports them (formats/onnx/write/masks.ts): selections computed from ids of 0, or from features
 * that all equal one value, move the other steps to the front before a recurrent operator, and back after it. Each
 * value is given the name of its part in this scheme; the check against the graph verifies that the parts are combined
 * correctly.
 */
import { above } from './model.ts'
import { describeAxes, type NodeConverter } from './context.ts'
import type { SequenceValue, MaskPart, Value } from './values.ts'

type Masking = Extract<Value, { kind: 'masking' }>

const MOVES = ['Unsqueeze', 'Squeeze', 'Transpose', 'Reshape', 'Cast', 'Identity']

/** The part that an operator makes from two others. Their order matters only for Less and Sub. */
const PARTS: readonly (readonly [op: string, a: string, b: string, made: MaskPart])[] = [
  ['Not', 'is padding', '', 'given'],
  ['Not', 'is value', '', 'is other'],
  ['Not', 'upper', '', 'lower'],
  ['ReduceMax', 'is other', '', 'given'],
  ['And', 'given', 'valid', 'counted'],
  ['ReduceSum', 'counted', '', 'count'],
  ['Max', 'count', '1', 'lengths'],
  ['Less', 'steps', 'steps', 'upper'],
  ['Less', '0', 'count', 'any'],
  ['Less', 'steps', 'count', 'more'],
  ['MatMul', 'lower', 'counted', 'through'],
  ['Add', 'steps', '1', 'ranks + 1'],
  ['Sub', 'through', 'counted', 'sums before'],
  ['Equal', 'through', 'ranks + 1', 'places'],
  ['Equal', 'sums before', 'steps', 'before'],
  ['And', 'before', 'more', 'places reversed'],
  ['And', 'places reversed', 'counted', 'selection'],
]

/** Converts a node that computes with masks; returns null for any other node. */
export function convertMasking(at: NodeConverter, inputs: readonly Value[]): Value | null {
  const { op } = at.node
  const [a, b] = inputs
  if (a?.kind === 'masking' && MOVES.includes(op)) return a
  if (a?.kind === 'steps' && (op === 'Transpose' || op === 'Reshape')) return a
  const begun = op === 'Equal' ? begin(a, b) : null
  if (begun) return begun
  if (op === 'Where' && a?.kind === 'masking') return where(at, a, inputs)
  if (op === 'MatMul' && a?.kind === 'masking' && b?.kind === 'sequence') return move(at, a, b)
  if (op === 'Div' && a?.kind === 'sequence' && b?.kind === 'masking' && b.what === 'lengths')
    return mean(at, a)
  const names = [findName(a), op === 'ReduceSum' || op === 'ReduceMax' ? '' : findName(b)]
  const found = PARTS.find(
    ([of, x, y]) =>
      of === op &&
      ((x === names[0] && y === names[1]) ||
        (op !== 'Less' && op !== 'Sub' && x === names[1] && y === names[0])),
  )
  if (!found) return null
  const value = [a, b].find((part): part is Masking => part?.kind === 'masking')?.value
  return { kind: 'masking', what: found[3], value }
}

function findName(value: Value | undefined): string {
  if (!value || value.kind === 'absent') return ''
  if (value.kind === 'masking') return value.what
  if (value.kind === 'mask') return value.what
  if (value.kind === 'constant' && value.tensor.data.length === 1) return `${value.tensor.data[0]}`
  return value.kind
}

/** The start of a mask: ids compared with 0, or features compared with one value. */
function begin(a: Value | undefined, b: Value | undefined): Masking | null {
  if (b?.kind !== 'constant' || b.tensor.data.length !== 1) return null
  const [value] = b.tensor.data
  if (a?.kind === 'ids' && value === 0) return { kind: 'masking', what: 'is padding' }
  if (a?.kind === 'sequence' && a.tip.layer.type === 'features')
    return { kind: 'masking', what: 'is value', value }
  return null
}

function where(at: NodeConverter, mask: Masking, inputs: readonly Value[]): Value {
  const sequence = at.sequence(inputs, 1)
  const other = inputs[2]
  const fill = other?.kind === 'constant' && other.tensor.data.length === 1 ? other.tensor.data[0] : NaN
  if (mask.what === 'any' && fill === 0) return sequence
  if (mask.what === 'given' && mask.value !== undefined && fill === 0)
    return at.over(sequence, above(sequence.tip, { type: 'masking', value: mask.value }, at.node))
  if (mask.what !== 'counted' || Number.isNaN(fill) || !at.context.takeTime(sequence.axes[0].role))
    throw at.unsupported('masked steps replaced by one number', mask.what)
  noteMask(at, mask)
  return { ...at.rows([sequence]), fill: { mask: 'counted', value: fill } }
}

/** Moves the steps that are not masked to the front, or back. */
function move(at: NodeConverter, { what, value }: Masking, sequence: SequenceValue): Value {
  if (sequence.axes.length !== 3 || !at.context.takeTime(sequence.axes[1].role))
    throw at.unsupported('axes (batch, time, features)', describeAxes(sequence.axes))
  noteMask(at, { kind: 'masking', what, value })
  if (what === 'selection' && !sequence.compact) return { ...at.rows([sequence]), compact: true }
  if ((what === 'places' || what === 'places reversed') && sequence.compact)
    return { ...sequence, compact: false }
  throw at.unsupported('a selection of steps', what)
}

function mean(at: NodeConverter, sequence: SequenceValue): Value {
  const { layer } = sequence.tip
  if (layer.type === 'pool' && layer.pooling === 'sum')
    return at.over(sequence, { ...sequence.tip, layer: { type: 'pool', pooling: 'mean' } })
  throw at.unsupported('a sum over time, by the steps that count', layer.type)
}

function noteMask(at: NodeConverter, { value }: Masking): void {
  if (value === undefined) at.context.maskZero = true
}
