/** What the parts of a time loop know of each other: sizes, parameters, tape, and the edges of a pass. */
import type { Cell, Stage, Step } from '../../cells/cell.ts'
import type { Kernels, Pointer } from '../../engine/kernels.ts'
import type { PackedBatch } from '../../tensors/packedBatch.ts'
import type { Parameter } from '../../tensors/parameters.ts'
import type { Tape } from './tape.ts'

/** One direction's parameters. */
export interface DirectionParameters {
  weightInput: Parameter // (G·H, F)
  weightHidden: Parameter // (G·H, H)
  biasInput: Parameter | null // (G·H)
  biasHidden: Parameter | null // (G·H)
  /** The cell's own (rows, H), or null. */
  extra: Parameter | null
}

export interface LoopShape {
  readonly cell: Cell
  readonly units: number
  /** Whether it reads each sequence from its end. */
  readonly reversed: boolean
  /** Row strides of states and of gates. */
  readonly stride: number
  readonly gateStride: number
  readonly parameters: DirectionParameters
  readonly tape: Tape
  /** Wh of a stage, or its gradient, in the pass at hand. */
  readonly weightsAt: (stage: number, region?: 'gradients') => Pointer
}

/** A part of a block's work: sequences low … high − 1, and columns part `part` of `parts` of each product. */
export interface LoopWork {
  readonly kernels: Kernels
  readonly batch: PackedBatch
  readonly low: number
  readonly high: number
  readonly part: number
  readonly parts: number
  /** Waits for all parts of a product. */
  sync(): void
}

/** What a pass changes around each step of one loop: overrides, masked steps. */
export interface LoopHooks {
  /** Whether it must run on one thread. */
  readonly solo: boolean
  /** Before and after a stage's pointwise part. */
  beforeForward(step: Step, work: LoopWork, t: number, stage: Stage): void
  afterForward(step: Step, work: LoopWork, t: number, stage: Stage): void
  /** After a step: the states are as the next one will find them. */
  setStates(step: Step, work: LoopWork, t: number): void
  /** Before a step's backward. */
  beforeBackward(step: Step, work: LoopWork, t: number): void
  /** After a stage's pointwise backward. */
  afterBackward(step: Step, work: LoopWork, t: number, stage: Stage): void
  /** After a step's backward: the carries are as the step before will find them. */
  passStates(step: Step, work: LoopWork, t: number): void
}

/** Input and gradients of a pass, as pointers to rows. */
export interface LoopEdges {
  /** This direction's input rows (R, F), or ids (R) on a one-hot edge. */
  x: Pointer
  /** Gradient of the input rows, or 0. */
  dx: Pointer
  /** Gradient of this direction's outputs by row (R, H; outputStride), or 0. */
  dOutput: Pointer
  outputStride: number
}

/** A step that points nowhere yet. */
export function emptyStep(units: number, gateStride: number, stride: number): Step {
  return {
    rows: 0,
    units,
    gateStride,
    stride,
    outputStride: 0,
    gates: 0,
    recurrent: 0,
    hidden: 0,
    previousHidden: 0,
    cell: 0,
    previousCell: 0,
    saved: 0,
    dGates: 0,
    dRecurrent: 0,
    dHidden: 0,
    dCell: 0,
    dOutput: 0,
    dOperand: 0,
    dHiddenTotal: 0,
    dCellTotal: 0,
    extra: 0,
    dExtra: 0,
    slopes: 0,
    overrideGates: null,
  }
}
