/**
 * Zoneout (Krueger et al. 2017): in training, units of a state keep their value from the step before at a rate; outside
 * training each state is its expected value, rate · old + (1 − rate) · new. The cell state and the hidden state have masks
 * of their own, and the new hidden state is computed from the new cell state before that is mixed.
 */
import { hash32, mixKey } from '../../core/random.ts'
import type { Stage, Step } from '../../cells/cell.ts'
import type { Kernels, Pointer } from '../../engine/kernels.ts'
import type { Capacity, Context, LayerStep, Pass, StreamContext } from '../layer.ts'
import type { LoopHooks, LoopShape, LoopWork } from '../recurrent/loopShape.ts'
import type { ZoneoutRates } from '../recurrent/recurrent.ts'
import type { Rows } from '../streamRows.ts'
import type { PackedBatch } from '../../tensors/packedBatch.ts'

/** One state of a loop: where it and its gradient lie in a step, and what is put aside. */
interface ZonedState {
  readonly name: 'hidden' | 'cell'
  readonly rate: number
  /** Of each element, its number in the step where it is new or where it is kept, else −1. (R, stride) */
  fresh: Pointer
  kept: Pointer
  /** The new values of all rows, which the cell's backward reads. (R, H; stride) */
  raw: Pointer
  /** The state as it is, or as it was before. (B, H; stride) */
  held: Pointer
  /** What of the gradient passes the cell by, and all of it. (B, H; stride) */
  aside: Pointer
  total: Pointer
}

export class Zoneout implements LoopHooks {
  /** What else changes the loop's steps: overrides. */
  inner: LoopHooks | null = null
  readonly #context: Context
  readonly #loop: LoopShape
  readonly #states: readonly ZonedState[]
  /** Zeros. (B, H; stride) */
  #zeros: Pointer = 0
  #batch: PackedBatch | null = null
  #drops = false

  constructor(context: Context, { hidden = 0, cell = 0 }: ZoneoutRates, loop: LoopShape) {
    this.#context = context
    this.#loop = loop
    const state = (of: 'hidden' | 'cell', rate: number): ZonedState => {
      return { name: of, rate, fresh: 0, kept: 0, raw: 0, held: 0, aside: 0, total: 0 }
    }
    this.#states = [state('hidden', hidden), state('cell', cell)].filter(({ rate }) => rate > 0)
  }

