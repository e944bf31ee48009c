/**
 * Steps that do not count: the layer that masks some (with the batch's own mask and an embedding's `maskZero`, in
 * layers/masks.ts), and the one that makes outputs at masked steps zero.
 */
import { ShapeError } from '../../core/errors.ts'
import { activation, capacityOf, type Activation, type Capacity, type Context, type Layer } from '../layer.ts'
import type { PackedBatch } from '../../tensors/packedBatch.ts'
import type { Parameter } from '../../tensors/parameters.ts'

/** Right after a features input: steps whose features are all `value` are masked, and become zeros. */
export interface MaskingOptions {
  type: 'masking'
  /** Default 0. */
  value?: number
}

/** Outputs at masked steps become zero, the state below goes on (Keras `zero_output_for_mask`). */
export interface ZeroMaskedOptions {
  type: 'zeroMasked'
}

/** Copies its input but for some rows, which become zeros; on the way back so do their gradients, in place. */
abstract class ZeroingLayer implements Layer {
  abstract readonly type: string
  readonly parameters: readonly Parameter[] = []
  readonly output: Activation
  readonly #context: Context
  readonly #input: Activation
  #own = 0

  constructor(context: Context, name: string, input: Activation) {
    if (input.per !== 'step' || input.ids) {
      const got = input.ids ? 'one-hot input' : 'one row a sequence'
      throw new ShapeError({ where: name, expected: 'steps with values below it', got })
    }
    this.#context = context
    this.#input = input
    this.output = activation(input.per, input.width, input.stride)
  }

  /** Whether a row becomes zeros. */
  protected abstract zeroes(context: Context, row: Float32Array | Float64Array, at: number): boolean

  plan(capacity: Capacity): void {
    const { memory } = this.#context.engine
    this.#own = memory.floats(capacityOf(this.output, capacity) * this.output.stride, this.type)
    this.output.gradient = this.#input.gradient
  }

  forward(batch: PackedBatch): void {
    this.output.value = this.#own
    this.#view(this.#own, batch).set(this.#view(this.#input.value, batch))
    this.#clear(batch, this.#own)
  }

  backward(batch: PackedBatch): void {
    if (this.output.gradient) this.#clear(batch, this.output.gradient)
  }

  #view(at: number, { rows }: PackedBatch) {
    return this.#context.engine.memory.viewFloats(at, rows * this.output.stride)
  }

  #clear(batch: PackedBatch, target: number): void {
    const { width, stride } = this.output
    const [x, y] = [this.#view(this.#input.value, batch), this.#view(target, batch)]
    for (let row = 0; row < batch.rows; row++) {
      const at = row * stride
      if (this.zeroes(this.#context, x.subarray(at, at + width), row)) y.fill(0, at, at + stride)
    }
  }
}

export class MaskingLayer extends ZeroingLayer {
  readonly type = 'masking'
  readonly #value: number

  constructor(context: Context, name: string, options: MaskingOptions, input: Activation) {
    super(context, name, input)
    const { value = 0 } = options
    this.#value = context.engine.precision === 'float32' ? Math.fround(value) : value
  }

  protected zeroes(_context: Context, row: Float32Array | Float64Array): boolean {
    return row.every((x) => x === this.#value)
  }
}

export class ZeroMaskedLayer extends ZeroingLayer {
  readonly type = 'zeroMasked'

  constructor(context: Context, name: string, _options: ZeroMaskedOptions, input: Activation) {
    super(context, name, input)
  }

  protected zeroes({ index: { mask } }: Context, _row: Float32Array | Float64Array, at: number): boolean {
    return mask !== null && mask.steps[at] === 0
  }
}
