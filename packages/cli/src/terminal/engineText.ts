/** An engine in words, the same in every header and in `latch info`. */
import type { EngineName } from 'latch'
import { plural } from './numbers.ts'

export const ENGINE_WORDS: { readonly [E in EngineName]: string } = {
  relaxed: 'WebAssembly with relaxed SIMD and fused multiply-add',
  simd: 'WebAssembly with 128-bit SIMD, the same bits everywhere',
  reference: 'plain TypeScript',
}

export interface EngineFacts {
  engine: string
  precision: string
  threads: number
}

/** `relaxed (WebAssembly with …), float32, up to 2 threads`. */
export function engineInWords({ engine, precision, threads }: EngineFacts): string {
  const words = ENGINE_WORDS[engine as EngineName]
  return `${engine} (${words}), ${precision}, ${threads > 1 ? 'up to ' : ''}${plural(threads, 'thread')}`
}
