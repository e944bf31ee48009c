/** Attention weights: a softmax over the steps of each sequence, each column by itself. */
import { accessOf } from '../../engine/generic/access.ts'
import type { Access } from '../../engine/reference/access.ts'
import type { PackedBatch } from '../../tensors/packedBatch.ts'
import type { Parameter } from '../../tensors/parameters.ts'
import { assertSteps } from '../assertValues.ts'
import type { LayerDefinition, LayerSpec } from '../definition.ts'
import { readOptions } from '../fields.ts'
import { makeEdge, type Capacity, type Context, type Edge, type Layer } from '../layer.ts'

/** Scores → weights that add up to 1 over the valid steps of a sequence; masked steps weigh nothing. */
export interface TimeSoftmaxOptions {
  type: 'timeSoftmax'
}

/** The softmax over time as data. */
export const timeSoftmaxLayer: LayerDefinition<TimeSoftmaxOptions> = {
  type: 'timeSoftmax',
  read: (field) => readOptions(field, {}),
  build: (context, name, _, input) => new TimeSoftmaxLayer(context, name, input),
}

/** A softmax over the steps of each sequence: scores become attention weights, to be multiplied by `merge`. */
export function timeSoftmax(): LayerSpec<TimeSoftmaxOptions> {
  return { definition: timeSoftmaxLayer, options: { type: 'timeSoftmax' } }
}

export class TimeSoftmaxLayer implements Layer {
  readonly type = 'timeSoftmax'
  readonly name: string
  readonly needsWholeSequence = {
    got: 'a softmax over time, which needs the scores of all steps',
    remedy: 'Pass whole sequences to forward.',
  }
  readonly parameters: readonly Parameter[] = []
  readonly output: Edge
  readonly #context: Context
  readonly #input: Edge
  readonly #access: Access

  /** @throws UnsupportedError over one-hot input; ShapeError over one row a sequence */
  constructor(context: Context, name: string, input: Edge) {
    assertSteps(name, input)
    this.name = name
    this.#context = context
    this.#input = input
    this.#access = accessOf(context.engine)
    this.output = makeEdge('step', input.width, input.stride)
  }

  plan({ rows }: Capacity, training: boolean): void {
    const { engine, kernels } = this.#context
    const floats = rows * this.output.stride
    this.output.value = engine.memory.floats(floats, 'attention weights')
    kernels.zero(this.output.value, floats)
    this.output.gradient = training ? engine.memory.floats(floats, 'attention weights') : 0
  }

  /** y = softmax(x) over the valid steps, else 0. */
  forward(batch: PackedBatch): void {
    this.#context.kernels.zero(this.output.value, batch.rows * this.output.stride)
    const v = this.#access.f()
    const [x, y] = [this.#input.value, this.output.value].map((at) => at >>> this.#access.shift)
    this.#eachColumn(batch, (places, j) => {
      let most = -Infinity
      let sum = 0
      for (const at of places) most = Math.max(most, v[x + at + j])
      for (const at of places) sum += Math.exp(v[x + at + j] - most)
      for (const at of places) v[y + at + j] = Math.exp(v[x + at + j] - most) / sum
    })
  }

  /** dx = y·(dy − Σ dy·y). */
  backward(batch: PackedBatch): void {
    const { gradient } = this.#input
    if (!gradient) return
    this.#context.kernels.zero(gradient, batch.rows * this.#input.stride)
    const v = this.#access.f()
    const { shift } = this.#access
    const [dx, dy, y] = [gradient, this.output.gradient, this.output.value].map((at) => at >>> shift)
    this.#eachColumn(batch, (places, j) => {
      let sum = 0
      for (const at of places) sum += v[dy + at + j] * v[y + at + j]
      for (const at of places) v[dx + at + j] = v[y + at + j] * (v[dy + at + j] - sum)
    })
  }

  /** Visits each column of each sequence, with the places of its valid steps' rows. */
  #eachColumn(batch: PackedBatch, visit: (places: readonly number[], column: number) => void): void {
    const { width, stride } = this.output
    const valid = this.#context.index.mask?.steps
    for (let b = 0; b < batch.sequences; b++) {
      const places: number[] = []
      for (let t = 0; t < batch.lengths[b]; t++) {
        const row = batch.offsets[t] + b
        if (valid?.[row] !== 0) places.push(row * stride)
      }
      for (let j = 0; j < width; j++) visit(places, j)
    }
  }
}
