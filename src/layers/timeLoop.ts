/**
 * The only time loop: one direction of one recurrent level, forward and backward through time, for
 * every cell. One product x·Wx for all steps, then per step h·Wh and the cell's pointwise stage, onto
 * the tape; backwards the same stages mirrored, then all weight gradients as one product each.
 */
import type { Cell, Stage, Step } from '../cells/cell.ts'
import { strideOf } from '../engine/engine.ts'
import { transposedScratch, type Pointer } from '../engine/kernels.ts'
import type { Activation, Capacity, Context, Pass } from './layer.ts'
import type { PackedBatch } from './packed.ts'
import type { Parameter } from './parameters.ts'

/** Everything one direction remembers of a forward pass: what BPTT needs is what inspection reads. */
export interface Tape {
  /** Activated gates (R, G·H; gateStride). */
  gates: Pointer
  /** h: B initial rows, then (R, H; stride). */
  hidden: Pointer
  /** c, likewise; 0 where the cell has none. */
  cell: Pointer
  /** The cell's own (R, H; stride); 0 where it saves nothing. */
  saved: Pointer
  /** ∂L/∂h_t and ∂L/∂c_t (R, H; stride) after a recording backward pass. */
  dHidden: Pointer
  dCell: Pointer
}

export interface DirectionParameters {
  weightInput: Parameter // (G·H, F)
  weightHidden: Parameter // (G·H, H)
  biasInput: Parameter | null // (G·H)
  biasHidden: Parameter | null // (G·H)
}

export class TimeLoop {
  readonly cell: Cell
  readonly units: number
  readonly stride: number
  readonly gateStride: number
  readonly parameters: DirectionParameters
  readonly tape: Tape = { gates: 0, hidden: 0, cell: 0, saved: 0, dHidden: 0, dCell: 0 }
  /** Carries of BPTT (B, H; stride): before backward ∂L/∂(final state), after it ∂L/∂(initial state). */
  dHidden: Pointer = 0
  dCell: Pointer = 0

  readonly #context: Context
  readonly #input: Activation
  readonly #step: Step
  #recurrent: Pointer = 0
  #dGates: Pointer = 0
  #dRecurrent: Pointer = 0
  #dOperand: Pointer = 0
  #transposed: Pointer = 0
  #inputTransposed: Pointer = 0

  constructor(
    context: Context,
    cell: Cell,
    units: number,
    input: Activation,
    parameters: DirectionParameters,
  ) {
    const gates = cell.gateNames.length
    this.cell = cell
    this.units = units
    this.parameters = parameters
    this.#context = context
    this.#input = input
    this.stride = strideOf(context.engine, units)
    // The last block's panels may reach past the last gate.
    const last = cell.stages[cell.stages.length - 1]
    this.gateStride = Math.max(
      strideOf(context.engine, gates * units),
      strideOf(context.engine, last.firstGate * units + strideOf(context.engine, last.gateCount * units)),
    )
    this.#step = emptyStep(units, this.gateStride, this.stride)
    const { panel } = context.engine
    context.needScratch(transposedScratch(gates * units, Math.max(units, input.ids ? 1 : input.width), panel))
  }

