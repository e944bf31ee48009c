/**
 * What generic cells share: any activation, clipping, and the slopes that backward needs, row by row over neighbouring
 * gates. Their loops are plain TypeScript over any engine's arena and run on the calling thread only.
 */
import { fieldError, readNumber, type Field } from '../core/validation.ts'
import type { FloatArray } from '../engine/arena.ts'
import type { Engine } from '../engine/engine.ts'
import { genericKernels, type Activator } from '../engine/generic/index.ts'
import type { Access } from '../engine/reference/access.ts'
import { readActivation, resolveActivation, type ActivationChoice } from './activations.ts'
import {
  DEFAULT_FUNCTIONS,
  recordHidden,
  type CellFunctions,
  type GenericOptions,
  type Stage,
  type Step,
} from './cell.ts'

/** Readers of the options that generic cells have in common. */
export const genericOptions = {
  activation: readActivation,
  clip(field: Field): number {
    const limit = readNumber(field, { min: 0 })
    if (limit > 0) return limit
    throw fieldError(field, 'a limit above 0')
  },
}

/** The functions of a form. */
export function functionsOf(
  options: GenericOptions & {
    gateActivation?: ActivationChoice
    stateActivation?: ActivationChoice
    peepholes?: boolean
    coupled?: boolean
  },
): CellFunctions {
  const { activation = 'tanh', gateActivation, stateActivation, clip = null } = options
  return {
    gate: gateActivation ? resolveActivation(gateActivation) : DEFAULT_FUNCTIONS.gate,
    candidate: resolveActivation(activation),
    state: resolveActivation(stateActivation ?? activation),
    clip,
    peepholes: options.peepholes === true,
    coupled: options.coupled === true,
  }
}

/** The functions of a form, ready to be applied over an engine's arena. */
export interface StepFunctions {
  readonly access: Access
  readonly gate: Activator
  readonly candidate: Activator
  readonly state: Activator
  readonly clip: number | null
  readonly peepholes: boolean
  readonly coupled: boolean
}

export function stepFunctions(engine: Engine, functions: CellFunctions): StepFunctions {
  const { access, activator } = genericKernels(engine)
  const { gate, candidate, state, ...rest } = functions
  return {
    ...rest,
    access,
    gate: activator(gate),
    candidate: activator(candidate),
    state: activator(state),
  }
}

/** A stage's pointwise work. */
export interface GenericStage {
  forward(step: Step): void
  backward(step: Step): void
}

/** A fast cell's stage with generic pointwise work; `records`: ∂L/∂h_t is recorded after backward. */
export function withGenericKernels(stage: Stage, kernels: GenericStage, records: boolean): Stage {
  return {
    ...stage,
    forward: (_, step) => kernels.forward(step),
    backward(own, step) {
      kernels.backward(step)
      if (records) recordHidden(own, step)
    },
  }
}

/** Activates `count` gates from gate `first` on, in place; writes their slopes where the step keeps them. */
export function activateGates(
  { f, shift }: Access,
  step: Step,
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
