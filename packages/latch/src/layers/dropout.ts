/** Dropout: in training, elements become zero at a rate and the others are scaled up. */
import type { Pointer } from '../engine/kernels.ts'
import { mixKey } from '../core/random.ts'
import { ShapeError } from '../core/errors.ts'
import type { PackedBatch } from '../tensors/packedBatch.ts'
import type { Parameter } from '../tensors/parameters.ts'
import type { LayerDefinition, LayerSpec } from './definition.ts'
import { readOptions, readRate } from './fields.ts'
import { capacityOf, makeEdge, rowsOf } from './layer.ts'
import type { Capacity, Context, Edge, Layer, Pass } from './layer.ts'

/** Drops elements in training, at `rate`. */
export interface DropoutOptions {
  type: 'dropout'
  rate: number
}

/** Dropout as data. */
export const dropoutLayer: LayerDefinition<DropoutOptions> = {
  type: 'dropout',
  read: (field) => readOptions(field, { rate: readRate }),
  build: (context, name, options, input) => new DropoutLayer(context, name, options, input),
}

/** Drops elements in training: `dropout(0.3)`. */
export function dropout(rate: number): LayerSpec<DropoutOptions> {
  return { definition: dropoutLayer, options: { type: 'dropout', rate } }
}

/** Inverted dropout (Srivastava et al. 2014): identity outside training. */
export class DropoutLayer implements Layer {
  readonly type = 'dropout'
  readonly name: string
  readonly parameters: readonly Parameter[] = []
  readonly output: Edge
  readonly #context: Context
  readonly #input: Edge
  readonly #rate: number
  #own: Pointer = 0

  constructor(context: Context, name: string, options: DropoutOptions, input: Edge) {
    if (input.ids) {
      const expected = 'a layer with values below it'
      throw new ShapeError({ where: name, expected, got: 'one-hot input', remedy: 'Use word dropout there.' })
    }
    this.#context = context
    this.name = name
    this.#input = input
    this.#rate = options.rate
    this.output = makeEdge(input.per, input.width, input.stride)
  }

  plan(capacity: Capacity, training: boolean): void {
    const floats = capacityOf(this.output, capacity) * this.output.stride
    this.#own = training && this.#rate ? this.#context.engine.memory.floats(floats, 'dropout') : 0
    // The mask is applied in place on the way back, so both edges share one gradient.
    this.output.gradient = this.#input.gradient
  }

  forward(batch: PackedBatch, pass: Pass): void {
    const drops = pass.training && this.#rate > 0
    this.output.value = drops ? this.#own : this.#input.value
    if (!drops) return
    const count = rowsOf(this.output, batch) * this.output.stride
    this.#context.kernels.dropout(this.#own, this.#input.value, count, 0, this.#rate, this.#key(pass))
  }

  backward(batch: PackedBatch, pass: Pass): void {
    const { gradient, stride } = this.output
    if (!pass.training || !this.#rate || !gradient) return
    const count = rowsOf(this.output, batch) * stride
    this.#context.kernels.dropout(gradient, gradient, count, 0, this.#rate, this.#key(pass))
  }

  #key(pass: Pass): number {
    return mixKey(pass.key, this.name) | 0
  }
}
