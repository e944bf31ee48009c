/**
 * Where all streams of a network compute: one program with buffers in the arena, made for the most rows
 * met so far. A stream's state lies with the stream; the stream that pushed last also has it in the buffers,
 * so that pushing again copies nothing and streams come and go without a close().
 */
import type { FloatArray } from '../engine/arena.ts'
import { UnsupportedError } from '../core/errors.ts'
import type { RecurrentOptions } from '../layers/recurrent/recurrent.ts'
import type { LayerOptions } from './config.ts'
import { StreamProgram, type StreamSource } from './streamProgram.ts'
import type { Carried } from '../layers/streamRows.ts'

/** The state of `rows` streams that push together, a list of rows for each name of the program's `carried`. */
export interface Held {
  readonly rows: number
  readonly values: readonly FloatArray[]
}

export class StreamRoom {
  readonly #source: StreamSource
  readonly #makeRoom: () => void
  #program: StreamProgram | null = null
  /** Whose state is newer in the buffers than with its owner. */
  #resident: Held | null = null

  /** `makeRoom` gives back what lies above the reserved memory; called before more is reserved. */
  constructor(source: StreamSource, makeRoom: () => void) {
    this.#source = source
    this.#makeRoom = makeRoom
  }

  /**
   * A state of zeros for `rows` streams, and buffers for as many.
   * @throws UnsupportedError for a network that cannot answer step by step; MemoryError
   */
  open(rows: number): Held {
    const program = this.#prepare(rows)
    const values = program.carried.map(({ view, stride }) =>
      view instanceof Float64Array ? new Float64Array(rows * stride) : new Float32Array(rows * stride),
    )
    return { rows, values }
  }

  /** A row of zeros as wide as the network's output, `rows` times. */
  outputs(rows: number): Float32Array | Float64Array {
    const count = rows * this.program.output.width
    return this.#source.engine.precision === 'float32' ? new Float32Array(count) : new Float64Array(count)
  }

  get program(): StreamProgram {
    return this.#program!
  }

  /** The program with this state in its buffers, rows in their order. */
  enter(held: Held): StreamProgram {
    const program = this.#program!
    program.look()
    if (this.#resident !== held) {
      this.#leave(program)
      bring(program.carried, held)
      this.#resident = held
    }
    return program
  }

  /** The program with no state in its buffers: rows are brought and taken one by one. */
  enterEmpty(): StreamProgram {
    const program = this.#program!
    program.look()
    this.#leave(program)
    return program
  }

  /** Makes what `held` holds the newest state, to be read. */
  settle(held: Held): void {
    if (this.#resident !== held) return
    this.#program!.look()
    take(this.#program!.carried, held)
  }

  /** Makes what `held` holds the newest state, to be written. */
  release(held: Held): void {
    this.settle(held)
    this.forget(held)
  }

  /** Drops what the buffers have of this state. */
  forget(held: Held): void {
    if (this.#resident === held) this.#resident = null
  }

  #leave(program: StreamProgram): void {
    if (this.#resident !== null) take(program.carried, this.#resident)
    this.#resident = null
  }

  #prepare(rows: number): StreamProgram {
    const have = this.#program
    if (have !== null && have.capacity >= rows) return have
    if (have === null) refuseUnsteady(this.#source.config.layers)
    else this.enterEmpty()
    this.#makeRoom()
    const { memory } = this.#source.engine
    const mark = memory.mark()
    try {
      // Buffers stay reserved, so they grow by doubling: all of them together are less than twice the last.
      this.#program = new StreamProgram(this.#source, Math.max(rows, 2 * (have?.capacity ?? 0)))
    } catch (error) {
      memory.release(mark)
      throw error
    }
    return this.#program
  }
}

/** Row `from` of a state into row `to` of the buffers. */
export function bringRow(carried: readonly Carried[], to: number, { values }: Held, from: number): void {
  for (let k = 0; k < carried.length; k++) {
    const { view, width, stride } = carried[k]
    const own = values[k]
    // A loop: `set` would need a view of the row.
    for (let j = 0; j < width; j++) view[to * stride + j] = own[from * stride + j]
  }
}

/** Row `from` of the buffers into row `to` of a state. */
export function takeRow(carried: readonly Carried[], { values }: Held, to: number, from: number): void {
  for (let k = 0; k < carried.length; k++) values[k].set(carried[k].row(from), to * carried[k].stride)
}

function bring(carried: readonly Carried[], { values }: Held): void {
  for (let k = 0; k < carried.length; k++) carried[k].view.set(values[k])
}

function take(carried: readonly Carried[], held: Held): void {
  for (let row = 0; row < held.rows; row++) takeRow(carried, held, row, row)
}

/** @throws UnsupportedError for layers that need what comes after a step */
function refuseUnsteady(layers: readonly LayerOptions[]): void {
  for (const layer of layers) {
    const { direction = 'forward' } = layer as RecurrentOptions
    if (direction !== 'forward') {
      const how = direction === 'reverse' ? 'from the end' : 'both ways'
      refuse(
        `a recurrent layer that reads ${how}`,
        "Train it with direction 'forward': the way back begins at the end.",
      )
    }
    if (layer.type === 'flatten') {
      refuse('a flatten layer, which needs all steps at once', 'Use a recurrent layer or a pool layer there.')
    }
  }
  if (layers.length === 1 && layers[0].type === 'oneHot') refuse('one-hot input alone', 'Add a layer.')
}

function refuse(got: string, remedy: string): never {
  throw new UnsupportedError({
    where: 'network.stream',
    expected: 'layers that read forwards, step by step',
    got,
    remedy,
  })
}
