/** Pooling over time that only imported models have: the first step, the sum, and attention with one learned column. */
import { accessOf } from '../engine/generic/access.ts'
import {
  attentionBackward,
  attentionForward,
  sumPoolBackward,
  sumPoolForward,
  type AttentionRoom,
  type PackedRows,
} from '../engine/generic/pools.ts'
import { addSums } from '../engine/generic/rows.ts'
import type { Access } from '../engine/reference/access.ts'
import { ShapeError } from '../core/errors.ts'
import { Random } from '../core/random.ts'
import { glorotUniform } from '../tensors/initializers.ts'
import { activation, type Activation, type Capacity, type Context, type Layer } from './layer.ts'
import { needValues } from './assertValues.ts'
import type { PackedBatch } from '../tensors/packedBatch.ts'
import type { Parameter } from '../tensors/parameters.ts'
import type { PoolOptions } from './shape.ts'

/** Poolings that the core has not. */
export const MORE_POOLS: readonly PoolOptions['pooling'][] = ['first', 'sum', 'attention']

/** The parts of all three: edges, memory, and what a batch looks like to a kernel. */
abstract class SequencePool implements Layer {
  readonly type = 'pool'
  readonly output: Activation
  readonly parameters: readonly Parameter[] = []
  protected readonly context: Context
  protected readonly input: Activation

  /** @throws UnsupportedError over one-hot input; ShapeError over one row a sequence */
  constructor(context: Context, name: string, input: Activation) {
    needValues(name, input)
    if (input.per !== 'step') {
      const expected = 'a sequence of steps below it'
      throw new ShapeError({ where: name, expected, got: 'one row a sequence' })
    }
    this.context = context
    this.input = input
    this.output = activation('sequence', input.width, input.stride)
  }

  plan({ sequences }: Capacity, training: boolean): void {
    const { engine, kernels } = this.context
    const floats = sequences * this.output.stride
    this.output.value = engine.memory.floats(floats, 'pooled')
    kernels.zero(this.output.value, floats)
    this.output.gradient = training ? engine.memory.floats(floats, 'pooled') : 0
  }

  protected packed({ sequences, lengths, offsets }: PackedBatch): PackedRows {
    const { width, stride } = this.output
    return { sequences, lengths, offsets, width, stride, valid: this.context.index.mask?.steps ?? null }
  }

  abstract forward(batch: PackedBatch): void
  abstract backward(batch: PackedBatch): void
}

/** Each sequence's first step. */
export class FirstPool extends SequencePool {
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
}

/** The sum over the steps that count. */
export class SumPool extends SequencePool {
  readonly #access: Access
  readonly #sums: Float64Array

  constructor(context: Context, name: string, input: Activation) {
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
}

/** Σ a·x over the steps that count, a = softmax over them of x·w. */
export class AttentionPool extends SequencePool {
  override readonly parameters: readonly Parameter[]
  readonly #access: Access
  readonly #weight: Parameter // (1, width)
  #room!: AttentionRoom

  constructor(context: Context, name: string, input: Activation) {
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
    this.#room = {
      sums: new Float64Array(width),
      dWeight: new Float64Array(width),
      states: new Float64Array(2 * capacity.sequences),
    }
  }

  forward(batch: PackedBatch): void {
    const weight = this.context.store.at(this.#weight)
    attentionForward(
      this.#access,
      this.#room,
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
    attentionBackward(this.#access, this.#room, dx, this.output.gradient, x, weight, this.packed(batch))
    addSums(this.#access, store.at(this.#weight, 0, 'gradients'), this.#room.dWeight)
  }
}