  plan({ sequences: B, rows: R }: Capacity, training: boolean): void {
    const { memory, panel } = this.#context.engine
    const { cell, stride, gateStride, units, tape } = this
    const what = `${cell.name} of ${units} units over ${R} steps`
    const states = () => memory.floats((B + R) * stride, what)
    const perRow = () => memory.floats(R * stride, what)
    tape.gates = memory.floats(R * gateStride, what)
    tape.hidden = states()
    tape.cell = cell.stateNames.includes('cell') ? states() : 0
    tape.saved = cell.savedName ? perRow() : 0
    this.#recurrent = cell.separateRecurrent ? memory.floats(B * gateStride, what) : 0
    tape.dHidden = tape.dCell = 0
    this.dHidden = this.dCell = 0
    if (!training) return
    this.#dGates = memory.floats(R * gateStride, what)
    this.#dRecurrent = cell.separateRecurrent ? memory.floats(R * gateStride, what) : 0
    this.dHidden = memory.floats(B * stride, what)
    this.dCell = memory.floats(B * stride, what)
    this.#dOperand = memory.floats(B * stride, what)
    const gates = cell.gateNames.length
    this.#transposed = memory.floats(stride * (gates * units + gates * panel), what)
    const inputStride = strideOf(this.#context.engine, this.#input.width)
    this.#inputTransposed = this.#input.ids ? 0 : memory.floats(inputStride * gates * units, what)
  }

  /** Reserves the record of state gradients; called before the first recording pass of a plan. */
  planRecord({ rows: R }: Capacity): void {
    const { memory } = this.#context.engine
    this.tape.dHidden = memory.floats(R * this.stride, 'recorded gradients')
    this.tape.dCell = this.tape.cell ? memory.floats(R * this.stride, 'recorded gradients') : 0
  }

  /** Initial states are zero unless written after this and before `forward`. */
  clearInitialStates(batch: PackedBatch): void {
    const { kernels } = this.#context
    kernels.zero(this.tape.hidden, batch.sequences * this.stride)
    if (this.tape.cell) kernels.zero(this.tape.cell, batch.sequences * this.stride)
  }

  /** Final-state gradients are zero unless written after this and before `backward`. */
  clearFinalGradients(batch: PackedBatch): void {
    const { kernels } = this.#context
    kernels.zero(this.dHidden, batch.sequences * this.stride)
    kernels.zero(this.dCell, batch.sequences * this.stride)
  }

  /** x: this direction's input rows (R, F; ldx), or ids (R) on a one-hot edge. */
  forward(batch: PackedBatch, x: Pointer): void {
    this.#projectInput(batch, x)
    const { kernels, store } = this.#context
    const { cell, units, gateStride, stride, parameters } = this
    const step = this.#step
    for (let t = 0; t < batch.steps; t++) {
      this.#pointAt(batch, t)
      for (let s = 0; s < cell.stages.length; s++) {
        const stage = cell.stages[s]
        const target = this.#operandTarget(stage, step)
        const operand = stage.operand === 'hidden' ? step.previousHidden : step.saved
        if (stage.into === 'recurrent') {
          const bias = parameters.biasHidden ? store.at(parameters.biasHidden) : 0
          kernels.fillRows(target, bias, 0, step.rows, stage.gateCount * units, gateStride)
        }
        const weights = store.at(parameters.weightHidden, s)
        kernels.matmul(
          target,
          operand,
          weights,
          step.rows,
          stage.gateCount * units,
          units,
          stride,
          gateStride,
          1,
        )
        stage.forward(kernels, step)
      }
    }
  }

  /** dOutput: gradient of this direction's outputs by row (R, H; ldd), or 0. */
  backward(
    batch: PackedBatch,
    x: Pointer,
    dx: Pointer,
    dOutput: Pointer,
    outputStride: number,
    pass: Pass,
  ): void {
    const { kernels, store, engine } = this.#context
    const { cell, units, gateStride, stride, parameters } = this
    const size = engine.memory.floatBytes
    const step = this.#step
    step.outputStride = outputStride
    this.#transposeHidden()
    for (let t = batch.steps - 1; t >= 0; t--) {
      this.#pointAt(batch, t)
      this.#pointBack(batch, t, dOutput, pass)
      let transposed = this.#transposed
      for (let s = cell.stages.length - 1; s >= 0; s--) {
        const stage = cell.stages[s]
        stage.backward(kernels, step)
        const dz = (stage.into === 'gates' ? step.dGates : step.dRecurrent) + stage.firstGate * units * size
        const target = stage.operand === 'hidden' ? step.dHidden : step.dOperand
        const keep = stage.keepsDirectPath ? 1 : 0
        const columns = stage.gateCount * units
        kernels.matmul(target, dz, transposed, step.rows, units, columns, gateStride, stride, keep)
        transposed += this.#transposedFloats(stage) * size
      }
    }
    this.#hiddenGradients(batch)
    this.#inputGradients(batch, x, dx)
    if (parameters.biasInput) {
      const db = store.at(parameters.biasInput, 0, 'gradients')
      kernels.sumRows(db, this.#dGates, batch.rows, cell.gateNames.length * units, gateStride)
    }
  }

  #projectInput(batch: PackedBatch, x: Pointer): void {
    const { kernels, store } = this.#context
    const { cell, units, gateStride, parameters, tape } = this
    const N = cell.gateNames.length * units
    const biasInput = parameters.biasInput ? store.at(parameters.biasInput) : 0
    const biasHidden = parameters.biasHidden && !cell.separateRecurrent ? store.at(parameters.biasHidden) : 0
    kernels.fillRows(tape.gates, biasInput, biasHidden, batch.rows, N, gateStride)
    const weights = store.at(parameters.weightInput)
    const { width, stride, ids } = this.#input
    if (ids) kernels.gatherPanels(tape.gates, weights, x, batch.rows, N, width, gateStride)
    else kernels.matmul(tape.gates, x, weights, batch.rows, N, width, stride, gateStride, 1)
  }

  #operandTarget(stage: Stage, step: Step): Pointer {
    const first = stage.firstGate * this.units * this.#context.engine.memory.floatBytes
    return (stage.into === 'gates' ? step.gates : step.recurrent) + first
  }

