/**
 * What layers do with one step of rows: embedding, dense and running pools. Addresses are settled when a
 * step is made; its `run` calls kernels, and pools look at views.
 */
import type { Kernels } from '../engine/kernels.ts'
import type { Carried, Rows } from '../layers/streamRows.ts'

/** The part of one layer: computes `rows` rows of its output from its input's. */
export interface LayerStep {
  run(rows: number): void
}

export class EmbedStep implements LayerStep {
  readonly #kernels: Kernels
  readonly #y: Rows
  readonly #table: number
  readonly #ids: number

  constructor(kernels: Kernels, y: Rows, table: number, ids: number) {
    this.#kernels = kernels
    this.#y = y
    this.#table = table
    this.#ids = ids
  }

  run(rows: number): void {
    const { at, width, stride } = this.#y
    this.#kernels.gatherRows(at, this.#table, this.#ids, rows, width, stride, width)
  }
}

export class DenseStep implements LayerStep {
  readonly #kernels: Kernels
  readonly #y: Rows
  readonly #x: Rows
  readonly #weight: number
  readonly #bias: number
  readonly #kind: number

  constructor(kernels: Kernels, y: Rows, x: Rows, at: { weight: number; bias: number }, kind: number) {
    this.#kernels = kernels
    this.#y = y
    this.#x = x
    this.#weight = at.weight
    this.#bias = at.bias
    this.#kind = kind
  }

  run(rows: number): void {
    const kernels = this.#kernels
    const { at, width, stride } = this.#y
    const x = this.#x
    kernels.fillRows(at, this.#bias, 0, rows, width, stride)
    kernels.matmul(at, x.at, this.#weight, rows, width, x.width, x.stride, stride, 1)
    if (this.#kind) kernels.activate(at, at, rows * stride, this.#kind)
  }
}

/** The largest so far, the first on ties: what the pooling kernel finds over the same steps. */
export class MaxStep implements LayerStep {
  readonly #y: Rows
  readonly #x: Rows
  readonly #running: Carried
  readonly #seen: Carried

  constructor(y: Rows, x: Rows, running: Carried, seen: Carried) {
    this.#y = y
    this.#x = x
    this.#running = running
    this.#seen = seen
  }

  run(rows: number): void {
    const { width, stride, view: y } = this.#y
    const [x, best, seen] = [this.#x.view, this.#running.view, this.#seen.view]
    for (let r = 0; r < rows; r++) {
      const first = seen[r]++ === 0
      for (let j = 0; j < width; j++) {
        const value = x[r * stride + j]
        if (first || value > best[r * width + j]) best[r * width + j] = value
        y[r * stride + j] = best[r * width + j]
      }
    }
  }
}

/** The mean so far; sums have the precision that the pooling kernel of the engine sums in. */
export class MeanStep implements LayerStep {
  readonly #y: Rows
  readonly #x: Rows
  readonly #running: Carried
  readonly #seen: Carried
  readonly #single: boolean

  constructor(y: Rows, x: Rows, running: Carried, seen: Carried, single: boolean) {
    this.#y = y
    this.#x = x
    this.#running = running
    this.#seen = seen
    this.#single = single
  }

  run(rows: number): void {
    const { width, stride, view: y } = this.#y
    const [x, sums, seen] = [this.#x.view, this.#running.view, this.#seen.view]
    const single = this.#single
    for (let r = 0; r < rows; r++) {
      const count = ++seen[r]
      for (let j = 0; j < width; j++) {
        const sum = sums[r * width + j] + x[r * stride + j]
        sums[r * width + j] = single ? Math.fround(sum) : sum
        y[r * stride + j] = sums[r * width + j] / (single ? Math.fround(count) : count)
      }
    }
  }
}
