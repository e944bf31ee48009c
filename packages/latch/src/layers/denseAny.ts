/** A dense layer with an activation that has no kernel of its own: the linear layer, then the function over its rows. */
import { ActivationLayer } from './activation.ts'
import { DenseLayer, type DenseOptions } from './dense.ts'
import type { Activation, Capacity, Context, Layer } from './layer.ts'
import type { PackedBatch } from '../tensors/packedBatch.ts'
import type { Parameter } from '../tensors/parameters.ts'

export class DenseAnyLayer implements Layer {
  readonly type = 'dense'
  readonly parameters: readonly Parameter[]
  readonly output: Activation
  readonly #linear: DenseLayer
  readonly #function: ActivationLayer

  /** @throws UnsupportedError over one-hot input */
  constructor(context: Context, name: string, options: DenseOptions, input: Activation) {
    const { activation = 'linear', ...linear } = options
    this.#linear = new DenseLayer(context, name, linear, input)
    this.#function = new ActivationLayer(
      context,
      name,
      { type: 'activation', activation },
      this.#linear.output,
    )
    this.parameters = this.#linear.parameters
    this.output = this.#function.output
  }

  initialise(seed: number): void {
    this.#linear.initialise(seed)
  }

  plan(capacity: Capacity, training: boolean): void {
    this.#linear.plan(capacity, training)
    this.#function.plan(capacity)
  }

  forward(batch: PackedBatch): void {
    this.#linear.forward(batch)
    this.#function.forward(batch)
  }

  backward(batch: PackedBatch): void {
    this.#function.backward(batch)
    this.#linear.backward(batch)
  }
}
