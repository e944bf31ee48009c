/**
 * Masked steps of a batch, as Keras propagates them: a layer keeps its states over a masked step and so repeats
 * its output (before the first step that counts: the initial state, zeros unless given), a mean and a loss leave
 * it out. Lists of rows are made once a batch, so that each step is a few kernel calls on any thread.
 */
import type { Stage, Step } from '../../cells/cell.ts'
import type { Pointer } from '../../engine/kernels.ts'
import { ShapeError } from '../../core/errors.ts'
import type { BatchMask, EdgeRows } from '../batchIndex.ts'
import { CountedLoss } from './maskedLoss.ts'
import type { Context } from '../layer.ts'
import type { LoopHooks, LoopShape, LoopWork } from '../recurrent/loopShape.ts'
import { maskedMean, maskedMeanBack } from './maskedMean.ts'
import { maskHook, type MaskPlan } from './maskHook.ts'
import type { Capacity, PackedBatch } from '../../tensors/packedBatch.ts'

/** What masks ask of a network's layers. */
export interface MaskingLayers {
  readonly type: string
  readonly maskZero?: boolean
  readonly value?: number
}

/**
 * Which steps of a batch count (R, packed) in a network of these layers: by the batch's own mask, and by an
 * embedding's `maskZero` or a masking layer right after the features. Null where all do.
 * @param single whether numbers are compared in float32
 * @throws ShapeError for a masking layer elsewhere
 */
export function countingSteps(
  layers: readonly MaskingLayers[],
  batch: PackedBatch,
  single: boolean,
): Uint8Array | null {
  const { ids, features, featureWidth: F, rows } = batch
  const steps = batch.mask ? batch.mask.slice() : new Uint8Array(rows).fill(1)
  const [first, second] = layers
  if (first.maskZero && ids) for (let r = 0; r < rows; r++) if (ids[r] === 0) steps[r] = 0
  if (layers.some(({ type }, i) => type === 'masking' && (i !== 1 || first.type !== 'features'))) {
    const facts = { expected: 'a features input right below it', got: 'another layer' }
    throw new ShapeError({ where: 'masking', ...facts })
  }
  if (second?.type === 'masking' && features) {
    const masked = (x: number) =>
      (single ? Math.fround(x) : x) === (single ? Math.fround(second.value ?? 0) : (second.value ?? 0))
    for (let r = 0; r < rows; r++) if (features.subarray(r * F, (r + 1) * F).every(masked)) steps[r] = 0
  }
  return steps.includes(0) ? steps : null
}

/** Networks of this process know masks from now on (model/moreLayers.ts); calling it again changes nothing. */
export function announceMasks(): void {
  maskHook.plan = planMasks
  maskHook.of = masksOf
}

/** Whether these layers mask steps. */
function maskSteps(layers: readonly MaskingLayers[]): boolean {
  return layers.some(({ type, maskZero }) => maskZero || type === 'masking')
}

/** Reserves all that masked batches of this plan need, so that none takes memory later. */
function planMasks(context: Context, plan: MaskPlan): void {
  const { capacity } = context.index
  if (capacity.masked || maskSteps(plan.layers)) plans.set(capacity, new MaskedRows(context, plan))
}

/** The masked steps of a batch, or null. */
function masksOf(context: Context, layers: readonly MaskingLayers[], batch: PackedBatch): BatchMask | null {
  const wanted = batch.mask !== null || maskSteps(layers)
  const steps = wanted ? countingSteps(layers, batch, context.engine.precision === 'float32') : null
  if (!steps) return null
  const masks = plans.get(context.index.capacity)!
  masks.load(batch, steps)
  return masks
}

/** What masks have reserved in each plan. */
const plans = new WeakMap<Capacity, MaskedRows>()

/** For each row of one reading direction: its sequence or −1, once for rows that count and once for the others. */
interface RowLists {
  counted: Pointer // (R)
  masked: Pointer // (R)
  /** Steps with masked rows. (T) */
  touched: Uint8Array
}

/** Masks of one plan. */
class MaskedRows implements BatchMask {
  steps: Uint8Array = new Uint8Array(0)
  batch!: PackedBatch
  readonly #context: Context
  readonly #lists: readonly RowLists[]
  readonly #loops: ReadonlyMap<LoopShape, MaskedLoop>
  readonly #loss: CountedLoss | null

  constructor(context: Context, { loops, loss, output, training }: MaskPlan) {
    const { memory } = context.engine
    const { rows } = context.index.capacity
    const list = () => memory.ints(rows, 'masks')
    this.#context = context
    this.#lists = [0, 1].map(() => ({ counted: list(), masked: list(), touched: new Uint8Array(0) }))
    this.#loops = new Map(loops.map((loop) => [loop, new MaskedLoop(context, this, loop, training)]))
    this.#loss = loss && output.per === 'step' ? new CountedLoss(context, loss, output) : null
  }

