/** The options of recurrent layers that regularise: weight dropout and zoneout. */
import type { CellDefinition } from '../../cells/cell.ts'
import { findCell } from '../../cells/find.ts'
import { fieldAt, fieldError, type Field } from '../../core/validation.ts'
import { optional, readFields, readRate } from '../fields.ts'
import type { Context } from '../layer.ts'
import type { Regularisation } from '../recurrent/definition.ts'
import type { LoopRegulariser, RecurrentOptions, ZoneoutRates } from '../recurrent/recurrent.ts'
import type { TimeLoop } from '../recurrent/timeLoop.ts'
import { WeightDropout } from './weightDropout.ts'
import { Zoneout } from './zoneout.ts'

/** Weight dropout and zoneout, for definitions of recurrent layers. */
export const regularisation: Regularisation = {
  readers: (cells, cell) => ({
    weightDropout: optional(readRate),
    zoneout: optional((field) => readZoneout(cells, cell, field)),
  }),
  create: (context, options, loop) => new Regularisers(context, options, loop),
}

/** A rate of every state, or rates by name. */
function readZoneout(
  cells: readonly CellDefinition[],
  cell: string,
  field: Field,
): NonNullable<RecurrentOptions['zoneout']> {
  if (typeof field.value !== 'object') return readRate(field)
  const rates = readFields<ZoneoutRates>(field, { hidden: optional(readRate), cell: optional(readRate) })
  if (rates.cell && !findCell(cells, cell).stateNames.includes('cell'))
    throw fieldError(fieldAt(field, 'cell'), `nothing for a ${cell}, which has no cell state`)
  return rates
}

/** The rates of each state, as numbers. */
export function zoneoutRates(zoneout: RecurrentOptions['zoneout'] = 0): ZoneoutRates {
  return typeof zoneout === 'number' ? { hidden: zoneout, cell: zoneout } : zoneout
}

/** Whether inference differs from a layer without zoneout. */
export function hasZoneout(options: { readonly zoneout?: RecurrentOptions['zoneout'] }): boolean {
  const { hidden = 0, cell = 0 } = zoneoutRates(options.zoneout)
  return hidden > 0 || cell > 0
}

class Regularisers implements LoopRegulariser {
  readonly #weights: WeightDropout | null
  readonly #zoneout: Zoneout | null

  constructor(context: Context, options: RecurrentOptions, loop: TimeLoop) {
    const { weightDropout = 0, zoneout } = options
    const { cell = 0, ...rates } = zoneoutRates(zoneout)
    const own = loop.cell.stateNames.includes('cell') ? { ...rates, cell } : rates
    this.#weights = weightDropout > 0 ? new WeightDropout(context, weightDropout, loop) : null
    this.#zoneout = hasZoneout(options) ? new Zoneout(context, own, loop) : null
  }

  plan(...[capacity, training]: Parameters<LoopRegulariser['plan']>): void {
    this.#weights?.plan(training)
    this.#zoneout?.plan(capacity, training)
  }

  begin(...[batch, pass]: Parameters<LoopRegulariser['begin']>): void {
    this.#weights?.begin(pass)
    this.#zoneout?.begin(batch, pass)
  }

  hooks(inner: Parameters<LoopRegulariser['hooks']>[0]): ReturnType<LoopRegulariser['hooks']> {
    if (!this.#zoneout) return inner
    this.#zoneout.inner = inner
    return this.#zoneout
  }

  end(...[pass]: Parameters<LoopRegulariser['end']>): void {
    this.#weights?.end(pass)
  }

  stream(
    ...[context, step, states]: Parameters<LoopRegulariser['stream']>
  ): ReturnType<LoopRegulariser['stream']> {
    return this.#zoneout?.stream(context, step, states) ?? step
  }
}