  plan({ sequences, rows }: Capacity, training: boolean): void {
    const { engine, kernels } = this.#context
    const { memory } = engine
    const { stride } = this.#loop
    const floats = (count: number) => memory.floats(count * stride, 'zoneout')
    for (const state of this.#states) {
      state.held = floats(sequences)
      state.fresh = state.kept = state.raw = state.aside = state.total = 0
      if (!training) continue
      state.fresh = memory.ints(rows * stride, 'zoneout')
      state.kept = memory.ints(rows * stride, 'zoneout')
      state.raw = floats(rows)
      state.aside = floats(sequences)
      state.total = floats(sequences)
    }
    this.#zeros = training ? floats(sequences) : 0
    if (training) kernels.zero(this.#zeros, sequences * stride)
  }

  /** Before a pass: in training, which units of which rows are kept. */
  begin(batch: PackedBatch, pass: Pass): void {
    this.#batch = batch
    this.#drops = pass.training
    if (!pass.training) return
    const { stride, units } = this.#loop
    for (const state of this.#states) this.#list(state, batch, units, stride, pass.key)
  }

  #list(
    { name, rate, fresh, kept }: ZonedState,
    batch: PackedBatch,
    H: number,
    ld: number,
    key: number,
  ): void {
    const { memory } = this.#context.engine
    const [isNew, isOld] = [fresh, kept].map((list) => memory.viewInts(list, batch.rows * ld))
    const own = mixKey(key, this.#loop.parameters.weightHidden.name, name)
    const threshold = Math.floor(rate * 2 ** 32)
    for (let t = 0; t < batch.steps; t++) {
      const first = batch.offsets[t] * ld
      for (let i = 0; i < batch.batchSizes[t] * ld; i++) {
        // Columns of padding are always new.
        const keeps = i % ld < H && hash32(hash32(first + i) ^ own) < threshold
        isNew[first + i] = keeps ? -1 : i
        isOld[first + i] = keeps ? i : -1
      }
    }
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
    const { kernels, low } = work
    for (const state of this.#states) {
      const [now, before] = placesOf(state, step)
      if (state.raw) this.#copy(kernels, this.#rawAt(state, t, low), now, step)
      if (this.#drops) this.#keep(kernels, state, now, before, step, t, low)
      else {
        const held = this.#at(state.held, low)
        this.#copy(kernels, held, before, step)
        kernels.average(held, now, step.rows * step.stride, state.rate)
        this.#copy(kernels, now, held, step)
      }
    }
    this.inner?.setStates(step, work, t)
  }

  /** Kept elements of `now` = those of `before`. */
  #keep(
    kernels: Kernels,
    { fresh, kept }: ZonedState,
    now: Pointer,
    before: Pointer,
    { rows, stride }: Step,
    t: number,
    low: number,
  ): void {
    const all = now - this.#bytes(low)
    kernels.gatherRows(now, all, this.#listAt(fresh, t, low), rows * stride, 1, 1, 1)
    kernels.scatterAddRows(all, this.#listAt(kept, t, low), before, rows * stride, 1, 1, 1)
  }

  /** The gradient of each state is divided: what goes to the new value stays, the rest passes the cell by. */
  beforeBackward(step: Step, work: LoopWork, t: number): void {
    this.inner?.beforeBackward(step, work, t)
    const { kernels, low } = work
    const { rows, units, stride, dOutput, outputStride } = step
    if (dOutput) kernels.scatterAddRows(step.dHidden, 0, dOutput, rows, units, stride, outputStride)
    step.dOutput = 0
    const count = rows * stride
    for (const state of this.#states) {
      const gradient = state.name === 'hidden' ? step.dHidden : step.dCell
      const [now] = placesOf(state, step)
      const aside = this.#at(state.aside, low)
      this.#copy(kernels, this.#at(state.held, low), now, step)
      this.#copy(kernels, now, this.#rawAt(state, t, low), step)
      this.#copy(kernels, this.#at(state.total, low), gradient, step)
      if (this.#drops) {
        const all = gradient - this.#bytes(low)
        kernels.gatherRows(aside, all, this.#listAt(state.kept, t, low), count, 1, 1, 1)
        kernels.gatherRows(gradient, all, this.#listAt(state.fresh, t, low), count, 1, 1, 1)
      } else {
        kernels.zero(aside, count)
        kernels.average(aside, gradient, count, 1 - state.rate)
        kernels.average(gradient, this.#at(this.#zeros, low), count, 1 - state.rate)
      }
    }
  }

  afterBackward(step: Step, work: LoopWork, t: number, stage: Stage): void {
    this.inner?.afterBackward(step, work, t, stage)
  }

  passStates(step: Step, work: LoopWork, t: number): void {
    const { kernels, low } = work
    for (const state of this.#states) {
      const isHidden = state.name === 'hidden'
      const [now] = placesOf(state, step)
      this.#copy(kernels, now, this.#at(state.held, low), step)
      kernels.add(isHidden ? step.dHidden : step.dCell, this.#at(state.aside, low), step.rows * step.stride)
      const recorded = isHidden ? step.dHiddenTotal : step.dCellTotal
      if (recorded) this.#copy(kernels, recorded, this.#at(state.total, low), step)
    }
    this.inner?.passStates(step, work, t)
  }

  /** The same in a stream: expected values. */
  stream(context: StreamContext, step: LayerStep): LayerStep {
    const { kernels } = this.#context
    const states = step.states as readonly Rows[]
    const zoned = this.#states.map(({ name, rate }) => {
      const state = states[this.#loop.cell.stateNames.indexOf(name)]
      return { state, rate, held: context.rows(state.width, state.stride).at }
    })
    return {
      output: step.output,
      states,
      run(rows) {
        for (const { state, held } of zoned)
          kernels.gatherRows(held, state.at, 0, rows, state.width, state.stride, state.stride)
        step.run(rows)
        for (const { state, held, rate } of zoned) {
          kernels.average(held, state.at, rows * state.stride, rate)
          kernels.gatherRows(state.at, held, 0, rows, state.width, state.stride, state.stride)
        }
      },
    }
  }

  #copy(kernels: Kernels, to: Pointer, from: Pointer, { rows, units, stride }: Step): void {
    kernels.gatherRows(to, from, 0, rows, units, stride, stride)
  }

  #bytes(rows: number): number {
    return rows * this.#loop.stride * this.#context.engine.memory.floatBytes
  }

  #at(buffer: Pointer, low: number): Pointer {
    return buffer + this.#bytes(low)
  }

  #rawAt({ raw }: ZonedState, t: number, low: number): Pointer {
    return raw + this.#bytes(this.#batch!.offsets[t] + low)
  }

  #listAt(list: Pointer, t: number, low: number): Pointer {
    return list + (this.#batch!.offsets[t] + low) * this.#loop.stride * 4
  }
}

/** A state after the step and before it. */
function placesOf({ name }: ZonedState, step: Step): [now: Pointer, before: Pointer] {
  return name === 'hidden' ? [step.hidden, step.previousHidden] : [step.cell, step.previousCell]
}
