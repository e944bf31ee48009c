/** Checks of the edge below a layer. */
import { ShapeError, UnsupportedError } from '../core/errors.ts'
import type { Edge } from './layer.ts'

/** @throws UnsupportedError for a one-hot edge */
export function assertValues(name: string, edge: Edge): void {
  if (!edge.ids) return
  throw new UnsupportedError({
    where: name,
    expected: 'a layer with values below it',
    got: 'one-hot input',
    remedy: 'Use an embedding: it is the same product without the one-hot rows.',
  })
}

/** @throws ShapeError for one row a sequence */
export function assertPerStep(name: string, { per }: Edge): void {
  if (per === 'step') return
  throw new ShapeError({
    where: name,
    expected: 'a sequence of steps below it',
    got: 'one row a sequence',
    fix: { option: 'returnSequences', value: true, to: 'get every step from the recurrent layer below' },
  })
}

/** @throws ShapeError for one row a sequence, UnsupportedError for a one-hot edge */
export function assertSteps(name: string, edge: Edge): void {
  assertValues(name, edge)
  assertPerStep(name, edge)
}
