/** Labels and their class numbers; a trained classifier's parts. */
import type { Vocabulary } from '../data/vocabulary.ts'
import type { Network } from '../model/network.ts'
import { DataError } from '../tensor/errors.ts'

export interface Trained {
  network: Network
  vocabulary: Vocabulary
  /** In the order of their class numbers. */
  labels: readonly string[]
}

/** @throws DataError for a label that the model does not have */
export function classOf(label: string, labels: readonly string[]): number {
  const found = labels.indexOf(label)
  if (found >= 0) return found
  const expected = `one of the labels ${labels.slice(0, 20).join(', ')}${labels.length > 20 ? ' …' : ''}`
  throw new DataError({ where: 'label', expected, got: JSON.stringify(label) })
}

/** What to tell about texts that were cut. */
export function cutNote(cut: number, limit: number): string[] {
  return cut === 0 ? [] : [`${cut} ${cut === 1 ? 'text' : 'texts'} cut at ${limit} tokens.`]
}
