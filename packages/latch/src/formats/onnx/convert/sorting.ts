/**
 * A batch sorted by length and restored, as `pack_padded_sequence(enforce_sorted=False)` is exported: TopK sorts the
 * lengths, Gather reorders the sequences, and Gather by the inverse permutation (ScatterElements) restores the order.
 * None of this changes a layer; the check against the graph verifies that the order is restored.
 */
import { describeValue, type Convert, type NodeConverter } from './context.ts'
import { asSizes, getNumber, product, type Size, type Value } from './values.ts'

const BATCH: Size = { factor: 1, symbols: ['batch'] }

/** The batch size, as the shape of the lengths or of a permutation; null for any other value. */
export function batchSize(value: Value | undefined): Value | null {
  if (value?.kind !== 'order' && !(value?.kind === 'lengths' && value.rank === 1)) return null
  return { kind: 'sizes', items: [BATCH], scalar: false }
}

/** The range 0 … batch − 1; null for any other range. */
export function batchRange(inputs: readonly Value[]): Value | null {
  const [from, to, by] = inputs.map((input) => asSizes(input)?.items)
  const plain = from?.length === 1 && getNumber(from[0]) === 0 && by?.length === 1 && getNumber(by[0]) === 1
  const isBatch = to?.length === 1 && to[0].symbols.join() === 'batch' && to[0].factor === 1
  return plain && isBatch ? { kind: 'order', sorted: false } : null
}

/** A value gathered by a permutation of the batch, which leaves its meaning unchanged; null for any other value. */
export function gatherInOrder(at: NodeConverter, x: Value | undefined, axis: number): Value | null {
  if (x?.kind === 'lengths' && x.rank === 1) return x
  if (x?.kind !== 'sequence' && x?.kind !== 'ids') return x?.kind === 'stack' ? x : null
  return x.axes[at.axis(axis, x.axes.length)].role.startsWith('input') ? x : null
}

function topK(at: NodeConverter, [lengths, count]: readonly Value[]): readonly Value[] {
  const sizes = count && asSizes(count)
  const all = sizes?.items.length === 1 && sizes.items[0].symbols.join() === 'batch'
  const falling = at.int('largest', 1) === 1 && at.int('sorted', 1) === 1
  if (lengths?.kind === 'lengths' && lengths.rank === 1 && all && falling)
    return [lengths, { kind: 'order', sorted: true }]
  throw at.unsupported(
    'all lengths of the batch, in falling order',
    lengths ? describeValue(lengths) : 'none',
  )
}

function scatter(at: NodeConverter, [into, order, updates]: readonly Value[]): Value {
  const isRange = updates?.kind === 'order' && !updates.sorted
  if (into?.kind === 'zeros' && order?.kind === 'order' && order.sorted && isRange) return order
  throw at.unsupported('the order of the batch turned round', order ? describeValue(order) : 'none')
}

function reduceProd(at: NodeConverter, [sizes]: readonly Value[]): Value {
  const known = sizes && asSizes(sizes)
  if (known) return { kind: 'sizes', items: [product(known.items)], scalar: at.int('keepdims', 1) === 0 }
  throw at.unsupported('sizes', sizes ? describeValue(sizes) : 'none')
}

/** Operators by name. */
export const SORTING: Readonly<Record<string, Convert>> = {
  TopK: topK,
  Scatter: scatter,
  ScatterElements: scatter,
  ReduceProd: reduceProd,
}
