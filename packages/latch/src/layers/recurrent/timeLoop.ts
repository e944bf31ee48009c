/**
 * The only time loop: one direction of one recurrent layer, forward and backward through time, for
 * every cell. Block by block: one product x·Wx for its steps, then per step h·Wh and the cell's pointwise
 * stage, onto the tape; backwards the same stages mirrored, then the block's share of all weight gradients.
 */
import type { Cell, Step } from '../../cells/cell.ts'
import { strideOf } from '../../engine/engine.ts'
import { transposedScratch, type Kernels, type Pointer } from '../../engine/kernels.ts'
import { taskCount } from '../../engine/threads/executor.ts'
import type { Edge, Capacity, Context, Pass } from '../layer.ts'
import { Gradients } from './loopGradients.ts'
import {
  emptyStep,
  type DirectionParameters,
  type LoopEdges,
  type LoopHooks,
  type LoopShape,
  type LoopWork,
} from './loopShape.ts'
import type { PackedBatch } from '../../tensors/packedBatch.ts'
import { sequenceEdges, partition } from '../../tensors/partition.ts'
import { Tape } from './tape.ts'
import { partitionOf, type Keep } from './windows.ts'

/** Units from which on a sequence by itself is worth sharing: its products go by panels. */
const SHARED_UNITS = 256

/** A part of `parts` of a block of `rows` rows. */
type RunPart = (work: LoopWork, sync: () => void, part: number, parts: number, rows: number) => void

/** Products that are not cut. */
const WHOLE = { part: 0, parts: 1, sync() {} }

export class TimeLoop implements LoopShape {
  readonly cell: Cell
  readonly units: number
  readonly reversed: boolean
  readonly stride: number
  readonly gateStride: number
  readonly parameters: DirectionParameters
  readonly tape: Tape
  /** Carries of BPTT (B, H; stride): before backward ∂L/∂(final state), after it ∂L/∂(initial state). */
  dHidden: Pointer = 0
  dCell: Pointer = 0
  /** What the pass at hand changes around each step, or null. */
  hooks: LoopHooks | null = null
  /** Wh of a stage, or its gradient, in the pass at hand. */
  weightsAt: (stage: number, region?: 'gradients') => Pointer

  readonly #context: Context
  readonly #input: Edge
  readonly #gradients: Gradients
  readonly #step: Step
  #keep: Keep = { gradients: false, steps: 0 }
  #dOperand: Pointer = 0
  #transposed: Pointer = 0

  constructor(
    context: Context,
    cell: Cell,
    units: number,
    input: Edge,
    parameters: DirectionParameters,
    reversed: boolean,
  ) {
    const { engine } = context
    const gates = cell.gateNames.length
    this.cell = cell
    this.units = units
    this.reversed = reversed
    this.parameters = parameters
    this.weightsAt = (stage, region) => context.store.at(parameters.weightHidden, stage, region)
    this.#context = context
    this.#input = input
    this.stride = strideOf(engine, units)
    // The last block's panels may reach past the last gate.
    const last = cell.stages[cell.stages.length - 1]
    this.gateStride = Math.max(
      strideOf(engine, gates * units),
      strideOf(engine, last.firstGate * units + strideOf(engine, last.gateCount * units)),
    )
    this.tape = new Tape(engine, cell, this.stride, this.gateStride)
    this.#gradients = new Gradients(context, this, input)
    this.#step = emptyStep(units, this.gateStride, this.stride)
    const widest = Math.max(units, input.ids ? 1 : input.width)
    context.scratch.need(transposedScratch(gates * units, widest, engine.panel))
  }

