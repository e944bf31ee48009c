/** The mean over time where steps may be masked: over those that count; where all count, the core's own. */
import type { Activation, Context } from './layer.ts'
import type { PackedBatch } from './packed.ts'
import { PoolLayer } from './shape.ts'

/** Zeros where no step counts (Keras divides 0 by 0 there, or guards it, by version). */
export class MaskedMeanPool extends PoolLayer {
  readonly #context: Context
  readonly #input: Activation

  constructor(context: Context, name: string, input: Activation) {
    super(context, name, { type: 'pool', over: 'mean' }, input)
    this.#context = context
    this.#input = input
  }

  override forward(batch: PackedBatch): void {
    const { mask } = this.#context.index
    if (!mask) {
      super.forward(batch)
      return
    }
    const { memory } = this.#context.engine
    const { width: n, stride, value } = this.output
    const B = batch.sequences
    const y = memory.viewFloats(value, B * stride).fill(0)
    const x = memory.viewFloats(this.#input.value, batch.rows * stride)
    const counts = new Int32Array(B)
    eachCounted(batch, mask.steps, (row, b) => {
      counts[b]++
      for (let j = 0; j < n; j++) y[b * stride + j] += x[row * stride + j]
    })
    for (let b = 0; b < B; b++) {
      for (let j = 0; j < n; j++) y[b * stride + j] /= counts[b] || 1
    }
  }

  override backward(batch: PackedBatch): void {
    const { mask } = this.#context.index
    const { gradient } = this.#input
    if (!mask || !gradient) {
      super.backward(batch)
      return
    }
    const { memory } = this.#context.engine
    const { width: n, stride } = this.output
    const dx = memory.viewFloats(gradient, batch.rows * stride).fill(0)
    const dy = memory.viewFloats(this.output.gradient, batch.sequences * stride)
    const counts = new Int32Array(batch.sequences)
    eachCounted(batch, mask.steps, (_, b) => counts[b]++)
    eachCounted(batch, mask.steps, (row, b) => {
      for (let j = 0; j < n; j++) dx[row * stride + j] = dy[b * stride + j] / counts[b]
    })
  }
}

function eachCounted(
  { steps: T, counts, offsets }: PackedBatch,
  steps: Uint8Array,
  visit: (row: number, b: number) => void,
): void {
  for (let t = 0; t < T; t++)
    for (let b = 0; b < counts[t]; b++) if (steps[offsets[t] + b]) visit(offsets[t] + b, b)
}
