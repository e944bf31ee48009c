/** Rows of a stream: buffers in the arena that live as long as the network, and states outside it. */
import type { FloatArray, Arena } from '../engine/arena.ts'

/** A state of a stream, which goes from step to step: rows of `width` numbers, `stride` apart. */
export interface StateSlot {
  readonly name: string
  readonly width: number
  readonly stride: number
  readonly view: FloatArray
  /** The numbers of row `i`. */
  row(i: number): FloatArray
}

/** (capacity, width; stride) in the arena. Views are stale once the arena has grown, until `refresh`. */
export class Rows implements StateSlot {
  readonly at: number
  readonly width: number
  readonly stride: number
  /** Under which a state is saved; empty for what does not go from step to step. */
  name = ''
  view: FloatArray
  readonly #memory: Arena
  readonly #count: number
  /** Made when first asked for: `set` from such a view is far faster than a loop, and needs no new view for each push. */
  #rows: FloatArray[] = []

  /** @throws MemoryError */
  constructor(memory: Arena, capacity: number, width: number, stride: number) {
    this.width = width
    this.stride = stride
    this.#memory = memory
    this.#count = capacity * stride
    this.at = memory.floats(this.#count, `${capacity} streams`)
    this.view = memory.viewFloats(this.at, this.#count)
  }

  row(i: number): FloatArray {
    return (this.#rows[i] ??= rowOf(this, i))
  }

  /** Views the arena again, after it may have grown. */
  refresh(): void {
    this.view = this.#memory.viewFloats(this.at, this.#count)
    this.#rows = []
  }
}

/** A state outside the arena, in float64. (capacity, width) */
export class StateRows implements StateSlot {
  readonly name: string
  readonly width: number
  readonly stride: number
  readonly view: FloatArray
  readonly #rows: FloatArray[] = []

  constructor(name: string, capacity: number, width: number) {
    this.name = name
    this.width = this.stride = width
    this.view = new Float64Array(capacity * width)
  }

  row(i: number): FloatArray {
    return (this.#rows[i] ??= rowOf(this, i))
  }
}

function rowOf({ view, stride, width }: StateSlot, i: number): FloatArray {
  return view.subarray(i * stride, i * stride + width) as FloatArray
}
