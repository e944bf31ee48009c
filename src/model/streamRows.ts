/** Rows of floats in the arena, for as long as the network lives, with a view of them. */
import type { FloatArray, Memory } from '../engine/memory.ts'

/** (capacity, width; stride). The view is stale once the arena has grown, until `renew`. */
export class Rows {
  readonly at: number
  readonly width: number
  readonly stride: number
  view: FloatArray
  readonly #memory: Memory
  readonly #count: number

  /** @throws MemoryError */
  constructor(memory: Memory, capacity: number, width: number, stride: number) {
    this.width = width
    this.stride = stride
    this.#memory = memory
    this.#count = capacity * stride
    this.at = memory.floats(this.#count, `${capacity} streams`)
    this.view = memory.viewFloats(this.at, this.#count)
  }

  renew(): void {
    this.view = this.#memory.viewFloats(this.at, this.#count)
  }
}
