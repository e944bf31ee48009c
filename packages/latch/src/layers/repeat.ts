/** One row a sequence → the same row at each of its steps: what a decoder reads (Keras' RepeatVector). */
import { ShapeError } from '../core/errors.ts'
import type { PackedBatch } from '../tensors/packedBatch.ts'
import type { Parameter } from '../tensors/parameters.ts'
import { assertValues } from './assertValues.ts'
import type { LayerDefinition, LayerSpec } from './definition.ts'
import { readOptions, readWidth } from './fields.ts'
import { makeEdge } from './layer.ts'
import type { Capacity, Context, Edge, Layer, ReceptiveField } from './layer.ts'
import { joinFields } from './windows/receptiveFields.ts'

/** The row of each sequence at `steps` steps, which is also how long the sequences that go in are. */
export interface RepeatOptions {
  type: 'repeat'
  steps: number
}

/** Repetition as data. */
export const repeatLayer: LayerDefinition<RepeatOptions> = {
  type: 'repeat',
  read: (field) => readOptions(field, { steps: readWidth }),
  build: (context, name, { steps }, input) => new RepeatLayer(context, name, steps, input),
}

/** The row of each sequence at every one of `steps` steps: `repeat(20)`. */
export function repeat(steps: number): LayerSpec<RepeatOptions> {
  return { definition: repeatLayer, options: { type: 'repeat', steps } }
}

export class RepeatLayer implements Layer {
  readonly type = 'repeat'
  readonly name: string
  readonly needsWholeSequence = {
    got: 'a repeat layer, whose row is that of the whole sequence',
    remedy: 'Pass whole sequences to forward.',
  }
  readonly takesOneLength = true
  readonly parameters: readonly Parameter[] = []
  readonly output: Edge
  readonly #context: Context
  readonly #input: Edge
  readonly #steps: number

  /** @throws UnsupportedError over one-hot input; ShapeError over rows by step */
  constructor(context: Context, name: string, steps: number, input: Edge) {
    assertValues(name, input)
    if (input.per === 'step')
      throw new ShapeError({
        where: name,
        expected: 'one row a sequence below it',
        got: 'a row for each step',
      })
    this.name = name
    this.#context = context
    this.#input = input
    this.#steps = steps
    this.output = makeEdge('step', input.width, input.stride)
  }

  receptiveFields(below: readonly ReceptiveField[]): ReceptiveField[] {
    return new Array<ReceptiveField>(this.#steps).fill(joinFields(below))
  }

  plan({ rows }: Capacity, training: boolean): void {
    const { memory } = this.#context.engine
    this.output.value = memory.floats(rows * this.output.stride, 'repeated rows')
    this.output.gradient = training ? memory.floats(rows * this.output.stride, 'repeated rows') : 0
  }

  /** @throws ShapeError for sequences of another length */
  forward(batch: PackedBatch): void {
    const { kernels } = this.#context
    const { width, stride, value } = this.#input
    const other = batch.lengths.find((length) => length !== this.#steps)
    if (other !== undefined)
      throw new ShapeError({
        where: this.name,
        expected: `sequences of ${this.#steps} steps, as many as it repeats`,
        got: `${other}`,
      })
    this.#eachStep(batch, (rows, at) => {
      kernels.gatherRows(this.output.value + at, value, 0, rows, width, stride, stride)
    })
  }

  backward(batch: PackedBatch): void {
    const { kernels } = this.#context
    const { width, stride, gradient } = this.#input
    if (!gradient) return
    kernels.zero(gradient, batch.sequences * stride)
    this.#eachStep(batch, (rows, at) => {
      kernels.scatterAddRows(gradient, 0, this.output.gradient + at, rows, width, stride, stride)
    })
  }

  #eachStep(batch: PackedBatch, visit: (rows: number, bytes: number) => void): void {
    const bytes = this.output.stride * this.#context.engine.memory.floatBytes
    for (let t = 0; t < batch.steps; t++) visit(batch.batchSizes[t], batch.offsets[t] * bytes)
  }
}
