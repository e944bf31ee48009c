/**
 * Operations on whole regions of parameters: gradients are cleared, measured and clipped here, and optimizers walk the
 * weights, on several threads where that pays. Of an embedding table, only rows with gradients are visited unless all
 * are requested.
 */
import type { Engine } from '../engine/engine.ts'
import type { Kernels } from '../engine/kernels.ts'
import { parallelFor } from '../engine/threads/executor.ts'
import type { Parameter, ParameterStore } from './parameters.ts'
import type { SparseRows } from './sparseRows.ts'

/** One range of a walk: it begins `offset` bytes after any region's start and is `count` floats long. */
export type Visit = (kernels: Kernels, offset: number, count: number) => void

/** All numbers, or those whose gradients may differ from zero: everything but tables, and of tables the rows used. */
export type Places = 'all' | 'used'

/** Ranges of threads begin at multiples of it: a cache line of floats. */
const ALIGNMENT = 16
const SHORT = 4096
/** Float loads per element, about. */
const PASS = 2

/** A layer's parameters and, of an embedding table, the rows with gradients. */
export interface Parameterized {
  readonly parameters: readonly Parameter[]
  readonly sparseRows?: SparseRows | readonly SparseRows[]
}

/**
 * A table's gradient belongs to its layer's backward pass: rows written by other code are unknown here.
 */
export class Regions {
  readonly #engine: Engine
  readonly #store: ParameterStore
  readonly #tables: readonly SparseRows[]
  /** Ranges in use: first float and number of floats in turn, ascending. */
  readonly #ranges: number[] = []
  #changes = -1

  constructor(engine: Engine, store: ParameterStore, layers: readonly Parameterized[]) {
    this.#engine = engine
    this.#store = store
    this.#tables = layers.flatMap(({ sparseRows }) => sparseRows ?? [])
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
   * Visits ranges that are the same in all regions, on as many threads as `work` (float loads per element) is worth.
   * A visit must treat each element by itself: then the division into ranges changes no bit.
   */
  walk(places: Places, work: number, visit: Visit): void {
    if (places === 'all' || !this.hasTables) return this.#divide(0, this.#store.count, work, visit)
    const ranges = this.#used()
    const { kernels, memory } = this.#engine
    for (let i = 0; i < ranges.length; i += 2) {
      // A table's rows are many and short: one thread is faster.
      if (ranges[i + 1] < SHORT) visit(kernels, ranges[i] * memory.floatBytes, ranges[i + 1])
      else this.#divide(ranges[i], ranges[i + 1], work, visit)
    }
  }

  #divide(first: number, count: number, work: number, visit: Visit): void {
    const { executor, memory } = this.#engine
    parallelFor(executor, count, ALIGNMENT, count * work, (kernels, from, to) =>
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
