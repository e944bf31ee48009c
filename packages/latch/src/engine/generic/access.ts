/** How generic kernels read and write any engine's arena: one view over all of it, renewed when it grows. */
import type { Engine } from '../engine.ts'
import type { FloatArray } from '../arena.ts'
import type { Access } from '../reference/access.ts'

/** An activation with its numbers; names and formulas are in cells/activations.ts. */
export interface FunctionSpec {
  readonly type: string
  readonly alpha: number
  readonly beta: number
}

/** Access to the arena of any engine, in its precision. */
export function accessOf({ memory, precision, panel }: Engine): Access {
  const Floats = precision === 'float32' ? Float32Array : Float64Array
  let floats: FloatArray = new Floats(0)
  let ints = new Int32Array(0)
  const renew = () => {
    const { buffer } = memory
    if (buffer === floats.buffer) return
    floats = new Floats(buffer)
    ints = new Int32Array(buffer)
  }
  return {
    f: () => (renew(), floats),
    i: () => (renew(), ints),
    shift: precision === 'float32' ? 2 : 3,
    panel,
  }
}
