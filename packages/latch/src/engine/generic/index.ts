/**
 * Generic kernels: activations of every name, in plain TypeScript over any engine's arena, for layers and cells that
 * the fast kernels do not cover. They run on the calling thread only.
 */
import type { Engine } from '../engine.ts'
import type { Pointer } from '../kernels.ts'
import type { Access } from '../reference/access.ts'
import { accessOf, type FunctionSpec } from './access.ts'
import { activatorOf, type Activator } from './activations.ts'

export type { FunctionSpec } from './access.ts'
export type { Activator } from './activations.ts'

/** Elementwise activations of every name. Pointers are byte addresses of `count` consecutive floats. */
export interface GenericKernels {
  /** y = f(x); y may be x. */
  activateForward(y: Pointer, x: Pointer, count: number, spec: FunctionSpec): void
  /**
   * dx = dy·f′, from x before and y after the function; dx may be dy. Only one of x and y is read:
   * see `slopeByOutput`; the other may be 0.
   */
  activateBackward(dx: Pointer, dy: Pointer, x: Pointer, y: Pointer, count: number, spec: FunctionSpec): void
  /** Whether slopes of a function are read from its output; else they are read from its input. */
  slopeByOutput(spec: FunctionSpec): boolean
  /** The engine's arena. */
  readonly access: Access
  /** A function to be applied again and again. @throws UnsupportedError for an unknown name. */
  activator(spec: FunctionSpec): Activator
}

const made = new WeakMap<Engine, GenericKernels>()

/** The generic kernels of an engine, created once. */
export function genericKernels(engine: Engine): GenericKernels {
  const have = made.get(engine)
  if (have) return have
  const kernels = makeKernels(engine)
  made.set(engine, kernels)
  return kernels
}

function makeKernels(engine: Engine): GenericKernels {
  const access = accessOf(engine)
  const { shift } = access
  const activators = new Map<string, Activator>()
  const activator = (spec: FunctionSpec) => {
    const key = `${spec.type} ${spec.alpha} ${spec.beta}`
    let found = activators.get(key)
    if (!found) activators.set(key, (found = activatorOf(engine, access, spec)))
    return found
  }
  return {
    access,
    activator,
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
