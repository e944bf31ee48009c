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
  report(bad, (index) => table.rowNumbers[index], output)
  const isBad = new Set(bad.map(({ index }) => index))
  if (!skip || isBad.size === table.rows.length) throw summarize(bad, table, new Set(model.labels), path)
  const kept = (_: unknown, index: number) => !isBad.has(index)
  const usable = {
    ...table,
    rows: table.rows.filter(kept),
    rowNumbers: table.rowNumbers.filter(kept),
  }
  return { usable, warnings: [noteOf(bad, table)] }
}

/** Rows, and what one of them is called. */
export interface RowFile<Row> {
  rows: Row[]
  /** The file's name, for messages. */
  name: string
}

/** How the rows of a task are read and named. */
export interface RowReader<Row, File> {
  /** `evaluate` of the model. */
  evaluate(rows: Row[], watch: { signal: AbortSignal }): Promise<unknown>
  /** An error on a row (`error.row`) with its place in the file. */
  at(error: unknown): unknown
  /** The number that JSON has for a row. */
  numberOf(index: number): number
  /** The file with these rows alone. */
  only(isKept: (_: unknown, index: number) => boolean): File
}

/**
 * The same for a model of any task: bad rows are those that its `evaluate` refuses.
 * @throws DataError likewise; errors of `evaluate` that are of no row
 */
export async function readableRows<Row, File extends RowFile<Row>>(
  file: File,
  reader: RowReader<Row, File>,
  { skip = false, output }: { skip?: boolean; output: Output },
): Promise<{ usable: File; warnings: string[] }> {
  const first = await refusalOf(file.rows, reader)
  if (!first) return { usable: file, warnings: [] }
  if (first.row === undefined) throw first
  const bad: BadRow[] = []
  for (const [index, row] of file.rows.entries()) {
    const error = await refusalOf([row], reader)
    if (!error) continue
    error.row = index
    bad.push({ index, error: reader.at(error) as LatchError })
  }
  // An error of all rows together.
  if (bad.length === 0) throw reader.at(first)
  report(bad, reader.numberOf, output)
  const isBad = new Set(bad.map(({ index }) => index))
  const left = file.rows.length - bad.length
  if (skip && left > 0)
    return { usable: reader.only((_, index) => !isBad.has(index)), warnings: [noteOf(bad, file)] }
  throw new DataError({
    where: file.name,
    expected: 'rows that the model can read',
    got: `${bad.length} bad of ${plural(file.rows.length, 'row')}`,
    fix: left > 0 ? SKIP : [],
  })
}

/** What `evaluate` says of rows before it computes anything; null: nothing. */
async function refusalOf<Row>(
  rows: Row[],
  { evaluate }: Pick<RowReader<Row, unknown>, 'evaluate'>,
): Promise<LatchError | null> {
  const signal = AbortSignal.abort()
  try {
    await evaluate(rows, { signal })
  } catch (error) {
    if (error instanceof LatchError) return error
    if (error !== signal.reason) throw error
  }
  return null
}

function noteOf(bad: readonly BadRow[], { name, rows }: RowFile<unknown>): string {
  return `${name}: left out ${bad.length} of ${plural(rows.length, 'row')}`
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

function report(bad: readonly BadRow[], numberOf: (index: number) => number, output: Output): void {
  for (const [i, { index, error }] of bad.entries()) {
    const { where, expected, got } = error
    const message = `${where}: expected ${expected}, got ${got}`
    if (i < MOST_PRINTED) output.error(message)
    output.emit({ row: numberOf(index), error: message })
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
