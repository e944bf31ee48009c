/**
 * An engine: kernels, the memory they work in, and the threads that run them. A caller that asks for an engine by
 * name gets that one or an error.
 */
import type { Kernels } from './kernels.ts'
import type { Arena } from './arena.ts'
import type { Executor } from './threads/executor.ts'
import type { Names } from '../core/knownNames.ts'

/** Fastest first: `relaxed` is WebAssembly with fused multiply-add, `simd` without, `reference` plain TypeScript. */
export const ENGINE_NAMES = ['relaxed', 'simd', 'reference'] as const
/**
 * `relaxed`: WebAssembly with relaxed SIMD, whose sums may differ in the last bit between processors.
 * `simd`: WebAssembly with 128-bit SIMD, the same bits everywhere. `reference`: plain TypeScript, any host.
 */
export type EngineName = (typeof ENGINE_NAMES)[number]
/** Of all numbers an engine computes with. */
export type Precision = 'float32' | 'float64'

/** Which engine to create. */
export interface EngineOptions {
  /** Which engine; default the fastest that the host offers, in the order of `ENGINE_NAMES`. */
  engine?: EngineName
  /** Use the build whose results are the same bits on every machine: `simd`. Default false. */
  reproducible?: boolean
  /**
   * Threads for large work, the calling one included; they change speed, never a bit. Default: one per core of the
   * host, at most 8. One where the host has no SharedArrayBuffer, and on `reference`.
   */
  threads?: number
  /** `float64` exists on the reference engine only. Default `float32`. */
  precision?: Precision
}

/** Names of these options, for checks of names. */
export const ENGINE_OPTIONS: Names<EngineOptions> = { engine: 1, reproducible: 1, threads: 1, precision: 1 }

/** What computes: a build of the kernels and its threads. */
export interface EngineInfo {
  readonly name: EngineName
  readonly precision: Precision
  /** Threads the engine may use, the calling one included. They start when work is large enough. */
  readonly threads: number
  /** A sentence on why there are fewer threads than requested, or no fast engine, or null. */
  readonly threadsNote: string | null
}

/** An engine with its kernels, the memory they work in, and what runs them in parallel. */
export interface Engine extends EngineInfo {
  /** Columns of a packed panel (W). */
  readonly panel: number
  readonly kernels: Kernels
  readonly memory: Arena
  readonly executor: Executor
  /** Resolves when requested threads are running; at once where none were requested. */
  ready(): Promise<void>
  /** Frees the memory now; nothing may compute with this engine afterwards. */
  dispose(): void
}

/** The note of an engine that has fewer threads than requested. */
export function fewerThreadsNote(threads: number, reason: string): string {
  return `Computes on ${threads > 1 ? `at most ${threads} threads` : '1 thread'}: ${reason}.`
}

/** The row stride that lets a matmul write whole panels: ⌈width/W⌉·W. */
export function strideOf(engine: Engine, width: number): number {
  return Math.ceil(width / engine.panel) * engine.panel
}
