/** A recurrent layer with weight dropout and zoneout, each on every loop. */
import type { Cell } from '../../cells/cell.ts'
import type { CellForm } from '../../cells/registry.ts'
import type { Engine } from '../../engine/engine.ts'
import type { PackedBatch } from '../../tensors/packedBatch.ts'
import type { Capacity, Context, Edge, LayerStep, Pass, StreamContext } from '../layer.ts'
import type { LoopHooks } from '../recurrent/loopShape.ts'
import { RecurrentLayer, type RecurrentOptions } from '../recurrent/recurrent.ts'
import type { Rows } from '../streamRows.ts'
import { WeightDropout } from './weightDropout.ts'
import { Zoneout } from './zoneout.ts'
import { hasZoneout, zoneoutRates } from './zoneoutRates.ts'

export class RegularisedLayer extends RecurrentLayer {
  /** One for each loop, or none. */
  readonly #weights: readonly WeightDropout[]
  readonly #zoneouts: readonly Zoneout[]

  constructor(
    context: Context,
    name: string,
    options: RecurrentOptions,
    input: Edge,
    cellOf: (form: CellForm, engine: Engine) => Cell,
  ) {
    super(context, name, options, input, cellOf)
    const { weightDropout = 0, zoneout } = options
    const { cell = 0, ...hidden } = zoneoutRates(zoneout)
    const rates = this.cell.stateNames.includes('cell') ? { ...hidden, cell } : hidden
    this.#weights =
      weightDropout > 0 ? this.loops.map((loop) => new WeightDropout(context, weightDropout, loop)) : []
    this.#zoneouts = hasZoneout(options) ? this.loops.map((loop) => new Zoneout(context, rates, loop)) : []
  }

  override plan(capacity: Capacity, training: boolean): void {
    super.plan(capacity, training)
    for (const weights of this.#weights) weights.plan(training)
    for (const zoneout of this.#zoneouts) zoneout.plan(capacity, training)
  }

  override forward(batch: PackedBatch, pass: Pass): void {
    for (const weights of this.#weights) weights.begin(pass)
    for (const zoneout of this.#zoneouts) zoneout.begin(batch, pass)
    super.forward(batch, pass)
  }

  override backward(batch: PackedBatch, pass: Pass): void {
    super.backward(batch, pass)
    for (const weights of this.#weights) weights.end(pass)
  }

  protected override inner(direction: number, overrides: LoopHooks | null): LoopHooks | null {
    const zoneout = this.#zoneouts[direction]
    if (!zoneout) return overrides
    zoneout.inner = overrides
    return zoneout
  }

  override stream(context: StreamContext, x: Rows): LayerStep {
    const step = super.stream(context, x)
    return this.#zoneouts[0]?.stream(context, step) ?? step
  }
}
