/** Parts of a graph that depend only on the batch: arithmetic on sizes, and masks computed from lengths. */
import { describeValue, type NodeConverter } from './context.ts'
import type { Convert } from './shapes.ts'
import { withFeaturesLast } from './turns.ts'
import { asSizes, getNumber, type Value } from './values.ts'

/**
 * Computes with sizes and constants; null unless both inputs are such and at least one is a size. Of dynamic sizes only
 * products are known; the result of any other operation has the symbol `?`.
 */
export function computeSizes(
  inputs: readonly Value[],
  compute: (a: number, b: number) => number,
): Value | null {
  const [a, b] = inputs.map(asSizes)
  if (!a || !b || !inputs.some(({ kind }) => kind === 'sizes')) return null
  const count = Math.max(a.items.length, b.items.length)
  const items = Array.from({ length: count }, (_, i) => {
    const [x, y] = [a.items[i % a.items.length], b.items[i % b.items.length]]
    const [m, n] = [getNumber(x), getNumber(y)]
    if (m !== null && n !== null) return { factor: compute(m, n), symbols: [] }
    // A product of sizes is a size; other results are not tracked.
    const isProduct = compute(2, 3) === 6
    if (isProduct)
      return {
        factor: x.factor * y.factor,
        symbols: [...x.symbols, ...y.symbols].sort((p, q) => (p < q ? -1 : 1)),
      }
    return { factor: 1, symbols: ['?'] }
  })
  return { kind: 'sizes', items, scalar: a.scalar && b.scalar }
}

function less(at: NodeConverter, [steps, lengths]: readonly Value[]): Value {
  if (steps?.kind === 'steps' && lengths?.kind === 'lengths' && lengths.minus === 0)
    return { kind: 'mask', what: 'valid', rank: Math.max(steps.rank, lengths.rank) }
  throw at.unsupported(
    'steps below the lengths',
    [steps, lengths].filter(Boolean).map(describeValue).join(' and '),
  )
}

function equal(at: NodeConverter, [a, b]: readonly Value[]): Value {
  const [steps, lengths] = a?.kind === 'steps' ? [a, b] : [b, a]
  if (steps?.kind === 'steps' && lengths?.kind === 'lengths' && lengths.minus === 1)
    return { kind: 'mask', what: 'last', rank: Math.max(steps.rank, lengths.rank) }
  throw at.unsupported('a comparison with the last steps', 'another comparison')
}

function where(at: NodeConverter, [mask, x, other]: readonly Value[]): Value {
  const given = at.sequence([x])
  const read = given.fill?.mask === 'counted' ? at.rows([given]) : given
  const sequence = read.axes.length === 3 ? withFeaturesLast(at, read) : read
  const [time, batch] = sequence.axes
  const fits = mask?.kind === 'mask' && mask.rank === sequence.axes.length && sequence.axes.length === 3
  const single = other?.kind === 'constant' && other.tensor.data.length === 1
  if (!fits || !single || !batch.role.startsWith('input') || !at.context.takeTime(time.role))
    throw at.unsupported(
      'steps outside the lengths replaced by one number',
      [mask, x, other].filter(Boolean).map(describeValue).join(', '),
    )
  if (sequence.fill) throw at.unsupported('one mask', 'two')
  return { ...sequence, fill: { mask: mask.what, value: other.tensor.data[0] } }
}

/** Operators by name. */
export const MASKS: Readonly<Record<string, Convert>> = { Less: less, Equal: equal, Where: where }
