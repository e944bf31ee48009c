/** Scratch of the matrix products: for each thread as much as any layer asked for. */
import type { Engine } from '../engine/engine.ts'
import type { Pointer } from '../engine/kernels.ts'

export class Scratch {
  readonly #engine: Engine
  #floats = 0
  #base: Pointer = 0

  constructor(engine: Engine) {
    this.#engine = engine
  }

  /** Asks for so many floats; before `plan`. */
  need(floats: number): void {
    this.#floats = Math.max(this.#floats, floats)
  }

  plan(): void {
    const { memory, threads } = this.#engine
    this.#base = memory.floats(this.#floats * threads, 'scratch')
  }

  /** That of part `part` of shared work. */
  of(part: number): Pointer {
    return this.#base + part * this.#floats * this.#engine.memory.floatBytes
  }
}
