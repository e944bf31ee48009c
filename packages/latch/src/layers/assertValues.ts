/** What layers that read numbers say about one-hot rows, which are never made. */
import { UnsupportedError } from '../core/errors.ts'
import type { Activation } from './layer.ts'

/** @throws UnsupportedError for a one-hot edge */
export function needValues(name: string, edge: Activation): void {
  if (!edge.ids) return
  throw new UnsupportedError({
    where: name,
    expected: 'a layer with values below it',
    got: 'one-hot input',
    remedy: 'Use an embedding: it is the same product without the one-hot rows.',
  })
}
