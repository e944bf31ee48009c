/** Flattening, for feed-forward networks, which take inputs of one size only. */
import { strideOf } from '../engine/engine.ts'
import type { PackedBatch } from '../tensors/packedBatch.ts'
import type { Parameter } from '../tensors/parameters.ts'
import { assertSteps } from './assertValues.ts'
import type { LayerDefinition, LayerSpec } from './definition.ts'
import { readOptions, readWidth } from './fields.ts'
import { makeEdge, type Capacity, type Context, type Edge, type Layer } from './layer.ts'

/** A fixed number of steps side by side, for networks without a memory. */
export interface FlattenOptions {
  type: 'flatten'
  /** Steps of the fixed length: longer sequences are cut, shorter ones padded with zeros. */
  steps: number
}

/** Flattening as data. */
export const flattenLayer: LayerDefinition<FlattenOptions> = {
  type: 'flatten',
  read: (field) => readOptions(field, { steps: readWidth }),
  build: (context, name, options, input) => new FlattenLayer(context, name, options, input),
}

/** The first `steps` steps of each sequence as one row: `flatten(20)`. */
export function flatten(steps: number): LayerSpec<FlattenOptions> {
  return { definition: flattenLayer, options: { type: 'flatten', steps } }
}

/** (T, F) of each sequence as one row of steps·F: cut or zero-padded to the fixed length. */
export class FlattenLayer implements Layer {
  readonly type = 'flatten'
  readonly name: string
  readonly needsWholeSequence = {
    got: 'a flatten layer, which needs all steps at once',
    remedy: 'Use a recurrent layer or a pool layer there.',
  }
  readonly parameters: readonly Parameter[] = []
  readonly output: Edge
  readonly #context: Context
  readonly #input: Edge
  readonly #steps: number

  constructor(context: Context, name: string, options: FlattenOptions, input: Edge) {
    assertSteps(name, input)
    this.#context = context
    this.name = name
    this.#input = input
    this.#steps = options.steps
    const width = options.steps * input.width
    this.output = makeEdge('sequence', width, strideOf(context.engine, width))
  }

  plan({ sequences: B }: Capacity, training: boolean): void {
    const { memory } = this.#context.engine
    this.output.value = memory.floats(B * this.output.stride, 'flattened')
    this.output.gradient = training ? memory.floats(B * this.output.stride, 'flattened') : 0
  }

  forward(batch: PackedBatch): void {
    const { kernels } = this.#context
    kernels.zero(this.output.value, batch.sequences * this.output.stride)
    const { width, stride, value } = this.#input
    this.#eachStep(batch, (rows, steps, flat) => {
      kernels.gatherRows(this.output.value + flat, value + steps, 0, rows, width, this.output.stride, stride)
    })
  }

  backward(batch: PackedBatch): void {
    const { kernels } = this.#context
    const { width, stride, gradient } = this.#input
    if (!gradient) return
    kernels.zero(gradient, batch.rows * stride)
    this.#eachStep(batch, (rows, steps, flat) => {
      kernels.gatherRows(
        gradient + steps,
        this.output.gradient + flat,
        0,
        rows,
        width,
        stride,
        this.output.stride,
      )
    })
  }

  #eachStep(batch: PackedBatch, visit: (rows: number, stepBytes: number, flatBytes: number) => void): void {
    const size = this.#context.engine.memory.floatBytes
    const steps = Math.min(this.#steps, batch.steps)
    for (let t = 0; t < steps; t++) {
      visit(batch.batchSizes[t], batch.offsets[t] * this.#input.stride * size, t * this.#input.width * size)
    }
  }
}
