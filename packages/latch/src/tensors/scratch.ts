/** Scratch memory of the matrix products: for each thread as much as the largest request of a layer. */
import type { Engine } from '../engine/engine.ts'
import type { Pointer } from '../engine/kernels.ts'

export class Scratch {
  readonly #engine: Engine
  #floats = 0
  #base: Pointer = 0

  constructor(engine: Engine) {
    this.#engine = engine
  }

  /** Requests a number of floats; before `plan`. */
  need(floats: number): void {
    this.#floats = Math.max(this.#floats, floats)
  }

  plan(): void {
    const { memory, threads } = this.#engine
    this.#base = memory.floats(this.#floats * threads, 'scratch')
  }

  /** The scratch of task `index`. */
  of(index: number): Pointer {
    return this.#base + index * this.#floats * this.#engine.memory.floatBytes
  }
}
