/**
 * What a pass is told to hold fixed: gates at a value (their pre-activation is replaced, so that the cell's
 * own equations make everything that follows), states overwritten after a step. Backwards no gradient
 * passes what was held. Steps count in the order of the text, in either direction, for each sequence.
 */
import type { Cell, Stage, Step } from '../../cells/cell.ts'
import type { Pointer } from '../../engine/kernels.ts'
import type { Arena } from '../../engine/arena.ts'
import type { LoopHooks, LoopWork } from './loopShape.ts'
import type { PackedBatch } from '../../tensors/packedBatch.ts'

/** One gate or state of some units of one loop, over a range of steps. */
export interface Hold {
  /** Name of the recurrent layer, as `RecurrentLayer.name`. */
  layer: string
  /** Number of the layer's loop: 1 is the second direction of two. */
  direction: number
  /** A gate's name (the candidate's too); a state of the cell, as it is after the step. */
  what: { gate: string } | { state: 'hidden' | 'cell' }
  units: readonly number[]
  /** First and last step of the text. */
  from: number
  to: number
  value: number
}

/** Far enough that σ is 0 or 1 and tanh ±1 in every precision, and that no engine overflows. */
const SATURATED = 800

/** The pre-activation that gives a value. */
function preActivation(cell: Cell, gate: string, value: number): number {
  if (gate !== cell.candidate) {
    if (value <= 0) return -SATURATED
    return value >= 1 ? SATURATED : Math.log(value / (1 - value))
  }
  if (cell.functions.candidate.type === 'relu') return value
  return Math.abs(value) >= 1 ? Math.sign(value) * SATURATED : Math.atanh(value)
}

/** What holds need to know of their loop. */
interface HeldLoop {
  readonly cell: Cell
  readonly reversed: boolean
}

/** A hold of a gate, with what it takes to make it so. */
interface GateHold extends Hold {
  gate: number
  pre: number
}

/** Everything that one loop holds, and the changes it makes around each step. */
export class LoopHolds implements LoopHooks {
  readonly solo = true
  readonly #memory: Arena
  readonly #cell: Cell
  readonly #backward: boolean
  readonly #gates: readonly GateHold[]
  readonly #hidden: readonly Hold[]
  readonly #cells: readonly Hold[]

  constructor(memory: Arena, { cell, reversed }: HeldLoop, holds: readonly Hold[]) {
    this.#memory = memory
    this.#cell = cell
    this.#backward = reversed
    this.#gates = holds.flatMap((hold) => {
      if (!('gate' in hold.what)) return []
      const { gate: name } = hold.what
      return [{ ...hold, gate: cell.gateNames.indexOf(name), pre: preActivation(cell, name, hold.value) }]
    })
    const ofState = (state: string) => holds.filter(({ what }) => 'state' in what && what.state === state)
    this.#hidden = ofState('hidden')
    this.#cells = ofState('cell')
  }

  /** Before a stage's pointwise part: held gates get the pre-activation that gives their value, or wait for `hold`. */
  beforeForward(step: Step, { batch }: LoopWork, t: number, stage: Stage): void {
    if (this.#cell.generic) {
      // Other functions need not have an inverse, and peepholes are added later: the cell lets gates be set itself.
      step.overrideGates = () => this.#setGates(step, batch, t, stage)
      return
    }
    this.#eachGate(step, batch, t, stage, (hold, at) => {
      this.#write(step.gates, at, hold.pre)
      // Gates add both halves; a candidate multiplies the second by r.
      if (this.#cell.separateRecurrent) this.#write(step.recurrent, at, 0)
    })
  }

  /** After it: held gates read exactly as they were told. */
  afterForward(step: Step, { batch }: LoopWork, t: number, stage: Stage): void {
    step.overrideGates = null
    if (this.#cell.generic) return
    this.#eachGate(step, batch, t, stage, (hold, at, row, unit) => {
      if (this.#cell.hiddenIsCandidate) this.#write(step.hidden, row * step.stride + unit, hold.value)
      else this.#write(step.gates, at, hold.value)
    })
  }

  /** A general cell's gates, which nothing reaches backwards. */
  #setGates(step: Step, batch: PackedBatch, t: number, stage: Stage): void {
    this.#eachGate(step, batch, t, stage, (hold, at) => {
      this.#write(step.gates, at, hold.value)
      if (step.slopes) this.#write(step.slopes, at, 0)
    })
  }

  /** After a step: the states that are set. */
  setStates(step: Step, { batch }: LoopWork, t: number): void {
    const set = (base: Pointer) => (hold: Hold, row: number, unit: number) =>
      this.#write(base, row * step.stride + unit, hold.value)
    this.#each(this.#hidden, step, batch, t, set(step.hidden))
    this.#each(this.#cells, step, batch, t, set(step.cell))
  }

  /** Before a step's backward: what follows a set state says nothing about the state that was computed. */
  beforeBackward(step: Step, { batch }: LoopWork, t: number): void {
    this.#each(this.#hidden, step, batch, t, (_, row, unit) => {
      const above = step.dOutput ? this.#read(step.dOutput, row * step.outputStride + unit) : 0
      // The cell adds the output's gradient to the carry: together they are exactly 0.
      this.#write(step.dHidden, row * step.stride + unit, -above)
    })
    this.#each(this.#cells, step, batch, t, (_, row, unit) =>
      this.#write(step.dCell, row * step.stride + unit, 0),
    )
  }

  /** After a stage's pointwise backward: no gradient passes a held gate. */
  afterBackward(step: Step, { batch }: LoopWork, t: number, stage: Stage): void {
    this.#eachGate(step, batch, t, stage, (_, at) => {
      this.#write(step.dGates, at, 0)
      if (this.#cell.separateRecurrent) this.#write(step.dRecurrent, at, 0)
    })
  }

  passStates(): void {}

  /** `at`: the element of a gate buffer. */
  #eachGate(
    step: Step,
    batch: PackedBatch,
    t: number,
    { firstGate, gateCount }: Stage,
    visit: (hold: GateHold, at: number, row: number, unit: number) => void,
  ): void {
    const inStage = this.#gates.filter(({ gate }) => gate >= firstGate && gate < firstGate + gateCount)
    this.#each(inStage, step, batch, t, (hold, row, unit) =>
      visit(hold, row * step.gateStride + hold.gate * step.units + unit, row, unit),
    )
  }

  #each<H extends Hold>(
    holds: readonly H[],
    step: Step,
    batch: PackedBatch,
    t: number,
    visit: (hold: H, row: number, unit: number) => void,
  ): void {
    for (const hold of holds) {
      for (let row = 0; row < step.rows; row++) {
        const place = this.#backward ? batch.lengths[row] - 1 - t : t
        if (place < hold.from || place > hold.to) continue
        for (const unit of hold.units) visit(hold, row, unit)
      }
    }
  }

  #write(base: Pointer, at: number, value: number): void {
    this.#memory.viewFloats(base, at + 1)[at] = value
  }

  #read(base: Pointer, at: number): number {
    return this.#memory.viewFloats(base, at + 1)[at]
  }
}

/** All that a pass holds. Made by whoever wants it: a page that only predicts does not load this room. */
export class Holds {
  readonly #all: readonly Hold[]

  constructor(all: readonly Hold[]) {
    this.#all = all
  }

  /** What one loop holds, or null. */
  of(memory: Arena, loop: HeldLoop, layer: string, direction: number): LoopHolds | null {
    const own = this.#all.filter((hold) => hold.layer === layer && hold.direction === direction)
    return own.length ? new LoopHolds(memory, loop, own) : null
  }
}
