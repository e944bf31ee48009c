/** Rows of a table that a model cannot be evaluated on: each is reported with its place before any is computed. */
import { DataError, LatchError, type Fix } from 'latch'
import type { AnyModel } from 'latch/formats'
import { plural } from '../terminal/numbers.ts'
import type { Output } from '../terminal/output.ts'
import { atFile, listLabels, unknownLabels, type Rows } from './rows.ts'

/** Rows that are printed; JSON has all of them. */
const MOST_PRINTED = 20

const SKIP: Fix = { option: 'skipBadRows', value: true, to: 'evaluate the other rows' }

/** A row that is left out, by its index among the rows. */
interface BadRow {
  index: number
  error: LatchError
}

/**
 * The rows that the model can be evaluated on; the others are reported.
 * @param path the model's file, for messages
 * @param skip go on without the others
 * @throws DataError if there are others and they are not to be skipped, or if there is nothing else
 */
export function usableRows(
  model: AnyModel,
  table: Rows,
  { path, skip = false, output }: { path: string; skip?: boolean; output: Output },
): { usable: Rows; warnings: string[] } {
  const bad = findBadRows(model, table)
  if (bad.length === 0) return { usable: table, warnings: [] }
  report(bad, table, output)
  const isBad = new Set(bad.map(({ index }) => index))
  if (!skip || isBad.size === table.rows.length) throw summarize(bad, table, new Set(model.labels), path)
  const kept = (_: unknown, index: number) => !isBad.has(index)
  const usable = {
    ...table,
    rows: table.rows.filter(kept),
    rowNumbers: table.rowNumbers.filter(kept),
  }
  return {
    usable,
    warnings: [`${table.name}: left out ${bad.length} of ${plural(table.rows.length, 'row')}`],
  }
}

function findBadRows(model: AnyModel, table: Rows): BadRow[] {
  const { rows, columns, rowNumbers, name } = table
  const known = new Set(model.labels)
  return rows.flatMap((row, index): BadRow[] => {
    const label = row[columns.label]
    if (!known.has(label)) {
      const where = `${name}, row ${rowNumbers[index]}, "${columns.label}"`
      const error = new DataError({ where, expected: `one of ${listLabels(known)}`, got: `"${label}"` })
      return [{ index, error }]
    }
    try {
      model.encode(row[columns.text])
      return []
    } catch (error) {
      if (!(error instanceof LatchError)) throw error
      error.row = index
      return [{ index, error: atFile(error, table) as LatchError }]
    }
  })
}

function report(bad: readonly BadRow[], { rowNumbers }: Rows, output: Output): void {
  for (const [i, { index, error }] of bad.entries()) {
    const { where, expected, got } = error
    const message = `${where}: expected ${expected}, got ${got}`
    if (i < MOST_PRINTED) output.error(message)
    output.emit({ row: rowNumbers[index], error: message })
  }
  if (bad.length > MOST_PRINTED) output.note(`${plural(bad.length - MOST_PRINTED, 'more bad row')}.`)
}

function summarize(bad: readonly BadRow[], table: Rows, known: ReadonlySet<string>, path: string): DataError {
  const fix = bad.length < table.rows.length ? SKIP : []
  const labels = unknownLabels(table, known, path)
  const isOfLabels = bad.every(({ index }) => !known.has(table.rows[index][table.columns.label]))
  if (labels && isOfLabels) return new DataError({ ...labels, fix })
  return new DataError({
    where: table.name,
    expected: `rows that ${path} can read`,
    got: `${bad.length} bad of ${plural(table.rows.length, 'row')}`,
    fix,
  })
}
