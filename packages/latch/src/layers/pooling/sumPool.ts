/** Pooling that sums the steps of each sequence. */
import { accessOf } from '../../engine/generic/access.ts'
import { sumPoolBackward, sumPoolForward } from '../../engine/generic/pools.ts'
import type { Access } from '../../engine/reference/access.ts'
import { readChoice } from '../../core/validation.ts'
import type { PackedBatch } from '../../tensors/packedBatch.ts'
import type { LayerDefinition, LayerSpec } from '../definition.ts'
import { readOptions } from '../fields.ts'
import type { Context, Edge, LayerStep, StreamContext, StreamMask } from '../layer.ts'
import { StateRows, type Rows } from '../streamRows.ts'
import type { PoolOptions } from './pool.ts'
import { SequencePool } from './sequencePool.ts'

/** The sum as data. */
export const sumPoolLayer: LayerDefinition<PoolOptions> = {
  type: 'pool',
  read: (field) => readOptions(field, { pooling: (pooling) => readChoice(pooling, ['sum']) }),
  build: (context, name, _, input) => new SumPool(context, name, input),
}

/** One row a sequence: the sum of its valid steps. */
export function sumPool(): LayerSpec<PoolOptions> {
  return { definition: sumPoolLayer, options: { type: 'pool', pooling: 'sum' } }
}

/** The sum over the valid steps. */
class SumPool extends SequencePool {
  readonly #access: Access
  readonly #sums: Float64Array

  constructor(context: Context, name: string, input: Edge) {
    super(context, name, input)
    this.#access = accessOf(context.engine)
    this.#sums = new Float64Array(input.width)
  }

  forward(batch: PackedBatch): void {
    sumPoolForward(this.#access, this.output.value, this.input.value, this.packed(batch), this.#sums)
  }

  backward(batch: PackedBatch): void {
    const { gradient } = this.input
    if (gradient) sumPoolBackward(this.#access, gradient, this.output.gradient, this.packed(batch))
  }

  stream(context: StreamContext, x: Rows): LayerStep {
    const sums = new StateRows(`${this.name}.sum`, context.capacity, x.width)
    return new SumStep(context.rows(x.width, x.stride), x, sums, context.mask)
  }
}

/** The sum so far, in float64 as the layer sums. */
class SumStep implements LayerStep {
  readonly output: Rows
  readonly states: readonly [sums: StateRows]
  readonly #x: Rows
  readonly #mask: StreamMask | null

  constructor(y: Rows, x: Rows, sums: StateRows, mask: StreamMask | null) {
    this.output = y
    this.#x = x
    this.states = [sums]
    this.#mask = mask
  }

  run(rows: number): void {
    const { width, stride, view: y } = this.output
    const [{ view: sums }] = this.states
    const x = this.#x.view
    const masked = this.#mask?.rows
    for (let r = 0; r < rows; r++)
      for (let j = 0; j < width; j++) {
        if (!masked?.[r]) sums[r * width + j] += x[r * stride + j]
        y[r * stride + j] = sums[r * width + j]
      }
  }
}
