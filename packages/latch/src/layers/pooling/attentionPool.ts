/** Pooling by attention with one learned column w: Σ a·x over the steps, a = softmax over them of x·w. */
import { accessOf } from '../../engine/generic/access.ts'
import {
  attentionBackward,
  attentionForward,
  scoreOf,
  takeStep,
  type AttentionScratch,
} from '../../engine/generic/pools.ts'
import { addSums } from '../../engine/generic/rows.ts'
import type { Kernels, Pointer } from '../../engine/kernels.ts'
import type { Access } from '../../engine/reference/access.ts'
import { Random } from '../../core/random.ts'
import { readChoice } from '../../core/validation.ts'
import { glorotUniform } from '../../tensors/initializers.ts'
import type { Parameter } from '../../tensors/parameters.ts'
import type { PackedBatch } from '../../tensors/packedBatch.ts'
import type { LayerDefinition, LayerSpec } from '../definition.ts'
import { readOptions } from '../fields.ts'
import type { Capacity, Context, Edge, LayerStep, StreamContext, StreamMask } from '../layer.ts'
import { StateRows, type Rows } from '../streamRows.ts'
import type { PoolOptions } from './pool.ts'
import { SequencePool } from './sequencePool.ts'

/** Attention as data. */
export const attentionPoolLayer: LayerDefinition<PoolOptions> = {
  type: 'pool',
  read: (field) => readOptions(field, { pooling: (pooling) => readChoice(pooling, ['attention']) }),
  build: (context, name, _, input) => new AttentionPool(context, name, input),
}

/** One row a sequence: the average of its valid steps, weighted by a softmax over them of x·w with a learned column w. */
export function attentionPool(): LayerSpec<PoolOptions> {
  return { definition: attentionPoolLayer, options: { type: 'pool', pooling: 'attention' } }
}

/** Σ a·x over the valid steps, a = softmax over them of x·w. */
class AttentionPool extends SequencePool {
  override readonly parameters: readonly Parameter[]
  readonly #access: Access
  readonly #weight: Parameter // (1, width)
  #memory!: AttentionScratch

  constructor(context: Context, name: string, input: Edge) {
    super(context, name, input)
    this.#access = accessOf(context.engine)
    this.#weight = context.store.plain(`${name}.weight`, [1, input.width])
    this.parameters = [this.#weight]
  }

  initialise(seed: number): void {
    const random = new Random(seed, 'initial', this.#weight.name)
    this.context.store.write(this.#weight, glorotUniform(1, this.input.width, random))
  }

  override plan(capacity: Capacity, training: boolean): void {
    super.plan(capacity, training)
    const { width } = this.input
    this.#memory = {
      sums: new Float64Array(width),
      dWeight: new Float64Array(width),
      states: new Float64Array(2 * capacity.sequences),
    }
  }

  forward(batch: PackedBatch): void {
    const weight = this.context.store.at(this.#weight)
    attentionForward(
      this.#access,
      this.#memory,
      this.output.value,
      this.input.value,
      weight,
      this.packed(batch),
    )
  }

  backward(batch: PackedBatch): void {
    const { store } = this.context
    const { value: x, gradient: dx } = this.input
    const weight = store.at(this.#weight)
    attentionBackward(this.#access, this.#memory, dx, this.output.gradient, x, weight, this.packed(batch))
    addSums(this.#access, store.at(this.#weight, 0, 'gradients'), this.#memory.dWeight)
  }

  stream(context: StreamContext, x: Rows): LayerStep {
    const state = (name: string, width: number) =>
      new StateRows(`${this.name}.${name}`, context.capacity, width)
    return new AttentionStep(context.rows(x.width, x.stride), x, {
      kernels: this.context.kernels,
      column: context.rows(x.width),
      weight: this.context.store.at(this.#weight),
      sums: state('attention', x.width),
      scores: state('scores', 2),
      mask: context.mask,
    })
  }
}

/** What an attention step computes with. */
interface AttentionParts {
  kernels: Kernels
  /** A copy of the learned column, taken anew at each step: weights may have changed. */
  column: Rows
  weight: Pointer
  sums: StateRows
  scores: StateRows
  mask: StreamMask | null
}

/** The weighted average so far. */
class AttentionStep implements LayerStep {
  readonly output: Rows
  readonly states: readonly StateRows[]
  readonly #x: Rows
  readonly #parts: AttentionParts

  constructor(y: Rows, x: Rows, parts: AttentionParts) {
    this.output = y
    this.#x = x
    this.#parts = parts
    this.states = [parts.sums, parts.scores]
  }

  run(rows: number): void {
    const { kernels, column, weight, scores, sums, mask } = this.#parts
    const { width, stride, view: y } = this.output
    const x = this.#x.view
    kernels.gatherRows(column.at, weight, 0, 1, width, stride, width)
    for (let r = 0; r < rows; r++) {
      if (!mask?.rows[r]) {
        const score = scoreOf(x, r * stride, column.view, 0, width)
        takeStep(scores.view, 2 * r, sums.view, r * width, x, r * stride, width, score)
      }
      const all = scores.view[2 * r + 1] || 1
      for (let j = 0; j < width; j++) y[r * stride + j] = sums.view[r * width + j] / all
    }
  }
}
