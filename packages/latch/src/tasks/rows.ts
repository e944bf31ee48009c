/** Checks the examples of JavaScript callers before any work. */
import { UsageError } from '../core/errors.ts'
import { describe } from '../core/validation.ts'
import type { ColumnOptions } from './columns.ts'

/** @throws UsageError unless the examples can be iterated; `columns` name what each has */
export function assertRows(where: string, rows: unknown, { input, target }: ColumnOptions): void {
  if (typeof rows === 'object' && rows !== null && Symbol.iterator in rows) return
  const expected = 'an array (or another iterable) of rows'
  const remedy =
    input === 'text'
      ? 'Pass `examples.rows` of examples from a file.'
      : input === 'texts'
        ? 'Each row has two texts and a label, such as { a, b, label }.'
        : `Each row is { ${input}, ${target} }.`
  throw new UsageError({ where, expected, got: describe(rows), remedy })
}
