/**
 * What one direction remembers of a pass: BPTT needs it, inspection reads it. Hidden states are kept for
 * all rows; gates, cell states and what a cell saves for one window of steps (all steps in training,
 * unless gradient checkpointing is on), with the cell states between windows, so that a window can be run again.
 */
import type { Cell, Step } from '../../cells/cell.ts'
import type { Engine } from '../../engine/engine.ts'
import type { Pointer } from '../../engine/kernels.ts'
import type { Capacity, PackedBatch } from '../../tensors/packedBatch.ts'
import { windowCount, windowRows, type Keep } from './windows.ts'

export class Tape {
  /** Activated gates (window rows, G·H; gateStride). */
  gates: Pointer = 0
  /** h: B initial rows, then (R, H; stride). */
  hidden: Pointer = 0
  /** c: B rows before the window, then (window rows, H; stride); 0 where the cell has none. */
  cell: Pointer = 0
  /** The cell's own (window rows, H; stride); 0 where it saves nothing. */
  saved: Pointer = 0
  /** c after each sequence's last step (B, H; stride). */
  finalCell: Pointer = 0
  /** ∂L/∂h_t and ∂L/∂c_t (R, H; stride) after a recording backward pass. */
  dHidden: Pointer = 0
  dCell: Pointer = 0
  /** Gradients of pre-activations (window rows, G·H; gateStride). */
  dGates: Pointer = 0
  dRecurrent: Pointer = 0
  /** Slopes of gates (window rows, G·H; gateStride), where the cell keeps them; else 0. */
  slopes: Pointer = 0
  /** First row of the window at hand. */
  firstRow = 0

  readonly #engine: Engine
  readonly #cell: Cell
  readonly #stride: number
  readonly #gateStride: number
  #recurrent: Pointer = 0
  #boundaries: Pointer = 0

  constructor(engine: Engine, cell: Cell, stride: number, gateStride: number) {
    this.#engine = engine
    this.#cell = cell
    this.#stride = stride
    this.#gateStride = gateStride
  }

  plan(capacity: Capacity, { gradients, steps }: Keep, what: string): void {
    const { memory } = this.#engine
    const { sequences: B, rows: R } = capacity
    const rows = windowRows(capacity, steps)
    const gatesOf = (count: number) => memory.floats(count * this.#gateStride, what)
    const statesOf = (count: number) => memory.floats(count * this.#stride, what)
    const { separateRecurrent, savedName, stateNames, generic } = this.#cell
    this.gates = gatesOf(rows)
    this.hidden = statesOf(B + R)
    const hasCell = stateNames.includes('cell')
    this.cell = hasCell ? statesOf(B + rows) : 0
    this.finalCell = hasCell ? statesOf(B) : 0
    this.saved = savedName ? statesOf(rows) : 0
    this.#recurrent = separateRecurrent ? gatesOf(B) : 0
    this.dHidden = this.dCell = this.dGates = this.dRecurrent = this.slopes = this.#boundaries = 0
    if (!gradients) return
    this.dGates = gatesOf(rows)
    if (generic) this.slopes = gatesOf(rows)
    this.dRecurrent = separateRecurrent ? gatesOf(rows) : 0
    if (hasCell && steps !== Infinity) this.#boundaries = statesOf(B * windowCount(capacity, steps))
    if (!capacity.recorded) return
    const record = () => memory.floats(R * this.#stride, 'recorded gradients')
    this.dHidden = record()
    if (hasCell) this.dCell = record()
  }

  /** Goes on to the next window on the way forward: its first cell states are the last ones of the window before. */
  enter(batch: PackedBatch, window: number, firstStep: number): void {
    const { kernels } = this.#engine
    const stride = this.#stride
    const rows = batch.batchSizes[firstStep]
    if (this.cell && firstStep > 0) {
      const last = this.#cellRow(batch, firstStep - 1)
      kernels.gatherRows(this.cell, last, 0, rows, stride, stride, stride)
    }
    this.firstRow = batch.offsets[firstStep]
    if (this.#boundaries)
      kernels.gatherRows(this.#boundary(batch, window), this.cell, 0, rows, stride, stride, stride)
  }

  /** Goes back to a window: its first cell states are put in place, the rest has to be run again. */
  reenter(batch: PackedBatch, window: number, firstStep: number): void {
    const stride = this.#stride
    this.firstRow = batch.offsets[firstStep]
    if (!this.#boundaries) return
    const rows = batch.batchSizes[firstStep]
    this.#engine.kernels.gatherRows(this.cell, this.#boundary(batch, window), 0, rows, stride, stride, stride)
  }

  #boundary(batch: PackedBatch, window: number): Pointer {
    return this.#boundaries + window * batch.sequences * this.#stride * this.#engine.memory.floatBytes
  }

  /** Cell states after a step of this window. */
  #cellRow(batch: PackedBatch, t: number): Pointer {
    const row = batch.sequences + batch.offsets[t] - this.firstRow
    return this.cell + row * this.#stride * this.#engine.memory.floatBytes
  }

  /** Points a step's forward fields at time t, sequences from `first` on. */
  pointAt(step: Step, batch: PackedBatch, t: number, first: number): void {
    const size = this.#engine.memory.floatBytes
    const state = this.#stride * size
    const gate = this.#gateStride * size
    const B = batch.sequences
    const row = batch.offsets[t] + first
    const inside = row - this.firstRow
    const before = t === 0 ? first : B + batch.offsets[t - 1] + first
    step.gates = this.gates + inside * gate
    step.slopes = this.slopes && this.slopes + inside * gate
    step.recurrent = this.#recurrent + first * gate
    step.hidden = this.hidden + (B + row) * state
    step.previousHidden = this.hidden + before * state
    step.saved = this.saved ? this.saved + inside * state : 0
    if (!this.cell) return
    const opens = batch.offsets[t] === this.firstRow
    const beforeInside = opens ? first : before - this.firstRow
    step.cell = this.cell + (B + inside) * state
    step.previousCell = this.cell + beforeInside * state
  }

  /** Points the backward fields likewise. `records`: whether ∂L/∂h_t and ∂L/∂c_t are kept. */
  pointBack(step: Step, batch: PackedBatch, t: number, first: number, records: boolean): void {
    const size = this.#engine.memory.floatBytes
    const row = batch.offsets[t] + first
    const inside = (row - this.firstRow) * this.#gateStride * size
    step.dGates = this.dGates + inside
    step.dRecurrent = this.dRecurrent ? this.dRecurrent + inside : 0
    step.dHiddenTotal = records ? this.dHidden + row * this.#stride * size : 0
    step.dCellTotal = records && this.dCell ? this.dCell + row * this.#stride * size : 0
  }
}
