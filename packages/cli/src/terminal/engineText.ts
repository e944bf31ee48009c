/** Engines: one line over the progress, a sentence in `latch info`. */
import type { EngineName } from 'latch'
import { plural } from './numbers.ts'

/** Fastest first. */
export const ENGINE_DESCRIPTIONS: { readonly [E in EngineName]: string } = {
  relaxed: 'WebAssembly with relaxed SIMD and fused multiply-add',
  simd: 'WebAssembly with 128-bit SIMD, bit-identical on every machine',
  reference: 'plain TypeScript',
}

export const ENGINE_NAMES = Object.keys(ENGINE_DESCRIPTIONS) as EngineName[]

export interface EngineFacts {
  engine: string
  precision: string
  threads: number
}

/** `relaxed, float32, up to 2 threads`; `latch info` says what the engines are. */
export function describeEngine({ engine, precision, threads }: EngineFacts): string {
  return `${engine}, ${precision}, ${threads > 1 ? 'up to ' : ''}${plural(threads, 'thread')}`
}
