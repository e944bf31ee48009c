/**
 * Masked steps of a batch, as Keras propagates them: a layer keeps its states over a masked step and so repeats
 * its output (before the first valid step: the initial state, zeros unless given), a mean and a loss leave
 * it out. Lists of rows are made once a batch, so that each step is a few kernel calls on any thread.
 */
import type { Stage, Step } from '../../cells/cell.ts'
import type { Pointer } from '../../engine/kernels.ts'
import type { BatchMask, EdgeRows } from '../batchIndex.ts'
import { ValidLoss } from './maskedLoss.ts'
import type { Context, Layer } from '../layer.ts'
import type { LoopHooks, LoopShape, LoopWork } from '../recurrent/loopShape.ts'
import type { Loss } from '../loss.ts'
import type { RecurrentLayer } from '../recurrent/recurrent.ts'
import { maskedMean, maskedMeanBack } from './maskedMean.ts'
import { MaskOfStream } from './streamMask.ts'
import type { MaskSupport, NetworkMasks } from './support.ts'
import type { Capacity, PackedBatch } from '../../tensors/packedBatch.ts'

/** Masked steps, for the definitions of layers that mask. */
export const masks: MaskSupport = {
  create: (context, layers) => new MaskedRows(context, layers),
  openStream: (context) => (context.mask = new MaskOfStream(context.capacity)),
}

/** For each row of one reading direction: its sequence or −1, once for valid rows and once for masked ones. */
interface RowLists {
  valid: Pointer // (R)
  masked: Pointer // (R)
  /** Steps with masked rows. (T) */
  touched: Uint8Array
}

/** The masks of one network. */
class MaskedRows implements BatchMask, NetworkMasks {
  steps: Uint8Array = new Uint8Array(0)
  batch!: PackedBatch
  readonly always: boolean
  readonly #context: Context
  readonly #layers: readonly Layer[]
  readonly #lists: readonly RowLists[]
  readonly #loops: ReadonlyMap<LoopShape, MaskedLoop>
  #loss: ValidLoss | null = null

  constructor(context: Context, layers: readonly Layer[]) {
    this.#context = context
    this.#layers = layers
    this.always = layers.some(({ masksSteps }) => masksSteps)
    this.#lists = [0, 1].map(() => ({ valid: 0, masked: 0, touched: new Uint8Array(0) }))
    const recurrent = layers.filter((layer): layer is RecurrentLayer => layer.type === 'recurrent')
    const loops = recurrent.flatMap((layer) => layer.loops)
    this.#loops = new Map(loops.map((loop) => [loop, new MaskedLoop(context, this, loop)]))
  }

  plan(capacity: Capacity, training: boolean, loss: Loss | null): void {
    const { memory } = this.#context.engine
    for (const lists of this.#lists) {
      lists.valid = memory.ints(capacity.rows, 'masks')
      lists.masked = memory.ints(capacity.rows, 'masks')
    }
    if (training) for (const loop of this.#loops.values()) loop.plan(capacity)
    const { output } = this.#layers[this.#layers.length - 1]
    this.#loss = loss && output.per === 'step' ? new ValidLoss(this.#context, loss, output) : null
    this.#loss?.plan(capacity)
  }

  load(batch: PackedBatch): BatchMask | null {
    if (!batch.mask && !this.always) return null
    const valid = batch.mask ? batch.mask.slice() : new Uint8Array(batch.rows).fill(1)
    for (const layer of this.#layers) layer.clearMasked?.(batch, valid)
    if (!valid.includes(0)) return null
    this.#list(batch, valid)
    return this
  }

  #list(batch: PackedBatch, steps: Uint8Array): void {
    const { memory } = this.#context.engine
    const reverseRow = memory.viewInts(this.#context.index.reverseRow, batch.rows)
    this.batch = batch
    this.steps = steps
    this.#lists.forEach((lists, reversed) => {
      const [valid, masked] = [lists.valid, lists.masked].map((list) => memory.viewInts(list, batch.rows))
      lists.touched = new Uint8Array(batch.steps)
      for (let t = 0; t < batch.steps; t++) {
        for (let b = 0; b < batch.batchSizes[t]; b++) {
          const row = batch.offsets[t] + b
          const counts = steps[reversed ? reverseRow[row] : row]
          valid[row] = counts ? b : -1
          masked[row] = counts ? -1 : b
          if (!counts) lists.touched[t] = 1
        }
      }
    })
  }

  lists(reversed: boolean): RowLists {
    return this.#lists[reversed ? 1 : 0]
  }

  of(loop: LoopShape, held: LoopHooks | null): LoopHooks {
    const known = this.#loops.get(loop)!
    known.inner = held
    return known
  }

