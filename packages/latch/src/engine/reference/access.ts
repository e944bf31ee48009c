/**
 * How reference kernels read and write the arena. They get both arrays at entry, because growing the arena replaces its
 * buffer, and turn a byte pointer into an element number with `pointer >>> shift`.
 */
import type { FloatArray } from '../arena.ts'

export interface Access {
  /** The whole arena as floats of the engine's precision. */
  f(): FloatArray
  /** The whole arena as int32. */
  i(): Int32Array
  /** log2 of the bytes in a float: 2 or 3. */
  readonly shift: 2 | 3
  /** Columns of a packed panel (W), a multiple of 4. */
  readonly panel: number
}

export function sigmoid(x: number): number {
  return 1 / (1 + Math.exp(-x))
}
