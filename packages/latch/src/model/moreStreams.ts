/**
 * Steps of a stream for layers beyond the core: each computes its rows as the layer's forward computes them, to the
 * bit. Addresses are settled when a step is made; pools look at views.
 */
import { scoreOf, takeStep } from '../engine/generic/pools.ts'
import { layerNormForward } from '../engine/generic/rows.ts'
import { accessOf } from '../engine/generic/access.ts'
import type { Engine } from '../engine/engine.ts'
import type { Kernels } from '../engine/kernels.ts'
import { rowFunction, type ActivationOptions, type RowFunction } from '../layers/activation.ts'
import type { StreamMask } from '../layers/masks/streamMask.ts'
import type { Carried, Rows } from '../layers/streamRows.ts'
import type { LayerStep } from './streamSteps.ts'

/** A function of each number or row. */
export class FunctionStep implements LayerStep {
  readonly #function: RowFunction
  readonly #y: Rows
  readonly #x: Rows

  constructor(engine: Engine, y: Rows, x: Rows, choice: ActivationOptions['activation']) {
    this.#function = rowFunction(engine, choice, x.width, x.stride)
    this.#y = y
    this.#x = x
  }

  run(rows: number): void {
    this.#function.forward(this.#y.at, this.#x.at, rows)
  }
}

/** Layer normalisation. */
export class NormStep implements LayerStep {
  readonly run: (rows: number) => void

  constructor(engine: Engine, y: Rows, x: Rows, at: { weight: number; bias: number }, epsilon: number) {
    const access = accessOf(engine)
    const { width, stride } = x
    const shape = { rows: 0, width, stride }
    this.run = (rows) => {
      shape.rows = rows
      layerNormForward(access, y.at, x.at, at.weight, at.bias, shape, epsilon)
    }
  }
}

/** Rows side by side. */
export class ConcatStep implements LayerStep {
  readonly #y: Rows
  readonly #parts: readonly Rows[]

  constructor(y: Rows, parts: readonly Rows[]) {
    this.#y = y
    this.#parts = parts
  }

  run(rows: number): void {
    const { view: y, stride } = this.#y
    let column = 0
    for (let p = 0; p < this.#parts.length; p++) {
      const { view: x, width, stride: from } = this.#parts[p]
      for (let r = 0; r < rows; r++)
        for (let j = 0; j < width; j++) y[r * stride + column + j] = x[r * from + j]
      column += width
    }
  }
}

/** What the first step was. */
export class FirstStep implements LayerStep {
  readonly #y: Rows
  readonly #x: Rows
  readonly #first: Carried
  readonly #seen: Carried

  constructor(y: Rows, x: Rows, first: Carried, seen: Carried) {
    this.#y = y
    this.#x = x
    this.#first = first
    this.#seen = seen
  }

  run(rows: number): void {
    const { width, stride, view: y } = this.#y
    const [x, first, seen] = [this.#x.view, this.#first.view, this.#seen.view]
    for (let r = 0; r < rows; r++) {
      const now = seen[r]++ === 0
      for (let j = 0; j < width; j++) {
        if (now) first[r * width + j] = x[r * stride + j]
        y[r * stride + j] = first[r * width + j]
      }
    }
  }
}

/** The sum so far, in float64 as the layer sums. */
export class SumStep implements LayerStep {
  readonly #y: Rows
  readonly #x: Rows
  readonly #sums: Carried
  readonly #mask: StreamMask | null

  constructor(y: Rows, x: Rows, sums: Carried, mask: StreamMask | null) {
    this.#y = y
    this.#x = x
    this.#sums = sums
    this.#mask = mask
  }

  run(rows: number): void {
    const { width, stride, view: y } = this.#y
    const [x, sums] = [this.#x.view, this.#sums.view]
    for (let r = 0; r < rows; r++)
      for (let j = 0; j < width; j++) {
        if (!this.#mask?.[r]) sums[r * width + j] += x[r * stride + j]
        y[r * stride + j] = sums[r * width + j]
      }
  }
}

/** What an attention step computes with. */
interface AttentionParts {
  kernels: Kernels
  /** A copy of the learned column, renewed at each step: weights may have changed. */
  column: Rows
  weight: number
  state: Carried
  sums: Carried
  mask: StreamMask | null
}

/** The weighted average so far. */
export class AttentionStep implements LayerStep {
  readonly #y: Rows
  readonly #x: Rows
  readonly #parts: AttentionParts

  constructor(y: Rows, x: Rows, parts: AttentionParts) {
    this.#y = y
    this.#x = x
    this.#parts = parts
  }

  run(rows: number): void {
    const { kernels, column, weight, state, sums, mask } = this.#parts
    const { width, stride, view: y } = this.#y
    const x = this.#x.view
    kernels.gatherRows(column.at, weight, 0, 1, width, stride, width)
    for (let r = 0; r < rows; r++) {
      if (!mask?.[r]) {
        const score = scoreOf(x, r * stride, column.view, 0, width)
        takeStep(state.view, 2 * r, sums.view, r * width, x, r * stride, width, score)
      }
      const all = state.view[2 * r + 1] || 1
      for (let j = 0; j < width; j++) y[r * stride + j] = sums.view[r * width + j] / all
    }
  }
}
