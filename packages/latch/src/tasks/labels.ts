/** Labels and their class indices; counts in sentences. */
import { cleanLabel } from '../data/labels.ts'
import { DataError } from '../core/errors.ts'
import { describe } from '../core/validation.ts'

/**
 * The class index of a label; a number is converted to text, as in rows.
 * @throws DataError for a label that the model does not have
 */
export function findLabel(label: string | number, labels: readonly string[], where = 'label'): number {
  const name = typeof label === 'number' ? String(label) : label
  const found = labels.indexOf(name)
  if (found >= 0) return found
  // The labels of older model files may not be cleaned.
  const alike = typeof name === 'string' ? labels.findIndex((l) => cleanLabel(l) === cleanLabel(name)) : -1
  if (alike >= 0) return alike
  const expected = `one of the labels ${labels.slice(0, 20).join(', ')}${labels.length > 20 ? ' …' : ''}`
  throw new DataError({ where, expected, got: describe(label) })
}

/** `1 row`, `2 rows`. */
export function formatCount(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`
}
