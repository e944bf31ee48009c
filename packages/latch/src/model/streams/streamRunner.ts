/**
 * Where all streams of a network compute: one program with buffers in the arena, made for the most rows
 * met so far. A stream's state lies with the stream; the stream that pushed last also has it in the buffers,
 * so that pushing again copies nothing and streams come and go without a close().
 */
import type { FloatArray } from '../../engine/arena.ts'
import { UnsupportedError, UsageError } from '../../core/errors.ts'
import type { Layer } from '../../layers/layer.ts'
import type { StateSlot } from '../../layers/streamRows.ts'
import { StreamProgram, type StreamSource } from './streamProgram.ts'

/** The state of `rows` streams that push together, a list of rows for each name of the program's `slots`. */
export interface StreamValues {
  readonly rows: number
  readonly values: readonly FloatArray[]
}

export class StreamRunner {
  readonly #source: StreamSource
  readonly #freePlan: () => void
  #program: StreamProgram | null = null
  /** Whose state is newer in the buffers than with its owner. */
  #resident: StreamValues | null = null

  /** `freePlan` gives back what lies above the reserved memory; called before more is reserved. */
  constructor(source: StreamSource, freePlan: () => void) {
    this.#source = source
    this.#freePlan = freePlan
  }

  /**
   * A state of zeros for `rows` streams, and buffers for as many.
   * @throws UnsupportedError for a network that cannot answer step by step; MemoryError
   */
  open(rows: number): StreamValues {
    const program = this.#prepare(rows)
    const values = program.states.map(({ view, stride }) =>
      view instanceof Float64Array ? new Float64Array(rows * stride) : new Float32Array(rows * stride),
    )
    return { rows, values }
  }

  /** A row of zeros as wide as the network's output, `rows` times. */
  outputs(rows: number): Float32Array | Float64Array {
    const count = rows * this.program.output.width
    return this.#source.engine.precision === 'float32' ? new Float32Array(count) : new Float64Array(count)
  }

  /** @throws UsageError after `close` */
  get program(): StreamProgram {
    if (this.#program) return this.#program
    throw new UsageError({ where: 'stream', expected: 'an open network', got: 'a disposed one' })
  }

  /** Streams are refused from now on. */
  close(): void {
    this.#program = null
  }

  /** The program with this state in its buffers, rows in their order. */
  activate(state: StreamValues): StreamProgram {
    const program = this.#program
    if (program === null || this.#resident !== state) return this.#load(state)
    program.refreshViews()
    return program
  }

  /** The program with no state in its buffers: rows are loaded and stored one by one. */
  activateNone(): StreamProgram {
    const { program } = this
    program.refreshViews()
    this.#deactivate(program)
    return program
  }

  /** Makes `state` hold the newest numbers, to be read. */
  flush(state: StreamValues): void {
    const { program } = this
    if (this.#resident !== state) return
    program.refreshViews()
    store(program.states, state)
  }

  /** Makes `state` hold the newest numbers, to be written. */
  detach(state: StreamValues): void {
    this.flush(state)
    this.discard(state)
  }

  /** Drops what the buffers have of this state. */
  discard(state: StreamValues): void {
    if (this.program && this.#resident === state) this.#resident = null
  }

  #load(state: StreamValues): StreamProgram {
    const program = this.activateNone()
    load(program.states, state)
    this.#resident = state
    return program
  }

  #deactivate(program: StreamProgram): void {
    if (this.#resident !== null) store(program.states, this.#resident)
    this.#resident = null
  }

  #prepare(rows: number): StreamProgram {
    const have = this.#program
    if (have !== null && have.capacity >= rows) return have
    if (have === null) assertStepwise(this.#source.layers)
    else this.activateNone()
    this.#freePlan()
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
export function loadRow(
  slots: readonly StateSlot[],
  to: number,
  { values }: StreamValues,
  from: number,
): void {
  for (let k = 0; k < slots.length; k++) {
    const { view, width, stride } = slots[k]
    const own = values[k]
    // A loop: `set` would need a view of the row.
    for (let j = 0; j < width; j++) view[to * stride + j] = own[from * stride + j]
  }
}

/** Row `from` of the buffers into row `to` of a state. */
export function storeRow(
  slots: readonly StateSlot[],
  { values }: StreamValues,
  to: number,
  from: number,
): void {
  for (let k = 0; k < slots.length; k++) values[k].set(slots[k].row(from), to * slots[k].stride)
}

function load(slots: readonly StateSlot[], { values }: StreamValues): void {
  for (let k = 0; k < slots.length; k++) slots[k].view.set(values[k])
}

function store(slots: readonly StateSlot[], state: StreamValues): void {
  for (let row = 0; row < state.rows; row++) storeRow(slots, state, row, row)
}

/** @throws UnsupportedError for layers that need what comes after a step */
function assertStepwise(layers: readonly Layer[]): void {
  for (const { needsWholeSequence } of layers) if (needsWholeSequence) throwUnsupported(needsWholeSequence)
  if (layers[layers.length - 1].output.ids)
    throwUnsupported({ got: 'one-hot input alone', remedy: 'Add a layer.' })
}

function throwUnsupported(facts: { got: string; remedy: string }): never {
  throw new UnsupportedError({
    where: 'network.stream',
    expected: 'layers that read forwards, step by step',
    ...facts,
  })
}
