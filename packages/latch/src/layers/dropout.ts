/** Dropout: in training, elements become zero at a rate and the others are scaled up. */
import type { Pointer } from '../engine/kernels.ts'
import { mixKey } from '../core/random.ts'
import { ShapeError } from '../core/errors.ts'
import type { PackedBatch } from '../tensors/packedBatch.ts'
import type { Parameter } from '../tensors/parameters.ts'
import type { LayerDefinition } from './definition.ts'
import { readOptions, readRate } from './fields.ts'
import { capacityOf, makeEdge, rowsOf } from './layer.ts'
import type { Capacity, Context, Edge, Layer, Pass } from './layer.ts'

/** Drops elements in training, at `rate`. */
export interface DropoutOptions {
  type: 'dropout'
  rate: number
  /** Whether all steps of a sequence have the same mask ("variational", Gal & Ghahramani 2016). Default false. */
  locked?: boolean
}

/** The dropout of text classifiers as data. */
export const dropoutLayer: LayerDefinition<DropoutOptions> = {
  type: 'dropout',
  read: (field) => readOptions(field, { rate: readRate }),
  build: (context, name, options, input) => new DropoutLayer(context, name, options, input),
}

/** Inverted dropout (Srivastava et al. 2014): identity outside training. */
export class DropoutLayer implements Layer {
  readonly type = 'dropout'
  readonly name: string
  readonly parameters: readonly Parameter[] = []
  readonly output: Edge
  protected readonly context: Context
  protected readonly rate: number
  readonly #input: Edge
  #own: Pointer = 0

  constructor(context: Context, name: string, options: DropoutOptions, input: Edge) {
    if (input.ids) {
      const expected = 'a layer with values below it'
      throw new ShapeError({ where: name, expected, got: 'one-hot input', remedy: 'Use word dropout there.' })
    }
    this.context = context
    this.name = name
    this.#input = input
    this.rate = options.rate
    this.output = makeEdge(input.per, input.width, input.stride)
  }

  plan(capacity: Capacity, training: boolean): void {
    const floats = capacityOf(this.output, capacity) * this.output.stride
    this.#own = training && this.rate ? this.context.engine.memory.floats(floats, 'dropout') : 0
    // The mask is applied in place on the way back, so both edges share one gradient.
    this.output.gradient = this.#input.gradient
  }

  forward(batch: PackedBatch, pass: Pass): void {
    const drops = pass.training && this.rate > 0
    this.output.value = drops ? this.#own : this.#input.value
    if (drops) this.drop(this.#own, this.#input.value, batch, this.#key(pass))
  }

  backward(batch: PackedBatch, pass: Pass): void {
    const { gradient } = this.output
    if (pass.training && this.rate && gradient) this.drop(gradient, gradient, batch, this.#key(pass))
  }

  /** The rows of a batch by the mask of a key. */
  protected drop(to: Pointer, from: Pointer, batch: PackedBatch, key: number): void {
    const count = rowsOf(this.output, batch) * this.output.stride
    this.context.kernels.dropout(to, from, count, 0, this.rate, key)
  }

  #key(pass: Pass): number {
    return mixKey(pass.key, this.name) | 0
  }
}
