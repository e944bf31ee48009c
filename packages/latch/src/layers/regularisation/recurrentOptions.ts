/** The options of recurrent layers that regularise: weight dropout and zoneout. */
import type { CellDefinition } from '../../cells/cell.ts'
import { findCell } from '../../cells/find.ts'
import { fieldAt, fieldError, type Field } from '../../core/validation.ts'
import { optional, readFields, readRate } from '../fields.ts'
import type { RecurrentKind } from '../recurrent/definition.ts'
import type { RecurrentOptions, ZoneoutRates } from '../recurrent/recurrent.ts'
import { RegularisedLayer } from './regularisedLayer.ts'

/** Weight dropout and zoneout, for definitions of recurrent layers. */
export const regularisation: RecurrentKind = {
  readers: (cells, cell) => ({
    weightDropout: optional(readRate),
    zoneout: optional((field) => readZoneout(cells, cell, field)),
  }),
  Layer: RegularisedLayer,
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
