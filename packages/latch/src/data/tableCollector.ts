/**
 * Records → a table: infers header and columns from the first rows, then keeps only the chosen columns, so that a wide
 * file takes no more memory than the two columns for training.
 */
import { DataError } from '../core/errors.ts'
import { detectHeader, resolveColumn } from './columns.ts'
import type { TableSample } from './columns.ts'

export interface CollectorOptions {
  /** Name of the source in messages. */
  name: string
  /** Columns to keep, by name or by number from 0, in this order. Default: all. */
  columns?: readonly string[]
  /** Names that a first record has only if it is a header. */
  likely?: readonly string[]
  /** Whether the first record is a header. Default: inferred from `columns` and the first rows, with a note. */
  header?: boolean
  /**
   * Chooses the columns to keep (by index) from the first rows, instead of `columns`, which then only decides whether
   * there is a header. May add notes.
   */
  choose?: (sample: TableSample, notes: string[]) => readonly number[]
  /** Whether cells may be lists, which become JSON text. Default false. */
  lists?: boolean
  /** False where `choose` also infers columns beside `columns`, so that rows of objects are all looked at first. */
  complete?: boolean
}

export interface CollectedTable {
  /** Names of the columns kept; numbers from 0 without a header. */
  columns: string[]
  hasHeader: boolean
  /** (rows, columns): cells as text; an absent cell is ''. */
  rows: string[][]
  /** What was inferred, each a sentence for the user. */
  notes: string[]
}

interface SampledRecord {
  values: unknown[]
  /** The column of each value; null where values are in the order of the columns. */
  columns: readonly number[] | null
  /** `line 3` of a file (from 1), or `row 2` of a list of objects (from 0). */
  place: string
}

/** Rows from which header and columns are inferred. */
const SAMPLE_ROWS = 200

/** A table has a cell for each row and column: at most this many times the cells that its source has, and so many more. */
const MOST_CELLS = 4
const MORE_CELLS = 2 ** 22
/** Columns of which any number of rows may be kept. */
const FEW_COLUMNS = 64

export class TableCollector {
  readonly notes: string[] = []
  readonly #options: CollectorOptions
  readonly #rows: string[][] = []
  readonly #keys = new Map<string, number>()
  #keyed = false
  #sample: SampledRecord[] | undefined = []
  #names: string[] = []
  #hasHeader = true
  #kept: readonly number[] = []
  /** Places in a row of the table, by column of the source. */
  #places = new Map<number, number[]>()
  #cells = 0
  #characters = 0
  #sampleCells = 0
  #cellsGiven = 0

  constructor(options: CollectorOptions) {
    this.#options = options
  }

