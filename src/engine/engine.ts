/**
 * An engine: a way to compute (the kernels), the memory it computes in, and what it is, said plainly.
 * Nothing falls back silently: whoever asks for an engine gets that one or an error.
 */
import type { Kernels } from './kernels.ts'
import type { Memory } from './memory.ts'

/** `reference`: plain TypeScript, any host. `simd`: WebAssembly with 128-bit SIMD. */
export type EngineName = 'reference' | 'simd'
/** Of every number an engine computes with. */
export type Precision = 'float32' | 'float64'

/** Which engine to create. */
export interface EngineOptions {
  /** Which engine; default `simd`. */
  engine?: EngineName
  /** `float64` exists on the reference engine only. Default `float32`. */
  precision?: Precision
}

/** Kernels and the memory they work in. */
export interface Engine {
  readonly name: EngineName
  readonly precision: Precision
  /** Columns of a packed panel (W). */
  readonly panel: number
  readonly kernels: Kernels
  readonly memory: Memory
}

/** The row stride that lets a matmul write whole panels: ⌈width/W⌉·W. */
export function strideOf(engine: Engine, width: number): number {
  return Math.ceil(width / engine.panel) * engine.panel
}