  #pointAt(batch: PackedBatch, t: number): void {
    const { tape, stride, gateStride } = this
    const size = this.#context.engine.memory.floatBytes
    const row = batch.offsets[t]
    const state = (batch.sequences + row) * stride * size
    const previous = t === 0 ? 0 : (batch.sequences + batch.offsets[t - 1]) * stride * size
    const step = this.#step
    step.rows = batch.counts[t]
    step.gates = tape.gates + row * gateStride * size
    step.recurrent = this.#recurrent
    step.hidden = tape.hidden + state
    step.previousHidden = tape.hidden + previous
    step.cell = tape.cell ? tape.cell + state : 0
    step.previousCell = tape.cell ? tape.cell + previous : 0
    step.saved = tape.saved ? tape.saved + row * stride * size : 0
  }

  #pointBack(batch: PackedBatch, t: number, dOutput: Pointer, pass: Pass): void {
    const { tape, stride, gateStride } = this
    const size = this.#context.engine.memory.floatBytes
    const row = batch.offsets[t]
    const step = this.#step
    step.dGates = this.#dGates + row * gateStride * size
    step.dRecurrent = this.#dRecurrent ? this.#dRecurrent + row * gateStride * size : 0
    step.dHidden = this.dHidden
    step.dCell = this.dCell
    step.dOperand = this.#dOperand
    step.dOutput = dOutput ? dOutput + row * step.outputStride * size : 0
    step.dHiddenTotal = pass.record ? tape.dHidden + row * stride * size : 0
    step.dCellTotal = pass.record && tape.dCell ? tape.dCell + row * stride * size : 0
  }

  #transposedFloats(stage: Stage): number {
    return this.stride * stage.gateCount * this.units
  }

  /** Whᵀ of every stage, last stage first, as the backward loop meets them. */
  #transposeHidden(): void {
    const { kernels, store, engine } = this.#context
    let target = this.#transposed
    for (let s = this.cell.stages.length - 1; s >= 0; s--) {
      const stage = this.cell.stages[s]
      const weights = store.at(this.parameters.weightHidden, s)
      kernels.packTransposed(target, weights, this.units, stage.gateCount * this.units)
      target += this.#transposedFloats(stage) * engine.memory.floatBytes
    }
  }

  /** dWh = operandᵀ·dz over all rows at once (K = R), and the hidden bias. */
  #hiddenGradients(batch: PackedBatch): void {
    const { kernels, store, engine, index, scratch } = this.#context
    const { cell, units, gateStride, stride, parameters, tape } = this
    cell.stages.forEach((stage, s) => {
      const dw = store.at(parameters.weightHidden, s, 'gradients')
      const first = stage.firstGate * units * engine.memory.floatBytes
      const dz = (stage.into === 'gates' ? this.#dGates : this.#dRecurrent) + first
      const operand = stage.operand === 'hidden' ? tape.hidden : tape.saved
      const operandRows = stage.operand === 'hidden' && !batch.equal ? index.previousRow : 0
      const columns = stage.gateCount * units
      kernels.matmulTransposed(
        dw,
        operand,
        operandRows,
        dz,
        scratch,
        batch.rows,
        columns,
        units,
        stride,
        gateStride,
      )
    })
    if (!parameters.biasHidden) return
    const db = store.at(parameters.biasHidden, 0, 'gradients')
    const dz = cell.separateRecurrent ? this.#dRecurrent : this.#dGates
    kernels.sumRows(db, dz, batch.rows, cell.gateNames.length * units, gateStride)
  }

  #inputGradients(batch: PackedBatch, x: Pointer, dx: Pointer): void {
    const { kernels, store, scratch } = this.#context
    const { cell, units, gateStride, parameters } = this
    const { width, stride, ids } = this.#input
    const N = cell.gateNames.length * units
    const dw = store.at(parameters.weightInput, 0, 'gradients')
    if (ids) {
      kernels.scatterAddPanels(dw, this.#dGates, x, batch.rows, N, width, gateStride)
      return
    }
    kernels.matmulTransposed(dw, x, 0, this.#dGates, scratch, batch.rows, N, width, stride, gateStride)
    if (!dx) return
    kernels.packTransposed(this.#inputTransposed, store.at(parameters.weightInput), width, N)
    kernels.matmul(dx, this.#dGates, this.#inputTransposed, batch.rows, width, N, gateStride, stride, 0)
  }
}

function emptyStep(units: number, gateStride: number, stride: number): Step {
  return {
    rows: 0, units, gateStride, stride, outputStride: 0,
    gates: 0, recurrent: 0, hidden: 0, previousHidden: 0, cell: 0, previousCell: 0, saved: 0,
    dGates: 0, dRecurrent: 0, dHidden: 0, dCell: 0, dOutput: 0, dOperand: 0, dHiddenTotal: 0, dCellTotal: 0,
  } // prettier-ignore
}