  /** What is kept so far. */
  get kept(): { rows: number; cells: number; characters: number } {
    const rows = this.#rows.length + (this.#sample?.length ?? 0)
    return { rows, cells: this.#cells + this.#sampleCells, characters: this.#characters }
  }

  /** A record of a delimited file; the first may be the header. */
  acceptCells(cells: string[], line: number): void {
    this.#accept({ values: cells, columns: null, place: `line ${line}` })
  }

  /** An object of a JSON Lines file or of a program, with its place for messages; its keys are the columns. */
  acceptObject(row: Record<string, unknown>, place: string): void {
    this.#keyed = true
    const values: unknown[] = []
    const columns: number[] = []
    for (const [key, value] of Object.entries(row)) {
      let index = this.#keys.get(key)
      if (index === undefined) {
        index = this.#keys.size
        this.#keys.set(key, index)
        this.#names.push(key)
      }
      values.push(value)
      columns.push(index)
    }
    this.#accept({ values, columns, place })
  }

  /** @throws DataError if there is no row. */
  finish(): CollectedTable {
    if (this.#sample) this.#decide()
    if (this.#rows.length === 0) throw emptyTable(this.#options.name, 'only a header line')
    const columns = this.#kept.map((index) => this.#names[index])
    return { columns, hasHeader: this.#hasHeader, rows: this.#rows, notes: this.notes }
  }

  #accept(record: SampledRecord): void {
    if (!this.#sample) {
      this.#keep(record)
      return
    }
    this.#sample.push(record)
    this.#sampleCells += record.values.length
    if (this.#sample.length > SAMPLE_ROWS && this.#knowsColumns()) this.#decide()
  }

  /** Whether the columns wanted are known. Objects may have any key later: all rows decide, unless each column is given. */
  #knowsColumns(): boolean {
    const { columns, complete = true } = this.#options
    if (!this.#keyed) return true
    return complete && columns !== undefined && columns.every((reference) => this.#keys.has(reference))
  }

  #decide(): void {
    const sample = this.#sample ?? []
    this.#sample = undefined
    this.#sampleCells = 0
    if (sample.length === 0) throw emptyTable(this.#options.name, 'an empty table')
    if (!this.#keyed) this.#readHeader(sample)
    this.#kept = this.#choose(sample)
    this.#kept.forEach((column, place) => {
      this.#places.set(column, [...(this.#places.get(column) ?? []), place])
    })
    for (const record of sample) this.#keep(record)
  }

  #readHeader(sample: SampledRecord[]): void {
    const references = this.#options.columns ?? []
    const records = sample.map(({ values }) => values as string[])
    const { likely = [] } = this.#options
    const isLikely =
      likely.length > 0 && likely.every((name) => records[0].some((cell) => cell.trim() === name))
    const given = this.#options.header ?? (isLikely ? true : undefined)
    const { hasHeader, reason } =
      given === undefined ? detectHeader(records, references) : { hasHeader: given, reason: null }
    this.#hasHeader = hasHeader
    this.#names = records[0].map((cell, index) => (hasHeader ? cell.trim() : String(index)))
    if (hasHeader) sample.shift()
    if (reason === null) return
    const { name } = this.#options
    this.notes.push(
      hasHeader
        ? `${name}: the first line is taken as the header (${reason}); \`header: false\` reads it as data.`
        : `${name}: no header line (${reason}): columns are numbered from 0, and the first line is data; \`header: true\` takes it as the header.`,
    )
  }

  #choose(sample: readonly SampledRecord[]): readonly number[] {
    const { choose, columns, name } = this.#options
    const info = { name, columns: this.#names, hasHeader: this.#hasHeader, isKeyed: this.#keyed }
    if (choose) {
      return choose(sampled(sample, info), this.notes)
    }
    return columns ? columns.map((reference) => resolveColumn(reference, info)) : [...this.#names.keys()]
  }

  #keep({ values, columns, place }: SampledRecord): void {
    const { name } = this.#options
    if (!this.#keyed && values.length > this.#names.length) {
      throw new DataError({
        where: `${name}, ${place}`,
        expected: `${this.#names.length} ${this.#names.length === 1 ? 'cell' : 'cells'}`,
        got: String(values.length),
        remedy: 'Quote cells that contain the delimiter.',
        fix: [{ option: 'delimiter', to: 'name another' }],
      })
    }
    this.#countCells(values.length, place)
    const cells = this.#kept.map(() => '')
    const keep = (value: unknown, column: number) => {
      for (const at of this.#places.get(column) ?? []) cells[at] = this.#cell(value, column, place)
    }
    if (columns) values.forEach((value, i) => keep(value, columns[i]))
    else if (values.length <= 2 * this.#kept.length) values.forEach(keep)
    else for (const column of this.#places.keys()) keep(values[column], column)
    for (const cell of cells) this.#characters += cell.length
    this.#rows.push(cells)
  }

  #cell(value: unknown, column: number, place: string): string {
    if (value === null || typeof value !== 'object') return textOf(value)
    if (this.#options.lists && Array.isArray(value)) return JSON.stringify(value)
    const where = `${this.#options.name}, ${place}, "${this.#names[column]}"`
    const got = Array.isArray(value) ? 'an array' : 'an object'
    throw new DataError({ where, expected: 'a text, number or boolean', got })
  }

  /** A few cells in each row, each in a column of its own, would make a table of the square of their number. */
  #countCells(given: number, place: string): void {
    this.#cells += this.#kept.length
    this.#cellsGiven += Math.max(1, given)
    if (this.#kept.length <= FEW_COLUMNS || this.#cells <= MOST_CELLS * this.#cellsGiven + MORE_CELLS) return
    throw new DataError({
      where: `${this.#options.name}, ${place}`,
      expected: `at most ${MOST_CELLS} times the ${this.#cellsGiven} cells so far, with those that are empty`,
      got: `${this.#cells}, as there are ${this.#kept.length} columns`,
      fix: [{ option: 'columns', to: 'keep only those that are needed' }],
    })
  }
}

/** The first rows, as they choose columns. */
function sampled(
  records: readonly SampledRecord[],
  info: Pick<TableSample, 'name' | 'columns' | 'hasHeader' | 'isKeyed'>,
): TableSample {
  let rows: readonly (readonly string[])[] | undefined
  const eachCell: TableSample['eachCell'] = (visit) => {
    records.forEach(({ values, columns }, row) => {
      values.forEach((value, i) => {
        const column = columns ? columns[i] : i
        if (column < info.columns.length) visit(column, textOf(value), row)
      })
    })
  }
  return {
    ...info,
    rowCount: records.length,
    eachCell,
    get rows() {
      if (rows) return rows
      const all = records.map(() => info.columns.map(() => ''))
      eachCell((column, text, row) => (all[row][column] = text))
      return (rows = all)
    },
  }
}

/** The error of a table without rows. */
export function emptyTable(name: string, got: string): DataError {
  return new DataError({ where: name, expected: 'a table with at least one row', got })
}

/** A plain value as text; '' for a missing value (undefined, null, NaN) or an object. */
function textOf(value: unknown): string {
  const isMissing = value === undefined || value === null || Number.isNaN(value)
  return isMissing || typeof value === 'object' ? '' : String(value)
}
