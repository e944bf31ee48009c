/** The steps of each sequence in reverse order: what Keras' `go_backwards` gives with `return_sequences`. */
import { makeEdge } from './layer.ts'
import type { Capacity, Context, Edge, Layer, ReceptiveField } from './layer.ts'
import { assertSteps } from './assertValues.ts'
import type { LayerDefinition, LayerSpec } from './definition.ts'
import { readOptions } from './fields.ts'
import type { PackedBatch } from '../tensors/packedBatch.ts'
import type { Parameter } from '../tensors/parameters.ts'

/** Last step first. */
export interface ReverseOptions {
  type: 'reverse'
}

/** Reversal as data. */
export const reverseLayer: LayerDefinition<ReverseOptions> = {
  type: 'reverse',
  read: (field) => readOptions(field, {}),
  build: (context, name, _, input) => new ReverseLayer(context, name, input),
}

/** The steps of each sequence in reverse order. */
export function reverse(): LayerSpec<ReverseOptions> {
  return { definition: reverseLayer, options: { type: 'reverse' } }
}

export class ReverseLayer implements Layer {
  readonly type = 'reverse'
  readonly name: string
  readonly needsWholeSequence = {
    got: 'a reverse layer, whose first step is the last one',
    remedy: 'Pass whole sequences to forward.',
  }
  readonly parameters: readonly Parameter[] = []
  readonly output: Edge
  readonly #context: Context
  readonly #input: Edge

  /** @throws UnsupportedError over one-hot input; ShapeError over one row a sequence */
  constructor(context: Context, name: string, input: Edge) {
    assertSteps(name, input)
    this.name = name
    this.#context = context
    this.#input = input
    this.output = makeEdge('step', input.width, input.stride)
  }

  receptiveFields(below: readonly ReceptiveField[]): ReceptiveField[] {
    return below.toReversed()
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
