/**
 * Overrides of a pass: gates clamped to a value (their pre-activation is replaced, so that the cell's own
 * equations compute everything that follows), states overwritten after a step. No gradient passes an
 * overridden number. Steps count in the order of the text, in either direction, for each sequence.
 */
import type { Cell, Stage, Step } from '../../cells/cell.ts'
import type { Pointer } from '../../engine/kernels.ts'
import type { Arena } from '../../engine/arena.ts'
import type { LoopHooks, LoopWork } from './loopShape.ts'
import type { PackedBatch } from '../../tensors/packedBatch.ts'

/** One gate or state of some units of one loop, over a range of steps. */
export interface Override {
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

/** The part of a loop that overrides read. */
interface OverriddenLoop {
  readonly cell: Cell
  readonly reversed: boolean
}

/** An override of a gate, with its index and pre-activation. */
interface GateOverride extends Override {
  gate: number
  pre: number
}

/** The overrides of one loop, and the changes they make around each step. */
export class LoopOverrides implements LoopHooks {
  readonly solo = true
  readonly #memory: Arena
  readonly #cell: Cell
  readonly #backward: boolean
  readonly #gates: readonly GateOverride[]
  readonly #hidden: readonly Override[]
  readonly #cells: readonly Override[]

  constructor(memory: Arena, { cell, reversed }: OverriddenLoop, overrides: readonly Override[]) {
    this.#memory = memory
    this.#cell = cell
    this.#backward = reversed
    this.#gates = overrides.flatMap((override) => {
      if (!('gate' in override.what)) return []
      const { gate: name } = override.what
      return [
        { ...override, gate: cell.gateNames.indexOf(name), pre: preActivation(cell, name, override.value) },
      ]
    })
    const ofState = (state: string) => overrides.filter(({ what }) => 'state' in what && what.state === state)
    this.#hidden = ofState('hidden')
    this.#cells = ofState('cell')
  }

  /** Before a stage's pointwise part: overridden gates get the pre-activation that gives their value, or wait for `override`. */
  beforeForward(step: Step, { batch }: LoopWork, t: number, stage: Stage): void {
    if (this.#cell.generic) {
      // Other functions need not have an inverse, and peepholes are added later: the cell lets gates be set itself.
      if (this.#gates.length > 0) step.overrideGates = () => this.#setGates(step, batch, t, stage)
      return
    }
    this.#eachGate(step, batch, t, stage, (override, at) => {
      this.#write(step.gates, at, override.pre)
      // Gates add both halves; a candidate multiplies the second by r.
      if (this.#cell.separateRecurrent) this.#write(step.recurrent, at, 0)
    })
  }

  /** After it: overridden gates read exactly as given. */
  afterForward(step: Step, { batch }: LoopWork, t: number, stage: Stage): void {
    step.overrideGates = null
    if (this.#cell.generic) return
    this.#eachGate(step, batch, t, stage, (override, at, row, unit) => {
      if (this.#cell.hiddenIsCandidate) this.#write(step.hidden, row * step.stride + unit, override.value)
      else this.#write(step.gates, at, override.value)
    })
  }

  /** A general cell's gates, which nothing reaches backwards. */
  #setGates(step: Step, batch: PackedBatch, t: number, stage: Stage): void {
    this.#eachGate(step, batch, t, stage, (override, at) => {
      this.#write(step.gates, at, override.value)
      if (step.slopes) this.#write(step.slopes, at, 0)
    })
  }

  /** After a step: the states that are set. */
  setStates(step: Step, { batch }: LoopWork, t: number): void {
    const set = (base: Pointer) => (override: Override, row: number, unit: number) =>
      this.#write(base, row * step.stride + unit, override.value)
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

  /** After a stage's pointwise backward: no gradient passes an overridden gate. */
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
    visit: (override: GateOverride, at: number, row: number, unit: number) => void,
  ): void {
    const inStage = this.#gates.filter(({ gate }) => gate >= firstGate && gate < firstGate + gateCount)
    this.#each(inStage, step, batch, t, (override, row, unit) =>
      visit(override, row * step.gateStride + override.gate * step.units + unit, row, unit),
    )
  }

  #each<H extends Override>(
    overrides: readonly H[],
    step: Step,
    batch: PackedBatch,
    t: number,
    visit: (override: H, row: number, unit: number) => void,
  ): void {
    for (const override of overrides) {
      for (let row = 0; row < step.rows; row++) {
        const place = this.#backward ? batch.lengths[row] - 1 - t : t
        if (place < override.from || place > override.to) continue
        for (const unit of override.units) visit(override, row, unit)
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

/** All overrides of a pass. Constructed by inspection only, so that a page that only predicts does not load this module. */
export class Overrides {
  readonly #all: readonly Override[]

  constructor(all: readonly Override[]) {
    this.#all = all
  }

  /** The overrides of one loop, or null. */
  of(memory: Arena, loop: OverriddenLoop, layer: string, direction: number): LoopOverrides | null {
    const own = this.#all.filter((override) => override.layer === layer && override.direction === direction)
    return own.length ? new LoopOverrides(memory, loop, own) : null
  }
}
