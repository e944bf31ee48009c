/** Pooling over time: all steps of a sequence become one row, here the last one, the largest numbers or the mean. */
import type { Pointer } from '../../engine/kernels.ts'
import { readChoice } from '../../core/validation.ts'
import type { PackedBatch } from '../../tensors/packedBatch.ts'
import type { Parameter } from '../../tensors/parameters.ts'
import { assertSteps } from '../assertValues.ts'
import type { LayerDefinition, LayerSpec } from '../definition.ts'
import { readOptions } from '../fields.ts'
import { makeEdge } from '../layer.ts'
import type { Capacity, Context, Edge, Layer, LayerStep, StreamContext, StreamMask } from '../layer.ts'
import { StateRows, type Rows } from '../streamRows.ts'

/** All steps of a sequence → one row. */
export interface PoolOptions {
  type: 'pool'
  /**
   * `attention`: the weighted average whose weights are a softmax over the steps of x·w, with one learned
   * column w (width), `pool.N.weight`.
   */
  pooling: 'last' | 'first' | 'max' | 'mean' | 'sum' | 'attention'
  /** Of a mean: masked steps count too, as in TensorFlow.js. Default false. */
  countMasked?: boolean
}

const FAST = ['last', 'max', 'mean'] as const
type FastPooling = (typeof FAST)[number]

/** Pooling with the engine's kernels, as data. */
export const poolLayer: LayerDefinition<PoolOptions & { pooling: FastPooling }> = {
  type: 'pool',
  read: (field) => readOptions(field, { pooling: (pooling) => readChoice(pooling, FAST) }),
  build: (context, name, { pooling }, input) => new PoolLayer(context, name, pooling, input),
}

/** One row a sequence: its last step, the largest number of each column, or the mean (`pool('mean')`). */
export function pool(pooling: FastPooling): LayerSpec<PoolOptions> {
  return { definition: poolLayer as LayerDefinition<PoolOptions>, options: { type: 'pool', pooling } }
}

/** Pooling over time: one row a sequence from its steps' rows. */
export class PoolLayer implements Layer {
  readonly type = 'pool'
  readonly name: string
  readonly parameters: readonly Parameter[] = []
  readonly output: Edge
  readonly #context: Context
  readonly #input: Edge
  readonly #pooling: FastPooling
  #winners: Pointer = 0 // (B, width) int32

  constructor(context: Context, name: string, pooling: FastPooling, input: Edge) {
    assertSteps(name, input)
    this.name = name
    this.#context = context
    this.#input = input
    this.#pooling = pooling
    this.output = makeEdge('sequence', input.width, input.stride)
  }

  plan({ sequences: B }: Capacity, training: boolean): void {
    const { memory } = this.#context.engine
    this.output.value = memory.floats(B * this.output.stride, 'pooled')
    this.output.gradient = training ? memory.floats(B * this.output.stride, 'pooled') : 0
    this.#winners = this.#pooling === 'max' ? memory.ints(B * this.output.width, 'pooled') : 0
  }

  forward(batch: PackedBatch): void {
    const { kernels, index } = this.#context
    const { value: y, width: n, stride } = this.output
    const x = this.#input.value
    const B = batch.sequences
    const { lengths, offsets, lastRow } = index
    if (this.#pooling === 'last') kernels.gatherRows(y, x, lastRow, B, n, stride, stride)
    else if (this.#pooling === 'max')
      kernels.maxPoolForward(y, this.#winners, x, lengths, offsets, B, n, stride, stride)
    else if (index.mask) index.mask.mean(this.output, this.#input)
    else kernels.meanPoolForward(y, x, lengths, offsets, B, n, stride, stride)
  }

  backward(batch: PackedBatch): void {
    const { kernels, index } = this.#context
    const { gradient: dy, width: n, stride } = this.output
    const dx = this.#input.gradient
    if (!dx) return
    if (this.#pooling === 'mean' && index.mask) {
      index.mask.meanBack(this.output, this.#input)
      return
    }
    const B = batch.sequences
    const { lengths, offsets, lastRow } = index
    kernels.zero(dx, batch.rows * stride)
    if (this.#pooling === 'last') kernels.scatterAddRows(dx, lastRow, dy, B, n, stride, stride)
    else if (this.#pooling === 'max') kernels.maxPoolBackward(dx, dy, this.#winners, B, n, stride, stride)
    else kernels.meanPoolBackward(dx, dy, lengths, offsets, B, n, stride, stride)
  }

  stream(context: StreamContext, x: Rows): LayerStep | null {
    if (this.#pooling === 'last') return null
    const y = context.rows(x.width, x.stride)
    const running = new StateRows(`${this.name}.${this.#pooling}`, context.capacity, x.width)
    const seen = new StateRows(`${this.name}.seen`, context.capacity, 1)
    if (this.#pooling === 'max') return new MaxStep(y, x, running, seen)
    // The pooling kernels of WebAssembly sum in float32, those of the reference engine in float64.
    const single = this.#context.engine.name !== 'reference'
    return new MeanStep(y, x, running, seen, single, context.mask)
  }
}

/** The largest so far, the first on ties: what the pooling kernel finds over the same steps. */
class MaxStep implements LayerStep {
  readonly output: Rows
  readonly states: readonly [running: StateRows, seen: StateRows]
  readonly #x: Rows

  constructor(y: Rows, x: Rows, running: StateRows, seen: StateRows) {
    this.output = y
    this.#x = x
    this.states = [running, seen]
  }

  run(rows: number): void {
    const { width, stride, view: y } = this.output
    const [{ view: best }, { view: seen }] = this.states
    const x = this.#x.view
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

/** The mean so far, of the steps that are not masked; sums have the precision of the engine's pooling kernel. */
class MeanStep implements LayerStep {
  readonly output: Rows
  readonly states: readonly [sums: StateRows, seen: StateRows]
  readonly #x: Rows
  readonly #single: boolean
  readonly #mask: StreamMask | null

  constructor(y: Rows, x: Rows, sums: StateRows, seen: StateRows, single: boolean, mask: StreamMask | null) {
    this.output = y
    this.#x = x
    this.states = [sums, seen]
    this.#single = single
    this.#mask = mask
  }

  run(rows: number): void {
    const { width, stride, view: y } = this.output
    const [{ view: sums }, { view: seen }] = this.states
    const x = this.#x.view
    const single = this.#single
    const masked = this.#mask?.rows
    for (let r = 0; r < rows; r++) {
      const valid = !masked?.[r]
      if (valid) seen[r]++
      const count = seen[r] || 1
      for (let j = 0; j < width; j++) {
        const sum = valid ? sums[r * width + j] + x[r * stride + j] : sums[r * width + j]
        sums[r * width + j] = single ? Math.fround(sum) : sum
        y[r * stride + j] = sums[r * width + j] / count
      }
    }
  }
}
