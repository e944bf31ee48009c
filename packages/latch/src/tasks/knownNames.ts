/** Checks the options of JavaScript callers: a misspelt or unknown name is an error before any work. */
import { UsageError } from '../core/errors.ts'
import { describe } from '../core/validation.ts'
import type { ColumnOptions } from './columns.ts'

/** Every name of T exactly once, so that a new option cannot be forgotten. */
export type Names<T> = { readonly [K in keyof Required<T>]: 1 }

/** @throws UsageError unless `options` is an object with known names only; `where` begins the message */
export function assertKnownOptions(where: string, options: unknown, names: object): void {
  const known = Object.keys(names)
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    const expected = `an object of options (${known.join(', ')})`
    throw new UsageError({ where, expected, got: describe(options) })
  }
  const unknown = Object.keys(options).find((name) => !Object.hasOwn(names, name))
  if (unknown === undefined) return
  const expected = `one of the options ${known.join(', ')}`
  throw new UsageError({ where: `${where} ${unknown}`, expected, got: JSON.stringify(unknown) })
}

/** @throws UsageError unless the examples can be iterated; `columns` name what each has */
export function assertRows(where: string, rows: unknown, { input, target }: ColumnOptions): void {
  if (typeof rows === 'object' && rows !== null && Symbol.iterator in rows) return
  const expected = 'an array (or another iterable) of rows'
  const remedy =
    input === 'text'
      ? 'Pass `examples.rows` of examples from a file.'
      : `Each row is { ${input}, ${target} }.`
  throw new UsageError({ where, expected, got: describe(rows), remedy })
}
