/**
 * General kernels: what imported models compute with besides the fast kernels, in plain TypeScript over any engine's
 * arena. They run on the calling thread only, so whoever uses them does not share that work.
 */
import type { Engine } from '../engine.ts'
import type { Pointer } from '../kernels.ts'
import { accessOf, type FunctionSpec } from './access.ts'
import { activatorOf, type Activator } from './activations.ts'
import { gruCandidateStage, gruResetStage, gruStage } from './gru.ts'
import { lstmStage } from './lstm.ts'
import { rnnStage } from './rnn.ts'
import type { GeneralStage, StepFunctions } from './step.ts'

export type { GeneralStage, GeneralStep, StepFunctions } from './step.ts'
export type { FunctionSpec } from './access.ts'
export type { Activator } from './activations.ts'

/** Elementwise activations of every name. Pointers are byte addresses of `count` consecutive floats. */
export interface GeneralKernels {
  /** y = f(x); y may be x. */
  activateForward(y: Pointer, x: Pointer, count: number, spec: FunctionSpec): void
  /**
   * dx = dy·f′, from x before and y after the function; dx may be dy. Only one of x and y is read:
   * see `slopeByOutput`; the other may be 0.
   */
  activateBackward(dx: Pointer, dy: Pointer, x: Pointer, y: Pointer, count: number, spec: FunctionSpec): void
  /** Whether slopes of a function are read from its output; else they are read from its input. */
  slopeByOutput(spec: FunctionSpec): boolean
  /** A function to be applied again and again. @throws UnsupportedError for an unknown name. */
  activator(spec: FunctionSpec): Activator
  /** The one stage of a simple RNN, of an LSTM, of a GRU that resets after the product; both stages of one that resets before. */
  rnn(functions: StepFunctions): GeneralStage
  lstm(functions: StepFunctions): GeneralStage
  gru(functions: StepFunctions): GeneralStage
  gruResetBefore(functions: StepFunctions): [GeneralStage, GeneralStage]
}

const made = new WeakMap<Engine, GeneralKernels>()

/** The general kernels of an engine, made once. */
export function generalKernels(engine: Engine): GeneralKernels {
  const have = made.get(engine)
  if (have) return have
  const kernels = makeKernels(engine)
  made.set(engine, kernels)
  return kernels
}

function makeKernels(engine: Engine): GeneralKernels {
  const access = accessOf(engine)
  const { shift } = access
  const activators = new Map<string, Activator>()
  const activator = (spec: FunctionSpec) => {
    const key = `${spec.type} ${spec.alpha} ${spec.beta}`
    let found = activators.get(key)
    if (!found) activators.set(key, (found = activatorOf(engine, access, spec)))
    return found
  }
  const settled = ({ gate, candidate, state, ...rest }: StepFunctions) => ({
    ...rest,
    gate: activator(gate),
    candidate: activator(candidate),
    state: activator(state),
  })
  return {
    activator,
    rnn: ({ candidate, clip }) => rnnStage(access, activator(candidate), clip),
    lstm: (functions) => lstmStage(access, settled(functions)),
    gru: (functions) => gruStage(access, settled(functions)),
    gruResetBefore: (functions) => {
      const by = settled(functions)
      return [gruResetStage(access, by), gruCandidateStage(access, by)]
    },
    slopeByOutput: (spec) => activator(spec).slopeByOutput,
    activateForward: (y, x, count, spec) => activator(spec).apply(y, x, count),
    activateBackward(dx, dy, x, y, count, spec) {
      const f = activator(spec)
      const v = access.f()
      if (dx !== dy) v.copyWithin(dx >>> shift, dy >>> shift, (dy >>> shift) + count)
      f.multiplySlopes(v, dx >>> shift, v, (f.slopeByOutput ? y : x) >>> shift, count)
    },
  }
}
