/**
 * Whole regions of parameters at once: gradients cleared, measured and limited, weights walked by whoever
 * changes them, in shares for several threads. Of a table only rows that got gradients are visited,
 * unless all are asked for.
 */
import type { Engine } from '../engine/engine.ts'
import type { Kernels } from '../engine/kernels.ts'
import { split } from '../engine/threads/threadPool.ts'
import type { Parameter, ParameterStore } from './parameters.ts'
import type { UsedRows } from './sparseRows.ts'

/** One range of a walk: it begins `offset` bytes after any region's start and is `count` floats long. */
export type Visit = (kernels: Kernels, offset: number, count: number) => void

/** All numbers, or those whose gradients may differ from zero: everything but tables, and of tables the rows used. */
export type Places = 'all' | 'used'

/** Where threads may cut: a cache line of floats. */
const GRAIN = 16
const SHORT = 4096
/** Float loads that an element takes, about. */
const PASS = 2

/** What regions know of a layer: its parameters and, of a table, the rows that got gradients. */
export interface Parameterized {
  readonly parameters: readonly Parameter[]
  readonly rowsUsed?: UsedRows
}

/**
 * A table's gradient belongs to the layer's backward pass: rows written from outside are unknown here.
 */
export class Regions {
  readonly #engine: Engine
  readonly #store: ParameterStore
  readonly #tables: readonly UsedRows[]
  /** Ranges in use: first float and number of floats in turn, ascending. */
  readonly #ranges: number[] = []
  #changes = -1

  constructor(engine: Engine, store: ParameterStore, layers: readonly Parameterized[]) {
    this.#engine = engine
    this.#store = store
    this.#tables = layers.flatMap(({ rowsUsed }) => (rowsUsed ? [rowsUsed] : []))
  }

  /** Whether any parameter is a table, of which a batch uses only some rows. */
  get hasTables(): boolean {
    return this.#tables.length > 0
  }

  /** Sets all gradients to zero. */
  clearGradients(): void {
    const gradients = this.#store.region('gradients')
    this.walk('used', PASS, (kernels, offset, count) => kernels.zero(gradients + offset, count))
    for (const table of this.#tables) table.clear()
  }

  /**
   * Σ g² over all gradients in float64. The order is fixed: ranges one after the other as the parameters
   * lie, in a table by ascending row, and each range as the kernel sums it.
   */
  sumSquares(): number {
    const gradients = this.#store.region('gradients')
    const { kernels, memory } = this.#engine
    const ranges = this.#used()
    let sum = 0
    for (let i = 0; i < ranges.length; i += 2) {
      sum += kernels.sumSquares(gradients + ranges[i] * memory.floatBytes, ranges[i + 1])
    }
    return sum
  }

  /** g = clamp(g, ±limit). */
  clampGradients(limit: number): void {
    const gradients = this.#store.region('gradients')
    this.walk('used', PASS, (kernels, offset, count) => kernels.clamp(gradients + offset, count, limit))
  }

  /**
   * Visits ranges of all regions alike, on as many threads as `work` (float loads an element takes) is
   * worth. Whatever is done must be done to each element by itself: then cuts change no bit.
   */
  walk(places: Places, work: number, visit: Visit): void {
    if (places === 'all' || !this.hasTables) return this.#share(0, this.#store.count, work, visit)
    const ranges = this.#used()
    const { kernels, memory } = this.#engine
    for (let i = 0; i < ranges.length; i += 2) {
      // A table's rows are many and short: not worth a thought about sharing.
      if (ranges[i + 1] < SHORT) visit(kernels, ranges[i] * memory.floatBytes, ranges[i + 1])
      else this.#share(ranges[i], ranges[i + 1], work, visit)
    }
  }

  #share(first: number, count: number, work: number, visit: Visit): void {
    const { team, memory } = this.#engine
    split(team, count, GRAIN, count * work, (kernels, from, to) =>
      visit(kernels, (first + from) * memory.floatBytes, to - from),
    )
  }

  #used(): readonly number[] {
    let changes = 0
    for (const table of this.#tables) changes += table.changes
    if (changes === this.#changes) return this.#ranges
    this.#changes = changes
    this.#ranges.length = 0
    let at = 0
    for (const { table, rows } of this.#tables.map((used) => ({
      table: used.table,
      rows: used.ascending(),
    }))) {
      this.#add(at, table.offset)
      for (const row of rows) {
        const from = table.offset + row * table.shape[1]
        this.#add(from, from + table.shape[1])
      }
      at = table.offset + table.size
    }
    this.#add(at, this.#store.count)
    return this.#ranges
  }

  /** Adds a range; rows side by side become one. */
  #add(from: number, to: number): void {
    const ranges = this.#ranges
    const last = ranges.length - 2
    if (to === from) return
    if (last >= 0 && ranges[last] + ranges[last + 1] === from) ranges[last + 1] += to - from
    else ranges.push(from, to - from)
  }
}
