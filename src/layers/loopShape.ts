/** What the parts of a time loop know of each other: sizes, parameters, tape, and the edges of a pass. */
import type { Cell, Step } from '../cells/cell.ts'
import type { Kernels, Pointer } from '../engine/kernels.ts'
import type { Parameter } from './parameters.ts'
import type { Tape } from './tape.ts'

/** One direction's parameters. */
export interface DirectionParameters {
  weightInput: Parameter // (G·H, F)
  weightHidden: Parameter // (G·H, H)
  biasInput: Parameter | null // (G·H)
  biasHidden: Parameter | null // (G·H)
  /** The cell's own (rows, H), or null. */
  own: Parameter | null
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
}

/** What a batch with masked steps changes around each step of one loop, sequences from `low` on (layers/masks.ts). */
export interface LoopMask {
  /** After a step: masked rows keep the states of the step before. */
  afterForward(kernels: Kernels, step: Step, t: number, low: number): void
  /** Before a step's backward: what arrives at masked rows is put aside. */
  beforeBackward(kernels: Kernels, step: Step, t: number, low: number): void
  /** After it: it goes on to the step before. */
  afterBackward(kernels: Kernels, step: Step, t: number, low: number): void
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
