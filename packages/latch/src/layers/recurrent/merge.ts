/** Two directions of a layer as one output, element by element: their sum, average or product. */
import type { Cell } from '../../cells/cell.ts'
import type { CellForm } from '../../cells/registry.ts'
import { strideOf, type Engine } from '../../engine/engine.ts'
import { makeEdge, capacityOf, rowsOf, type Edge, type Capacity, type Context, type Pass } from '../layer.ts'
import type { PackedBatch } from '../../tensors/packedBatch.ts'
import { NormalisedLayer } from '../regularisation/normalisedLayer.ts'
import type { RecurrentOptions } from './recurrent.ts'

/** How two directions become one output, other than side by side. */
export type MergeMode = 'sum' | 'multiply' | 'average'

/** A layer of two directions whose outputs are merged. */
export class MergedLayer extends NormalisedLayer {
  readonly #merge: MergeLayer

  constructor(
    context: Context,
    name: string,
    options: RecurrentOptions & { merge: MergeMode },
    input: Edge,
    cellOf: (form: CellForm, engine: Engine) => Cell,
  ) {
    super(context, name, options, input, cellOf)
    this.#merge = new MergeLayer(context, options.merge, super.output)
  }

  override get output(): Edge {
    return this.#merge.output
  }

  override plan(capacity: Capacity, training: boolean): void {
    super.plan(capacity, training)
    this.#merge.plan(capacity, training)
  }

  override forward(batch: PackedBatch, pass: Pass): void {
    super.forward(batch, pass)
    this.#merge.forward(batch)
  }

  override backward(batch: PackedBatch, pass: Pass): void {
    this.#merge.backward(batch)
    super.backward(batch, pass)
  }
}

/** (rows, 2·H), directions side by side → (rows, H). */
class MergeLayer {
  readonly output: Edge
  readonly #context: Context
  readonly #mode: MergeMode
  readonly #sides: Edge

  constructor(context: Context, mode: MergeMode, sides: Edge) {
    this.#context = context
    this.#mode = mode
    this.#sides = sides
    this.output = makeEdge(sides.per, sides.width / 2, strideOf(context.engine, sides.width / 2))
  }

  plan(capacity: Capacity, training: boolean): void {
    const { memory } = this.#context.engine
    const floats = capacityOf(this.output, capacity) * this.output.stride
    this.output.value = memory.floats(floats, 'merged directions')
    this.output.gradient = training ? memory.floats(floats, 'merged directions') : 0
  }

  forward(batch: PackedBatch): void {
    const { memory } = this.#context.engine
    const rows = rowsOf(this.output, batch)
    const { width: H, stride } = this.output
    const from = this.#sides
    const [y, x] = [
      memory.viewFloats(this.output.value, rows * stride),
      memory.viewFloats(from.value, rows * from.stride),
    ]
    for (let row = 0; row < rows; row++) {
      for (let j = 0; j < H; j++) {
        const [a, b] = [x[row * from.stride + j], x[row * from.stride + H + j]]
        y[row * stride + j] = this.#mode === 'multiply' ? a * b : this.#mode === 'sum' ? a + b : (a + b) / 2
      }
    }
  }

  backward(batch: PackedBatch): void {
    const { memory } = this.#context.engine
    const rows = rowsOf(this.output, batch)
    const { width: H, stride, gradient } = this.output
    const { value, gradient: to, stride: wide } = this.#sides
    const dy = memory.viewFloats(gradient, rows * stride)
    const [x, dx] = [memory.viewFloats(value, rows * wide), memory.viewFloats(to, rows * wide)]
    const factor = this.#mode === 'average' ? 0.5 : 1
    for (let row = 0; row < rows; row++) {
      for (let j = 0; j < H; j++) {
        const [one, other] = [row * wide + j, row * wide + H + j]
        const d = dy[row * stride + j]
        dx[one] = this.#mode === 'multiply' ? d * x[other] : d * factor
        dx[other] = this.#mode === 'multiply' ? d * x[one] : d * factor
      }
    }
  }
}
