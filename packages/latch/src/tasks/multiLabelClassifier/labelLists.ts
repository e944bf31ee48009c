/** The labels of a text, of which there may be any number, as rows have them. */
import { DataError } from '../../core/errors.ts'
import { describe } from '../../core/validation.ts'
import { cleanLabel } from '../../data/labels.ts'

/**
 * The different labels of a cell: a JSON array (`["rude", "loud"]`, as lists of rows are read), or texts with a
 * separator between them. An empty cell has none.
 * @throws DataError for a list of anything but texts, numbers and booleans
 */
export function splitLabels(cell: string, separator: string): string[] {
  const given = listOf(cell) ?? cell.split(separator)
  const labels = given.map((label, i) => {
    if (typeof label === 'string' || typeof label === 'number' || typeof label === 'boolean')
      return cleanLabel(String(label))
    throw new DataError({ where: `label ${i}`, expected: 'a text, number or boolean', got: describe(label) })
  })
  return [...new Set(labels.filter((label) => label !== ''))]
}

/** A JSON array; null for any other text. */
function listOf(cell: string): unknown[] | null {
  if (!cell.startsWith('[')) return null
  try {
    const value: unknown = JSON.parse(cell)
    return Array.isArray(value) ? value : null
  } catch {
    return null
  }
}