  plan(capacity: Capacity, keep: Keep): void {
    const { engine, store } = this.#context
    const { memory, panel } = engine
    const { cell, stride, units } = this
    const { extra: own } = this.parameters
    const what = `${cell.name} of ${units} units over ${capacity.rows} steps`
    this.#keep = keep
    this.tape.plan(capacity, keep, what)
    this.dHidden = this.dCell = 0
    if (own) this.#step.extra = store.at(own)
    if (!keep.gradients) return
    if (own) this.#step.dExtra = store.at(own, 0, 'gradients')
    this.dHidden = memory.floats(capacity.sequences * stride, what)
    this.dCell = memory.floats(capacity.sequences * stride, what)
    this.#dOperand = memory.floats(capacity.sequences * stride, what)
    const gates = cell.gateNames.length
    this.#transposed = memory.floats(stride * (gates * units + gates * panel), what)
    this.#gradients.plan(what)
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

  forward(batch: PackedBatch, x: Pointer): void {
    const { blocks, windows } = partitionOf(batch, this.#keep.steps)
    for (let w = 0; w + 1 < windows.length; w++) {
      this.tape.enter(batch, w, blocks[windows[w]])
      for (let b = windows[w]; b < windows[w + 1]; b++) this.#blockForward(batch, x, blocks[b], blocks[b + 1])
    }
  }

  /** Adds to the parameters' gradients and writes the input's. */
  backward(batch: PackedBatch, edges: LoopEdges, pass: Pass): void {
    const { blocks, windows } = partitionOf(batch, this.#keep.steps)
    this.#transposeHidden()
    this.#gradients.begin(edges.dx)
    for (let w = windows.length - 2; w >= 0; w--) {
      if (w < windows.length - 2) {
        this.tape.reenter(batch, w, blocks[windows[w]])
        for (let b = windows[w]; b < windows[w + 1]; b++)
          this.#blockForward(batch, edges.x, blocks[b], blocks[b + 1])
      }
      for (let b = windows[w + 1] - 1; b >= windows[w]; b--)
        this.#blockBackward(batch, edges, blocks[b], blocks[b + 1], pass)
    }
  }

  #blockForward(batch: PackedBatch, x: Pointer, from: number, to: number): void {
    this.#share(batch, from, to, (work, sync, part, parts, rows) => {
      const [first, end] = partition(rows, 1, part, parts)
      if (end > first) this.#projectInput(work.kernels, x, batch.offsets[from] + first, end - first)
      if (parts > 1) sync()
      for (let t = from; t < to && batch.batchSizes[t] > work.low; t++) this.#stepForward(work, t)
    })
  }

