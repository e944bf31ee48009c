/**
 * Reshapes values by the meaning of their axes: each new axis is an old one, several merged, or a part of one.
 * Row-major order never changes, so adjacent axes can be matched from both ends.
 */
import { getNumber, product, sameSize, buildSize, type Axis, type Size } from './values.ts'

export const ONE: Axis = { role: 'one', size: buildSize(1) }

/** Axes of a reshaped value; null if old and new axes do not line up. `null` in the shape stands for −1. */
export function regroup(
  axes: readonly Axis[],
  shape: readonly (Size | null)[],
  mayPart: boolean,
): Axis[] | null {
  const atoms = axes.flatMap((axis) => axis.parts ?? [axis]).filter((axis) => !isNothing(axis))
  const open = shape.indexOf(null)
  const front = match(atoms, (open < 0 ? shape : shape.slice(0, open)) as readonly Size[], mayPart)
  if (!front) return null
  if (open < 0) return front.rest.every(isSingle) ? front.axes : null
  const turned = match([...front.rest].reverse(), shape.slice(open + 1).reverse() as readonly Size[], false)
  if (!turned) return null
  const middle = [...turned.rest].reverse()
  return [
    ...front.axes,
    middle.length ? join(middle) : ONE,
    ...turned.axes.map((axis) => (axis.parts ? join([...axis.parts].reverse()) : axis)).reverse(),
  ]
}

/** Whether an axis has size 1 and no meaning: the role `one`, or a single direction. */
function isNothing({ role, size }: Axis): boolean {
  return role === 'one' || (role === 'direction' && isOne(size))
}

/** Whether an axis is a single feature, as of two directions with one unit each. */
function isUnit(axis: Axis | undefined): axis is Axis {
  return axis?.role === 'feature' && isSingle(axis)
}

const isSingle = ({ size }: Axis) => isOne(size)
const isOne = (size: Size) => getNumber(size) === 1

function match(
  atoms: readonly Axis[],
  sizes: readonly Size[],
  mayPart: boolean,
): { axes: Axis[]; rest: readonly Axis[] } | null {
  const out: Axis[] = []
  let at = 0
  for (let i = 0; i < sizes.length; i++) {
    const size = sizes[i]
    const atom = atoms[at] as Axis | undefined
    const next = atoms[at + 1] as Axis | undefined
    const follows = sizes[i + 1] as Size | undefined
    if (
      atom?.role === 'direction' &&
      sameSize(atom.size, size) &&
      isUnit(next) &&
      !(follows && isOne(follows))
    ) {
      out.push(join([atom, next]))
      at += 2
    } else if (atom && sameSize(atom.size, size)) {
      out.push(atom)
      at++
    } else if (isOne(size)) out.push(ONE)
    else if (mayPart && i + 1 < sizes.length && atom && partsInTwo(atom, size, sizes[i + 1])) {
      out.push({ role: 'direction', size }, { role: 'feature', size: sizes[i + 1] })
      at++
      i++
    } else {
      const count = countTogether(atoms.slice(at), size)
      if (!count) return null
      out.push(join(atoms.slice(at, at + count)))
      at += count
    }
  }
  return { axes: out, rest: atoms.slice(at) }
}

/** Whether an axis splits into two directions and their features. */
function partsInTwo(atom: Axis, size: Size, next: Size): boolean {
  return atom.role === 'feature' && getNumber(size) === 2 && sameSize(product([size, next]), atom.size)
}

/** The number of adjacent axes whose sizes multiply to this one; 0 if there is none. */
function countTogether(atoms: readonly Axis[], size: Size): number {
  for (let count = 2; count <= atoms.length; count++) {
    if (sameSize(product(atoms.slice(0, count).map((atom) => atom.size)), size)) return count
  }
  return 0
}

/** Merges adjacent axes; a direction axis and a feature axis become a feature axis. */
function join(atoms: readonly Axis[]): Axis {
  if (atoms.length === 1) return atoms[0]
  const size = product(atoms.map((atom) => atom.size))
  const roles = atoms.map(({ role }) => role).join()
  if (roles === 'direction,feature') return { role: 'feature', size }
  return { role: 'merged', size, parts: atoms }
}
