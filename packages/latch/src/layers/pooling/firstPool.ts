/** Pooling that takes each sequence's first step. */
import { readChoice } from '../../core/validation.ts'
import type { PackedBatch } from '../../tensors/packedBatch.ts'
import type { LayerDefinition, LayerSpec } from '../definition.ts'
import { readOptions } from '../fields.ts'
import type { LayerStep, StreamContext } from '../layer.ts'
import { StateRows, type Rows } from '../streamRows.ts'
import type { PoolOptions } from './pool.ts'
import { SequencePool } from './sequencePool.ts'

/** The first step as data. */
export const firstPoolLayer: LayerDefinition<PoolOptions> = {
  type: 'pool',
  read: (field) => readOptions(field, { pooling: (pooling) => readChoice(pooling, ['first']) }),
  build: (context, name, _, input) => new FirstPool(context, name, input),
}

/** One row a sequence: its first step. */
export function firstPool(): LayerSpec<PoolOptions> {
  return { definition: firstPoolLayer, options: { type: 'pool', pooling: 'first' } }
}

/** Each sequence's first step. */
class FirstPool extends SequencePool {
  // The rows of step 0 are the first ones, in the order of the batch.
  forward({ sequences }: PackedBatch): void {
    const { value, width, stride } = this.output
    this.context.kernels.gatherRows(value, this.input.value, 0, sequences, width, stride, stride)
  }

  backward({ sequences, rows }: PackedBatch): void {
    const { gradient, width, stride } = this.output
    if (!this.input.gradient) return
    const { kernels } = this.context
    kernels.zero(this.input.gradient, rows * stride)
    kernels.gatherRows(this.input.gradient, gradient, 0, sequences, width, stride, stride)
  }

  stream(context: StreamContext, x: Rows): LayerStep {
    const first = new StateRows(`${this.name}.first`, context.capacity, x.width)
    const seen = new StateRows(`${this.name}.seen`, context.capacity, 1)
    return new FirstStep(context.rows(x.width, x.stride), x, first, seen)
  }
}

/** What the first step was. */
class FirstStep implements LayerStep {
  readonly output: Rows
  readonly states: readonly [first: StateRows, seen: StateRows]
  readonly #x: Rows

  constructor(y: Rows, x: Rows, first: StateRows, seen: StateRows) {
    this.output = y
    this.#x = x
    this.states = [first, seen]
  }

  run(rows: number): void {
    const { width, stride, view: y } = this.output
    const [{ view: first }, { view: seen }] = this.states
    const x = this.#x.view
    for (let r = 0; r < rows; r++) {
      const now = seen[r]++ === 0
      for (let j = 0; j < width; j++) {
        if (now) first[r * width + j] = x[r * stride + j]
        y[r * stride + j] = first[r * width + j]
      }
    }
  }
}
