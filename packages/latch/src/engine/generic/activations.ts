/**
 * Activations of any name over an engine's arena. tanh, sigmoid and relu are the engine's own kernels; the rest are
 * the plain loops of values.ts and slopes.ts.
 */
import type { Engine } from '../engine.ts'
import type { Pointer } from '../kernels.ts'
import type { FloatArray } from '../arena.ts'
import type { Access } from '../reference/access.ts'
import { UnsupportedError } from '../../core/errors.ts'
import type { FunctionSpec } from './access.ts'
import { SLOPES_BY_INPUT, SLOPES_BY_OUTPUT, type SlopeLoop } from './slopes.ts'
import { VALUES, type ValueLoop } from './values.ts'

/** What `kernels.activate` calls them. */
const KERNELS: Readonly<Record<string, number>> = { relu: 1, tanh: 2, sigmoid: 3 }

/** An activation with its parameters, ready to be applied to ranges of the arena. */
export interface Activator {
  readonly spec: FunctionSpec
  /** Whether slopes are read from outputs (else from inputs). */
  readonly slopeByOutput: boolean
  /** y = f(x) for `count` consecutive numbers; y may be x. */
  apply(y: Pointer, x: Pointer, count: number): void
  /** The same by element numbers of the whole arena `v`, for callers that have the view. */
  applyTo(v: FloatArray, y: number, x: number, count: number): void
  /** s ·= f′: n numbers of `s` from `to` on, by those of `v` (inputs or outputs, as `slopeByOutput` says) from `from` on. */
  multiplySlopes(s: FloatArray, to: number, v: FloatArray, from: number, n: number): void
}

/** An activation for an engine. @throws UnsupportedError for an unknown name. */
export function activatorOf({ kernels }: Engine, { f, shift }: Access, spec: FunctionSpec): Activator {
  const { type, alpha, beta } = spec
  const loop = known(VALUES, type) as ValueLoop | undefined
  const slopeByOutput = Object.hasOwn(SLOPES_BY_OUTPUT, type)
  const slopes = known(slopeByOutput ? SLOPES_BY_OUTPUT : SLOPES_BY_INPUT, type) as SlopeLoop | undefined
  if (!loop || !slopes) {
    const expected = `one of ${Object.keys(VALUES).join(', ')}`
    throw new UnsupportedError({ where: 'activation', expected, got: type })
  }
  const kind = Object.hasOwn(KERNELS, type) ? KERNELS[type] : 0
  const size = 1 << shift
  return {
    spec,
    slopeByOutput,
    apply: kind
      ? (y, x, count) => kernels.activate(y, x, count, kind)
      : (y, x, count) => loop(f(), y >>> shift, x >>> shift, count, alpha, beta),
    applyTo: kind
      ? (_v, y, x, count) => kernels.activate(y * size, x * size, count, kind)
      : (v, y, x, count) => loop(v, y, x, count, alpha, beta),
    multiplySlopes: (s, to, v, from, n) => slopes(s, to, v, from, n, alpha, beta),
  }
}

function known<T>(table: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.hasOwn(table, name) ? table[name] : undefined
}
