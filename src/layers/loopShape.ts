/** What the parts of a time loop know of each other: sizes, parameters, tape, and the edges of a pass. */
import type { Cell } from '../cells/cell.ts'
import type { Pointer } from '../engine/kernels.ts'
import type { Parameter } from './parameters.ts'
import type { Tape } from './tape.ts'

/** One direction's parameters. */
export interface DirectionParameters {
  weightInput: Parameter // (G·H, F)
  weightHidden: Parameter // (G·H, H)
  biasInput: Parameter | null // (G·H)
  biasHidden: Parameter | null // (G·H)
}

export interface LoopShape {
  readonly cell: Cell
  readonly units: number
  /** Row strides of states and of gates. */
  readonly stride: number
  readonly gateStride: number
  readonly parameters: DirectionParameters
  readonly tape: Tape
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
