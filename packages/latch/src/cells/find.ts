/** What is done with a list of cells, whichever it is: a network carries the cells of its own list only. */
import { fieldError, type Field } from '../core/validation.ts'
import { UsageError } from '../core/errors.ts'
import type { CellDefinition } from './cell.ts'

/** A cell of a list by its name. @throws UsageError for a name that is not in the list */
export function findCell<Name extends string>(
  list: readonly CellDefinition<Name>[],
  name: string,
): CellDefinition<Name> {
  const found = list.find((cell) => cell.name === name)
  if (found) return found
  const expected = `one of ${list.map((cell) => cell.name).join(', ')}`
  throw new UsageError({ where: 'cell', expected, got: JSON.stringify(name) })
}

/**
 * Readers of the options of one cell in a list. Options of the list's other cells have readers too, which refuse them
 * and name the cells that take them.
 */
export function cellOptionReaders(
  list: readonly CellDefinition[],
  name: string,
): Readonly<Record<string, (field: Field) => unknown>> {
  const own = findCell(list, name).options as Readonly<Record<string, (field: Field) => unknown>>
  const readers: Record<string, (field: Field) => unknown> = {}
  for (const option of new Set(list.flatMap(({ options }) => Object.keys(options)))) {
    const takers = list
      .filter(({ options }) => Object.hasOwn(options, option))
      .map((cell) => `"${cell.name}"`)
    readers[option] = Object.hasOwn(own, option)
      ? own[option]
      : (field) => {
          throw fieldError(field, `no \`${option}\`: only ${takers.join(' and ')} cells have it`)
        }
  }
  return readers
}

/** Whether a cell of a list takes an option. */
export function takesOption(list: readonly CellDefinition[], name: string, option: string): boolean {
  return Object.hasOwn(findCell(list, name).options, option)
}