  mean(y: EdgeRows, x: EdgeRows): void {
    maskedMean(this.#context.engine, this, y, x)
  }

  meanBack(y: EdgeRows, x: EdgeRows): void {
    maskedMeanBack(this.#context.engine, this, y, x)
  }

  loss<Own>(layer: Own): Own {
    if (!this.#loss) return layer
    this.#loss.valid = this.steps
    return this.#loss as Own
  }
}

/** What masked rows change around the steps of one loop. */
class MaskedLoop implements LoopHooks {
  /** What else changes the loop's steps: zoneout, overrides. */
  inner: LoopHooks | null = null
  readonly #context: Context
  readonly #rows: MaskedRows
  readonly #loop: LoopShape
  /** Gradients put aside, and the output's without masked rows. (B, H; stride) */
  #dHidden: Pointer = 0
  #dCell: Pointer = 0
  #dOutput: Pointer = 0

  constructor(context: Context, rows: MaskedRows, loop: LoopShape) {
    this.#context = context
    this.#rows = rows
    this.#loop = loop
  }

  plan({ sequences }: Capacity): void {
    const rows = () => this.#context.engine.memory.floats(sequences * this.#loop.stride, 'masks')
    this.#dHidden = rows()
    this.#dCell = rows()
    this.#dOutput = rows()
  }

  get solo(): boolean {
    return this.inner?.solo ?? false
  }

  beforeForward(step: Step, work: LoopWork, t: number, stage: Stage): void {
    this.inner?.beforeForward(step, work, t, stage)
  }

  afterForward(step: Step, work: LoopWork, t: number, stage: Stage): void {
    this.inner?.afterForward(step, work, t, stage)
  }

  setStates(step: Step, work: LoopWork, t: number): void {
    if (this.#touched(t)) {
      this.#put(work, step.hidden, step.previousHidden, step, t)
      if (step.cell) this.#put(work, step.cell, step.previousCell, step, t)
    }
    this.inner?.setStates(step, work, t)
  }

  /** What arrives at masked rows is zero, so that all they could leave in any gradient is zero too. */
  beforeBackward(step: Step, work: LoopWork, t: number): void {
    this.inner?.beforeBackward(step, work, t)
    if (!this.#touched(t)) return
    const { kernels, low } = work
    const { rows, units, stride, dOutput, outputStride } = step
    const [dHidden, dCell, own] = [this.#dHidden, this.#dCell, this.#dOutput]
    const first = this.#bytes(low, stride)
    kernels.gatherRows(dHidden + first, step.dHidden, 0, rows, units, stride, stride)
    this.#clear(work, step.dHidden, step, t)
    if (step.cell) {
      kernels.gatherRows(dCell + first, step.dCell, 0, rows, units, stride, stride)
      this.#clear(work, step.dCell, step, t)
    }
    if (!dOutput) return
    kernels.scatterAddRows(dHidden + first, 0, dOutput, rows, units, stride, outputStride)
    const { valid } = this.#rows.lists(this.#loop.reversed)
    const all = dOutput - this.#bytes(low, outputStride)
    kernels.gatherRows(own + first, all, this.#at(valid, t, low), rows, units, stride, outputStride)
    step.dOutput = own + first
    step.outputStride = stride
  }

  afterBackward(step: Step, work: LoopWork, t: number, stage: Stage): void {
    this.inner?.afterBackward(step, work, t, stage)
  }

  passStates(step: Step, work: LoopWork, t: number): void {
    if (this.#touched(t)) this.#putAside(step, work, t)
    this.inner?.passStates(step, work, t)
  }

  #putAside(step: Step, work: LoopWork, t: number): void {
    const [dHidden, dCell] = [this.#dHidden, this.#dCell]
    const first = this.#bytes(work.low, step.stride)
    this.#put(work, step.dHidden, dHidden + first, step, t)
    if (step.dHiddenTotal) this.#put(work, step.dHiddenTotal, dHidden + first, step, t)
    if (!step.cell) return
    this.#put(work, step.dCell, dCell + first, step, t)
    if (step.dCellTotal) this.#put(work, step.dCellTotal, dCell + first, step, t)
  }

  #touched(t: number): boolean {
    return this.#rows.lists(this.#loop.reversed).touched[t] === 1
  }

  #bytes(rows: number, stride: number): number {
    return rows * stride * this.#context.engine.memory.floatBytes
  }

  /** A list from the row of (t, low) on. */
  #at(list: Pointer, t: number, low: number): Pointer {
    return list + (this.#rows.batch.offsets[t] + low) * 4
  }

  /** Masked rows of `target` = 0. Both point at the row of `low`. */
  #clear({ kernels, low }: LoopWork, target: Pointer, { rows, units, stride }: Step, t: number): void {
    const { valid } = this.#rows.lists(this.#loop.reversed)
    const all = target - this.#bytes(low, stride)
    kernels.gatherRows(target, all, this.#at(valid, t, low), rows, units, stride, stride)
  }

  /** Masked rows of `target` = those of `source`. */
  #put(work: LoopWork, target: Pointer, source: Pointer, step: Step, t: number): void {
    const { kernels, low } = work
    const { rows, units, stride } = step
    const { masked } = this.#rows.lists(this.#loop.reversed)
    this.#clear(work, target, step, t)
    const all = target - this.#bytes(low, stride)
    kernels.scatterAddRows(all, this.#at(masked, t, low), source, rows, units, stride, stride)
  }
}
