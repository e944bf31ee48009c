/** The description of an engine, the same in every header and in `latch info`. */
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

/** `relaxed (WebAssembly with …), float32, up to 2 threads`. */
export function describeEngine({ engine, precision, threads }: EngineFacts): string {
  return `${engine} (${ENGINE_DESCRIPTIONS[engine as EngineName]}), ${precision}, ${threads > 1 ? 'up to ' : ''}${plural(threads, 'thread')}`
}
