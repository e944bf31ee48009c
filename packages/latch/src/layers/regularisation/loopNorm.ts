/** Layer normalisation of one loop: the memory that its cell keeps for the way back, and its initial values. */
import { initialNorm, isNormalised, type NormMemory } from '../../cells/layerNorm.ts'
import { ShapeError } from '../../core/errors.ts'
import type { Pointer } from '../../engine/kernels.ts'
import type { Capacity, Context } from '../layer.ts'
import type { TimeLoop } from '../recurrent/timeLoop.ts'
import { windowRows } from '../recurrent/windows.ts'

export class LoopNorm implements NormMemory {
  /** Set once the loop is there. */
  loop: TimeLoop | null = null
  products: Pointer = 0
  states: Pointer = 0
  readonly #context: Context

  constructor(context: Context) {
    this.#context = context
  }

  get gates(): Pointer {
    return this.loop!.tape.gates
  }

  initialise(): void {
    const { cell, units, parameters } = this.loop!
    if (isNormalised(cell)) this.#context.store.write(parameters.extra!, initialNorm(cell, units))
  }

  plan(capacity: Capacity, training: boolean): void {
    const { engine, keptSteps } = this.#context
    const { stride, gateStride } = this.loop!
    const floats = (count: number) => (training ? engine.memory.floats(count, 'layer normalisation') : 0)
    this.products = floats(windowRows(capacity, keptSteps) * gateStride)
    this.states = floats(capacity.sequences * stride)
  }
}

/** @throws ShapeError, always: the normalisation has the biases */
export function throwBias(name: string, bias: unknown): never {
  throw new ShapeError({
    where: name,
    expected: 'no `bias` beside layerNorm, which has its own',
    got: `bias ${bias}`,
  })
}
