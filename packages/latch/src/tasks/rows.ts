/** Examples that callers without types pass: refused before any work unless they are rows. */
import { UsageError } from '../core/errors.ts'
import { describe } from '../core/validation.ts'
import type { ColumnOptions } from './columns.ts'

/** @throws UsageError unless the examples can be iterated; `columns` name what each has */
export function refuseNoRows(where: string, rows: unknown, { input, target }: ColumnOptions): void {
  if (typeof rows === 'object' && rows !== null && Symbol.iterator in rows) return
  const expected = 'rows: an array (or another iterable) of objects'
  const remedy =
    input === 'text'
      ? 'Of examples that were read, take `examples.rows`.'
      : `Each row is { ${input}, ${target} }.`
  throw new UsageError({ where, expected, got: describe(rows), remedy })
}
