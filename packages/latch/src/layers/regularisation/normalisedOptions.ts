/** The option of recurrent layers for layer normalisation, beside those that regularise. */
import { readBoolean } from '../../core/validation.ts'
import { optional } from '../fields.ts'
import type { RecurrentKind } from '../recurrent/definition.ts'
import { NormalisedLayer } from './normalisedLayer.ts'
import { regularisation } from './recurrentOptions.ts'

/** Weight dropout, zoneout and layer normalisation, which needs generic code, for definitions of recurrent layers. */
export const normalisation: RecurrentKind = {
  readers: (cells, cell) => ({ ...regularisation.readers(cells, cell), layerNorm: optional(readBoolean) }),
  Layer: NormalisedLayer,
}
