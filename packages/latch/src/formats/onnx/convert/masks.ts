/**
 * Masked steps as Latch itself writes them (formats/onnx/write/masks.ts): selections made of an id 0, or of features
 * that are all one value, move them out of a recurrent operator's way and back. Each value gets the name of its part
 * in that; whether the parts were put together rightly, the check against the graph says.
 */
import { above } from './model.ts'
import { describeAxes, type NodeConverter } from './context.ts'
import type { SequenceValue, MaskPart, Value } from './values.ts'

type Masking = Extract<Value, { kind: 'masking' }>

const MOVES = ['Unsqueeze', 'Squeeze', 'Transpose', 'Reshape', 'Cast', 'Identity']

/** Two parts (in either order) and an operator that make another part. */
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

/** What a node makes of masks; null where it has nothing to do with them. */
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

/** Ids that are 0, or features that are one value. */
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

/** Steps moved out of the way, or back. */
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
