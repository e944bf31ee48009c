/** The steps of each sequence in reverse order: what Keras' `go_backwards` gives with `return_sequences`. */
import { ShapeError } from '../core/errors.ts'
import { activation, type Activation, type Capacity, type Context, type Layer } from './layer.ts'
import { needValues } from './assertValues.ts'
import type { PackedBatch } from '../tensors/packedBatch.ts'
import type { Parameter } from '../tensors/parameters.ts'

/** Last step first. */
export interface ReverseOptions {
  type: 'reverse'
}

export class ReverseLayer implements Layer {
  readonly type = 'reverse'
  readonly parameters: readonly Parameter[] = []
  readonly output: Activation
  readonly #context: Context
  readonly #input: Activation

  /** @throws UnsupportedError over one-hot input; ShapeError over one row a sequence */
  constructor(context: Context, name: string, _: ReverseOptions, input: Activation) {
    needValues(name, input)
    if (input.per !== 'step') {
      const expected = 'a sequence of steps below it'
      throw new ShapeError({ where: name, expected, got: 'one row a sequence' })
    }
    this.#context = context
    this.#input = input
    this.output = activation('step', input.width, input.stride)
  }

  plan({ rows }: Capacity, training: boolean): void {
    const { engine, kernels } = this.#context
    const floats = rows * this.output.stride
    this.output.value = engine.memory.floats(floats, 'reversed steps')
    kernels.zero(this.output.value, floats)
    this.output.gradient = training ? engine.memory.floats(floats, 'reversed steps') : 0
  }

  forward(batch: PackedBatch): void {
    this.#turn(this.output.value, this.#input.value, batch)
  }

  backward(batch: PackedBatch): void {
    if (this.#input.gradient) this.#turn(this.#input.gradient, this.output.gradient, batch)
  }

  /** Twice is once around, so the way back is the same. */
  #turn(to: number, from: number, { rows }: PackedBatch): void {
    const { kernels, index } = this.#context
    const { width, stride } = this.output
    kernels.gatherRows(to, from, index.reverseRow, rows, width, stride, stride)
  }
}
