/**
 * Weight dropout (DropConnect on W_hh: Wan et al. 2013, Merity et al. 2018): in training, elements of the recurrent
 * weights are zero at a rate for a whole pass, and the others are scaled up. The loop multiplies with the dropped copy;
 * its gradient goes through the same mask to the weights themselves.
 */
import { mixKey } from '../../core/random.ts'
import type { Pointer } from '../../engine/kernels.ts'
import type { Context, Pass } from '../layer.ts'
import type { TimeLoop } from '../recurrent/timeLoop.ts'

export class WeightDropout {
  readonly #context: Context
  readonly #rate: number
  readonly #loop: TimeLoop
  /** Dropped weights and their gradients, laid out as the weights. */
  #weights: Pointer = 0
  #gradients: Pointer = 0
  readonly #usual: TimeLoop['weightsAt']

  constructor(context: Context, rate: number, loop: TimeLoop) {
    this.#context = context
    this.#rate = rate
    this.#loop = loop
    this.#usual = loop.weightsAt
  }

  plan(training: boolean): void {
    const { memory } = this.#context.engine
    const count = this.#count
    this.#weights = training ? memory.floats(count, 'dropped weights') : 0
    this.#gradients = training ? memory.floats(count, 'dropped weights') : 0
  }

  /** Before a forward pass. */
  begin(pass: Pass): void {
    this.#loop.weightsAt = this.#usual
    if (!pass.training || !this.#weights) return
    const { kernels, store, engine } = this.#context
    const { weightHidden } = this.#loop.parameters
    const parts = weightHidden.parts!
    const { floatBytes } = engine.memory
    kernels.dropout(this.#weights, store.at(weightHidden), this.#count, 0, this.#rate, this.#key(pass))
    kernels.zero(this.#gradients, this.#count)
    this.#loop.weightsAt = (stage, region) =>
      (region === 'gradients' ? this.#gradients : this.#weights) +
      (parts[stage].offset - parts[0].offset) * floatBytes
  }

  /** After the backward pass of the loop. */
  end(pass: Pass): void {
    if (this.#loop.weightsAt === this.#usual) return
    const { kernels, store } = this.#context
    const { weightHidden } = this.#loop.parameters
    const own = this.#gradients
    kernels.dropout(own, own, this.#count, 0, this.#rate, this.#key(pass))
    kernels.add(store.at(weightHidden, 0, 'gradients'), own, this.#count)
    kernels.zero(own, this.#count)
  }

  #key(pass: Pass): number {
    return mixKey(pass.key, this.#loop.parameters.weightHidden.name) | 0
  }

  /** Floats of the packed weights of all stages. */
  get #count(): number {
    const parts = this.#loop.parameters.weightHidden.parts!
    const { panel } = this.#context.engine
    const { offset, rows } = parts[parts.length - 1]
    return offset - parts[0].offset + Math.ceil(rows / panel) * panel * this.#loop.units
  }
}