  load(batch: PackedBatch, steps: Uint8Array): void {
    const { memory } = this.#context.engine
    const reverseRow = memory.viewInts(this.#context.index.reverseRow, batch.rows)
    this.batch = batch
    this.steps = steps
    this.#lists.forEach((lists, reversed) => {
      const [counted, masked] = [lists.counted, lists.masked].map((list) => memory.viewInts(list, batch.rows))
      lists.touched = new Uint8Array(batch.steps)
      for (let t = 0; t < batch.steps; t++) {
        for (let b = 0; b < batch.batchSizes[t]; b++) {
          const row = batch.offsets[t] + b
          const counts = steps[reversed ? reverseRow[row] : row]
          counted[row] = counts ? b : -1
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
    known.held = held
    return known
  }

  mean(y: EdgeRows, x: EdgeRows): void {
    maskedMean(this.#context.engine, this, y, x)
  }

  meanBack(y: EdgeRows, x: EdgeRows): void {
    maskedMeanBack(this.#context.engine, this, y, x)
  }

  loss<Loss>(layer: Loss): Loss {
    if (!this.#loss) return layer
    this.#loss.counts = this.steps
    return this.#loss as Loss
  }
}

/** What masked rows change around the steps of one loop. */
class MaskedLoop implements LoopHooks {
  held: LoopHooks | null = null
  readonly #context: Context
  readonly #rows: MaskedRows
  readonly #loop: LoopShape
  /** Gradients put aside, and the output's without masked rows (B, H; stride). Null in a plan without gradients. */
  readonly #aside: { dHidden: Pointer; dCell: Pointer; dOutput: Pointer } | null

  constructor(context: Context, rows: MaskedRows, loop: LoopShape, training: boolean) {
    const { engine, index } = context
    const reserve = () => engine.memory.floats(index.capacity.sequences * loop.stride, 'masks')
    this.#context = context
    this.#rows = rows
    this.#loop = loop
    this.#aside = training ? { dHidden: reserve(), dCell: reserve(), dOutput: reserve() } : null
  }

  get solo(): boolean {
    return this.held?.solo ?? false
  }

  beforeForward(step: Step, work: LoopWork, t: number, stage: Stage): void {
    this.held?.beforeForward(step, work, t, stage)
  }

  afterForward(step: Step, work: LoopWork, t: number, stage: Stage): void {
    this.held?.afterForward(step, work, t, stage)
  }

  setStates(step: Step, work: LoopWork, t: number): void {
    if (this.#touched(t)) {
      this.#put(work, step.hidden, step.previousHidden, step, t)
      if (step.cell) this.#put(work, step.cell, step.previousCell, step, t)
    }
    this.held?.setStates(step, work, t)
  }

  /** What arrives at masked rows is zero, so that all they could leave in any gradient is zero too. */
  beforeBackward(step: Step, work: LoopWork, t: number): void {
    this.held?.beforeBackward(step, work, t)
    if (!this.#touched(t)) return
    const { kernels, low } = work
    const { rows, units, stride, dOutput, outputStride } = step
    const [{ dHidden, dCell, dOutput: own }, first] = [this.#aside!, this.#bytes(low, stride)]
    kernels.gatherRows(dHidden + first, step.dHidden, 0, rows, units, stride, stride)
    this.#clear(work, step.dHidden, step, t)
    if (step.cell) {
      kernels.gatherRows(dCell + first, step.dCell, 0, rows, units, stride, stride)
      this.#clear(work, step.dCell, step, t)
    }
    if (!dOutput) return
    kernels.scatterAddRows(dHidden + first, 0, dOutput, rows, units, stride, outputStride)
    const { counted } = this.#rows.lists(this.#loop.reversed)
    const all = dOutput - this.#bytes(low, outputStride)
    kernels.gatherRows(own + first, all, this.#at(counted, t, low), rows, units, stride, outputStride)
    step.dOutput = own + first
    step.outputStride = stride
  }

  afterBackward(step: Step, work: LoopWork, t: number, stage: Stage): void {
    this.held?.afterBackward(step, work, t, stage)
  }

  passStates(step: Step, work: LoopWork, t: number): void {
    if (!this.#touched(t)) return
    const { dHidden, dCell } = this.#aside!
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
    const { counted } = this.#rows.lists(this.#loop.reversed)
    const all = target - this.#bytes(low, stride)
    kernels.gatherRows(target, all, this.#at(counted, t, low), rows, units, stride, stride)
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
