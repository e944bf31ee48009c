/** Labels and their class numbers; a trained classifier's parts. */
import { cleanLabel } from '../../data/labels.ts'
import type { Vocabulary } from '../../text/vocabulary.ts'
import type { Network } from '../../model/network.ts'
import { DataError } from '../../core/errors.ts'
import { describe } from '../../core/validation.ts'

export interface Trained {
  network: Network
  vocabulary: Vocabulary
  /** In the order of their class numbers. */
  labels: readonly string[]
}

/**
 * The class number of a label; a number is taken as rows take it, as its text.
 * @throws DataError for a label that the model does not have
 */
export function classOf(label: string | number, labels: readonly string[]): number {
  const name = typeof label === 'number' ? String(label) : label
  const found = labels.indexOf(name)
  if (found >= 0) return found
  // Also the labels: a model may come from a file whose labels were not yet cleaned.
  const alike = typeof name === 'string' ? labels.findIndex((l) => cleanLabel(l) === cleanLabel(name)) : -1
  if (alike >= 0) return alike
  const expected = `one of the labels ${labels.slice(0, 20).join(', ')}${labels.length > 20 ? ' …' : ''}`
  throw new DataError({ where: 'label', expected, got: describe(label) })
}

/** What to tell about texts that were cut. */
export function cutNote(cut: number, limit: number): string[] {
  return cut === 0 ? [] : [`${counted(cut, 'text')} cut at ${counted(limit, 'token')}.`]
}

/** `1 row`, `2 rows`. */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`
}
