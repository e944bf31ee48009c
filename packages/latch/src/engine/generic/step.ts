/**
 * What general cells share: a step's buffers, and how its gates become active: clip, function and, where wanted,
 * slopes, row by row over neighbouring gates.
 */
import type { Pointer } from '../kernels.ts'
import type { FloatArray } from '../arena.ts'
import type { Access } from '../reference/access.ts'
import type { FunctionSpec } from './access.ts'
import type { Activator } from './activations.ts'

/** A time step as the general kernels read it; what each field means stands in cells/cell.ts. */
export interface GeneralStep {
  readonly rows: number
  readonly units: number
  readonly gateStride: number
  readonly stride: number
  readonly outputStride: number
  readonly gates: Pointer
  readonly recurrent: Pointer
  readonly hidden: Pointer
  readonly previousHidden: Pointer
  readonly cell: Pointer
  readonly previousCell: Pointer
  readonly saved: Pointer
  readonly dGates: Pointer
  readonly dRecurrent: Pointer
  readonly dHidden: Pointer
  readonly dCell: Pointer
  readonly dOutput: Pointer
  readonly dOperand: Pointer
  readonly dHiddenTotal: Pointer
  readonly dCellTotal: Pointer
  readonly own: Pointer
  readonly dOwn: Pointer
  readonly slopes: Pointer
  readonly hold: (() => void) | null
}

/** The functions of a general cell, settled. */
export interface StepFunctions {
  readonly gate: FunctionSpec
  readonly candidate: FunctionSpec
  readonly state: FunctionSpec
  readonly clip: number | null
  readonly peepholes: boolean
  readonly coupled: boolean
}

/** A stage's pointwise work. */
export interface GeneralStage {
  forward(step: GeneralStep): void
  backward(step: GeneralStep): void
}

/** Activates `count` gates from gate `first` on, in place; leaves their slopes where the step keeps them. */
export function activateGates(
  { f, shift }: Access,
  step: GeneralStep,
  first: number,
  count: number,
  by: Activator,
  clip: number | null,
): void {
  const v = f()
  const n = count * step.units
  for (let row = 0; row < step.rows; row++) {
    const offset = row * step.gateStride + first * step.units
    const at = (step.gates >>> shift) + offset
    const slopes = step.slopes ? (step.slopes >>> shift) + offset : -1
    if (slopes >= 0) v.fill(1, slopes, slopes + n)
    if (clip !== null) clipSpan(v, at, n, clip, slopes)
    if (slopes >= 0 && !by.slopeByOutput) by.multiplySlopes(v, slopes, v, at, n)
    by.applyTo(v, at, at, n)
    if (slopes >= 0 && by.slopeByOutput) by.multiplySlopes(v, slopes, v, at, n)
  }
}

/** Clips to ±limit; slopes are 0 where something was cut off. */
function clipSpan(v: FloatArray, at: number, n: number, limit: number, slopes: number): void {
  for (let i = 0; i < n; i++) {
    const x = v[at + i]
    if (Math.abs(x) <= limit) continue
    v[at + i] = x > limit ? limit : x < -limit ? -limit : x
    if (slopes >= 0) v[slopes + i] = 0
  }
}
