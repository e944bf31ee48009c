/**
 * Records → a table: decides header and columns from the first rows, then keeps only the columns
 * asked for, so that a wide file costs no more memory than the two columns somebody trains on.
 */
import { DataError } from '../core/errors.ts'
import { detectHeader, resolveColumn } from './columns.ts'
import type { TableSample } from './columns.ts'

export interface CollectorOptions {
  /** What messages call the source. */
  name: string
  /** Columns to keep, by name or by number from 0, in this order. Default: all. */
  columns?: readonly string[]
  /** Whether the first record names the columns. Default: decided from `columns` and the first rows. */
  header?: boolean
  /**
   * Chooses the columns to keep (by index) from the first rows, in place of `columns`, which then
   * only tells whether there is a header. May add to the notes.
   */
  choose?: (sample: TableSample, notes: string[]) => readonly number[]
}

export interface CollectedTable {
  /** Names of the columns kept; numbers from 0 where there is no header. */
  columns: string[]
  hasHeader: boolean
  /** (rows, columns): cells as text; an absent cell is ''. */
  rows: string[][]
  /** What was guessed, each a sentence for the user. */
  notes: string[]
}

interface HeldRecord {
  values: unknown[]
  line: number
}

/** Rows looked at before the columns are decided. */
const SAMPLE_ROWS = 200

export class TableCollector {
  readonly notes: string[] = []
  readonly #options: CollectorOptions
  readonly #rows: string[][] = []
  readonly #keys = new Map<string, number>()
  #keyed = false
  #held: HeldRecord[] | undefined = []
  #names: string[] = []
  #hasHeader = true
  #kept: readonly number[] = []

  constructor(options: CollectorOptions) {
    this.#options = options
  }

  /** A record of a delimited file; the first may be the header. */
  acceptCells(cells: string[], line: number): void {
    this.#accept(cells, line)
  }

  /** An object of a JSON Lines file or of a program; its keys are the columns. */
  acceptObject(row: Record<string, unknown>, line: number): void {
    this.#keyed = true
    const values: unknown[] = []
    for (const [key, value] of Object.entries(row)) {
      let index = this.#keys.get(key)
      if (index === undefined) {
        index = this.#keys.size
        this.#keys.set(key, index)
        this.#names.push(key)
      }
      values[index] = value
    }
    this.#accept(values, line)
  }

  /** @throws DataError if there is no row. */
  finish(): CollectedTable {
    if (this.#held) this.#decide()
    if (this.#rows.length === 0) throw emptyTable(this.#options.name, 'only a header line')
    const columns = this.#kept.map((index) => this.#names[index])
    return { columns, hasHeader: this.#hasHeader, rows: this.#rows, notes: this.notes }
  }

  #accept(values: unknown[], line: number): void {
    if (!this.#held) {
      this.#keep(values, line)
      return
    }
    this.#held.push({ values, line })
    if (this.#held.length > SAMPLE_ROWS) this.#decide()
  }

  #decide(): void {
    const held = this.#held ?? []
    this.#held = undefined
    if (held.length === 0) throw emptyTable(this.#options.name, 'an empty one')
    if (!this.#keyed) this.#readHeader(held)
    this.#kept = this.#choose(held)
    for (const { values, line } of held) this.#keep(values, line)
  }

  #readHeader(held: HeldRecord[]): void {
    const references = this.#options.columns ?? []
    const records = held.map(({ values }) => values as string[])
    this.#hasHeader = this.#options.header ?? detectHeader(records, references)
    this.#names = records[0].map((cell, index) => (this.#hasHeader ? cell.trim() : String(index)))
    if (this.#hasHeader) held.shift()
    if (this.#options.header !== undefined) return
    const { name } = this.#options
    if (!this.#hasHeader) {
      this.notes.push(`${name}: no header line; columns go by number from 0, and the first line is data.`)
    } else if (references.length === 0) {
      this.notes.push(`${name}: the first line is taken as the header.`)
    }
  }

  #choose(held: readonly HeldRecord[]): readonly number[] {
    const { choose, columns, name } = this.#options
    const info = { name, columns: this.#names, hasHeader: this.#hasHeader }
    if (choose) {
      const rows = held.map(({ values }) => this.#names.map((_, index) => textOf(values[index])))
      return choose({ ...info, rows }, this.notes)
    }
    return columns ? columns.map((reference) => resolveColumn(reference, info)) : [...this.#names.keys()]
  }

  #keep(values: unknown[], line: number): void {
    const { name } = this.#options
    if (!this.#keyed && values.length > this.#names.length) {
      throw new DataError({
        where: `${name}, line ${line}`,
        expected: `${this.#names.length} ${this.#names.length === 1 ? 'cell' : 'cells'}`,
        got: String(values.length),
        remedy: 'Put cells that hold a delimiter in quotes (CSV), or take it out (TSV)',
      })
    }
    const cells = this.#kept.map((index) => {
      const value = values[index]
      if (value === null || typeof value !== 'object') return textOf(value)
      const where = `${name}, line ${line}, "${this.#names[index]}"`
      const got = Array.isArray(value) ? 'a list' : 'an object'
      throw new DataError({ where, expected: 'a text, number or boolean', got })
    })
    this.#rows.push(cells)
  }
}

/** The error of a table without rows. */
export function emptyTable(name: string, got: string): DataError {
  return new DataError({ where: name, expected: 'a table with at least one row', got })
}

/** Text of a plain value; '' for what has none. */
function textOf(value: unknown): string {
  return value === undefined || value === null || typeof value === 'object' ? '' : String(value)
}
