/** A recurrent layer with layer normalisation on every loop, beside what regularises. */
import type { Cell } from '../../cells/cell.ts'
import { normalisedCell } from '../../cells/layerNorm.ts'
import type { CellForm } from '../../cells/registry.ts'
import type { Engine } from '../../engine/engine.ts'
import type { Capacity, Context, Edge } from '../layer.ts'
import type { RecurrentOptions } from '../recurrent/recurrent.ts'
import { LoopNorm, throwBias } from './loopNorm.ts'
import { RegularisedLayer } from './regularisedLayer.ts'

export class NormalisedLayer extends RegularisedLayer {
  /** One for each loop, or none. */
  readonly #norms: readonly LoopNorm[]

  constructor(
    context: Context,
    name: string,
    options: RecurrentOptions,
    input: Edge,
    cellOf: (form: CellForm, engine: Engine) => Cell,
  ) {
    const norms: LoopNorm[] = []
    if (options.layerNorm) {
      const { bias, ...others } = options
      if (bias !== undefined) throwBias(name, bias)
      super(context, name, { ...others, bias: false }, input, (form, engine) => {
        const norm = new LoopNorm(context)
        norms.push(norm)
        return normalisedCell(cellOf(form, engine), engine, norm)
      })
    } else super(context, name, options, input, cellOf)
    norms.forEach((norm, d) => (norm.loop = this.loops[d]))
    this.#norms = norms
  }

  override initialise(seed: number): void {
    super.initialise(seed)
    for (const norm of this.#norms) norm.initialise()
  }

  override plan(capacity: Capacity, training: boolean): void {
    super.plan(capacity, training)
    for (const norm of this.#norms) norm.plan(capacity, training)
  }
}