  #blockBackward(batch: PackedBatch, edges: LoopEdges, from: number, to: number, pass: Pass): void {
    this.#share(batch, from, to, (work, sync, part, parts, rows) => {
      for (let t = to - 1; t >= from; t--)
        if (batch.batchSizes[t] > work.low) this.#stepBackward(work, edges, t, pass)
      if (parts > 1) sync()
      this.#gradients.ofBlock(work.kernels, batch, edges, batch.offsets[from], rows, part, parts)
    })
  }

  /**
   * Runs a block's work. Large blocks are shared: by sequences where there are enough, by panels of each product
   * where units are many.
   */
  #share(batch: PackedBatch, from: number, to: number, run: RunPart): void {
    const { executor } = this.#context.engine
    const { units, cell, hooks } = this
    const running = batch.batchSizes[from]
    const rows = rowsBetween(batch, from, to)
    const madds = rows * units * cell.gateNames.length * (units + (this.#input.ids ? 1 : this.#input.width))
    const parts = hooks?.solo || cell.generic ? 1 : taskCount(executor, madds, Infinity)
    const byPanels = parts > 1 && running < 2 * parts && units >= SHARED_UNITS && !hooks
    const edges = sequenceEdges(batch, from, to, byPanels ? 1 : parts)
    executor.run(parts, (kernels, part, sync) => {
      const [low, high] = byPanels ? edges : [edges[part], edges[part + 1]]
      const columns = byPanels ? { part, parts, sync } : WHOLE
      // A part without sequences stands beyond the last one.
      const work = { kernels, batch, low: high > low ? low : running, high, ...columns }
      run(work, sync, part, parts, rows)
    })
  }

  /** One step of a part's sequences, or of its columns; the pointwise stage is too small to be cut by columns. */
  #stepForward(work: LoopWork, t: number): void {
    const { kernels, batch, low, high, part, parts, sync } = work
    const { cell, hooks } = this
    const step = this.#step
    this.tape.pointAt(step, batch, t, low)
    step.rows = Math.min(high, batch.batchSizes[t]) - low
    for (let s = 0; s < cell.stages.length; s++) {
      const stage = cell.stages[s]
      const [first, end] = partition(stage.gateCount * this.units, this.#context.engine.panel, part, parts)
      if (end > first) this.#product(kernels, s, step, first, end)
      sync()
      if (part === 0) {
        hooks?.beforeForward(step, work, t, stage)
        stage.forward(kernels, step)
        hooks?.afterForward(step, work, t, stage)
      }
      sync()
    }
    if (part > 0) return
    hooks?.setStates(step, work, t)
    this.#keepFinal(work, t)
  }

  /** Columns first … end − 1 of operand·Wh of a stage, onto what lies in its target. */
  #product(kernels: Kernels, s: number, step: Step, first: number, end: number): void {
    const { store, engine } = this.#context
    const { units, gateStride, stride, parameters, cell } = this
    const stage = cell.stages[s]
    const size = engine.memory.floatBytes
    const operand = stage.operand === 'hidden' ? step.previousHidden : step.saved
    const buffer = stage.into === 'gates' ? step.gates : step.recurrent
    const target = buffer + (stage.firstGate * units + first) * size
    if (stage.into === 'recurrent') {
      const bias = parameters.biasHidden ? store.at(parameters.biasHidden) + first * size : 0
      kernels.fillRows(target, bias, 0, step.rows, end - first, gateStride)
    }
    const weights = this.weightsAt(s) + first * units * size
    kernels.matmul(target, operand, weights, step.rows, end - first, units, stride, gateStride, 1)
  }

  /** Keeps the cell states of sequences that end with step t. */
  #keepFinal({ kernels, batch, low, high }: LoopWork, t: number): void {
    if (!this.tape.cell) return
    const after = t + 1 < batch.steps ? batch.batchSizes[t + 1] : 0
    const [first, end] = [Math.max(low, after), Math.min(high, batch.batchSizes[t])]
    if (end <= first) return
    const state = this.stride * this.#context.engine.memory.floatBytes
    const from = this.#step.cell + (first - low) * state
    kernels.gatherRows(
      this.tape.finalCell + first * state,
      from,
      0,
      end - first,
      this.units,
      this.stride,
      this.stride,
    )
  }

  #stepBackward(work: LoopWork, edges: LoopEdges, t: number, pass: Pass): void {
    const { kernels, batch, low, high, part, parts, sync } = work
    const { cell, hooks, units } = this
    const step = this.#pointBack(batch, edges, t, low, pass)
    step.rows = Math.min(high, batch.batchSizes[t]) - low
    const [first, end] = partition(units, this.#context.engine.panel, part, parts)
    hooks?.beforeBackward(step, work, t)
    for (let s = cell.stages.length - 1; s >= 0; s--) {
      if (part === 0) {
        cell.stages[s].backward(kernels, step)
        hooks?.afterBackward(step, work, t, cell.stages[s])
      }
      sync()
      if (end > first) this.#productBack(kernels, s, step, first, end)
      sync()
    }
    hooks?.passStates(step, work, t)
  }

  /** Columns first … end − 1 of dz·Whᵀ of a stage, into the gradient of its operand. */
  #productBack(kernels: Kernels, s: number, step: Step, first: number, end: number): void {
    const { units, gateStride, stride } = this
    const stage = this.cell.stages[s]
    const size = this.#context.engine.memory.floatBytes
    const columns = stage.gateCount * units
    const dz = (stage.into === 'gates' ? step.dGates : step.dRecurrent) + stage.firstGate * units * size
    const target = (stage.operand === 'hidden' ? step.dHidden : step.dOperand) + first * size
    const transposed = this.#transposedAt(s) + first * columns * size
    const keep = stage.keepsDirectPath ? 1 : 0
    kernels.matmul(target, dz, transposed, step.rows, end - first, columns, gateStride, stride, keep)
  }

  /** Pre-activations from the input: biases, then x·Wx, for rows of the window. */
  #projectInput(kernels: Kernels, x: Pointer, firstRow: number, rows: number): void {
    const { store, engine } = this.#context
    const { cell, units, gateStride, parameters, tape } = this
    const size = engine.memory.floatBytes
    const N = cell.gateNames.length * units
    const biasInput = parameters.biasInput ? store.at(parameters.biasInput) : 0
    const biasHidden = parameters.biasHidden && !cell.separateRecurrent ? store.at(parameters.biasHidden) : 0
    const gates = tape.gates + (firstRow - tape.firstRow) * gateStride * size
    kernels.fillRows(gates, biasInput, biasHidden, rows, N, gateStride)
    const weights = store.at(parameters.weightInput)
    const { width, stride, ids } = this.#input
    if (ids) kernels.gatherPanels(gates, weights, x + firstRow * 4, rows, N, width, gateStride)
    else kernels.matmul(gates, x + firstRow * stride * size, weights, rows, N, width, stride, gateStride, 1)
  }

  #pointBack(
    batch: PackedBatch,
    { dOutput, outputStride }: LoopEdges,
    t: number,
    low: number,
    pass: Pass,
  ): Step {
    const size = this.#context.engine.memory.floatBytes
    const step = this.#step
    this.tape.pointAt(step, batch, t, low)
    this.tape.pointBack(step, batch, t, low, pass.record)
    const first = low * this.stride * size
    step.dHidden = this.dHidden + first
    step.dCell = this.dCell + first
    step.dOperand = this.#dOperand + first
    step.outputStride = outputStride
    step.dOutput = dOutput ? dOutput + (batch.offsets[t] + low) * outputStride * size : 0
    return step
  }

  /** Whᵀ of stage s. */
  #transposedAt(s: number): Pointer {
    let gates = 0
    for (let before = 0; before < s; before++) gates += this.cell.stages[before].gateCount
    return this.#transposed + gates * this.stride * this.units * this.#context.engine.memory.floatBytes
  }

  #transposeHidden(): void {
    const { kernels } = this.#context
    this.cell.stages.forEach(({ gateCount }, s) => {
      kernels.packTransposed(this.#transposedAt(s), this.weightsAt(s), this.units, gateCount * this.units)
    })
  }
}

function rowsBetween({ steps, rows, offsets }: PackedBatch, from: number, to: number): number {
  return (to < steps ? offsets[to] : rows) - offsets[from]
}
