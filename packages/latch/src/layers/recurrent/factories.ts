/** Typed factories of recurrent layers, each with its own cell alone: a bundle with `gru` carries no LSTM. */
import type { GenericOptions } from '../../cells/cell.ts'
import { genericGruCell } from '../../cells/gru/generic.ts'
import { gruCell, type GenericGruOptions, type GruOptions } from '../../cells/gru/gru.ts'
import { genericLstmCell } from '../../cells/lstm/generic.ts'
import { lstmCell, type GenericLstmOptions, type LstmOptions } from '../../cells/lstm/lstm.ts'
import { genericRnnCell } from '../../cells/rnn/generic.ts'
import { rnnCell, type RnnOptions } from '../../cells/rnn/rnn.ts'
import { cells, type CellName } from '../../cells/registry.ts'
import type { LayerSpec } from '../definition.ts'
import { normalisation } from '../regularisation/normalisedOptions.ts'
import { regularisation } from '../regularisation/recurrentOptions.ts'
import { mergingRecurrentLayer, recurrentLayer } from './definition.ts'
import { projectedLstmLayer, type ProjectedLstmOptions } from './projected.ts'
import type { RecurrentOptions } from './recurrent.ts'

/** Options of every recurrent layer. */
export type RecurrentSettings = Pick<
  RecurrentOptions,
  'direction' | 'returnSequences' | 'bias' | 'weightDropout' | 'zoneout'
>

/** Options of any fast cell. */
type CellOptions = RnnOptions | LstmOptions | GruOptions

/** Options of recurrent layers with generic cells. */
export type GenericRecurrentSettings = RecurrentSettings &
  Pick<RecurrentOptions, 'merge' | 'backward' | 'layerNorm'>

const rnnLayer = /* @__PURE__ */ recurrentLayer([rnnCell], regularisation)
const lstmLayer = /* @__PURE__ */ recurrentLayer([lstmCell], regularisation)
const gruLayer = /* @__PURE__ */ recurrentLayer([gruCell], regularisation)
const anyLayer = /* @__PURE__ */ recurrentLayer(cells, regularisation)
const genericRnnLayer = /* @__PURE__ */ mergingRecurrentLayer([genericRnnCell], normalisation)
const genericLstmLayer = /* @__PURE__ */ mergingRecurrentLayer([genericLstmCell], normalisation)
const genericGruLayer = /* @__PURE__ */ mergingRecurrentLayer([genericGruCell], normalisation)

/** A simple recurrent layer: h = tanh(Wx·x + Wh·h₋₁ + b), or `relu`. */
export function rnn(
  units: number,
  options: RecurrentSettings & RnnOptions = {},
): LayerSpec<RecurrentOptions> {
  return { definition: rnnLayer, options: { type: 'recurrent', cell: rnnCell.name, units, ...options } }
}

/**
 * An LSTM layer (Hochreiter & Schmidhuber 1997, with forget gate). With a `projectionSize` below `units`, its output
 * is that narrow (Sak et al. 2014), as PyTorch's `proj_size` makes it.
 */
export function lstm(
  units: number,
  options: Omit<ProjectedLstmOptions, 'type' | 'units'>,
): LayerSpec<ProjectedLstmOptions>
export function lstm(
  units: number,
  options?: RecurrentSettings & LstmOptions & { projectionSize?: undefined },
): LayerSpec<RecurrentOptions>
export function lstm(
  units: number,
  { projectionSize, ...options }: RecurrentSettings & LstmOptions & { projectionSize?: number } = {},
): LayerSpec<RecurrentOptions> | LayerSpec<ProjectedLstmOptions> {
  if (projectionSize !== undefined) {
    const projected = { type: 'projectedLstm', units, projectionSize, ...options } as ProjectedLstmOptions
    return { definition: projectedLstmLayer, options: projected }
  }
  return { definition: lstmLayer, options: { type: 'recurrent', cell: lstmCell.name, units, ...options } }
}

/** A GRU layer (Cho et al. 2014); `reset` says whether r is applied after the product (default) or before it. */
export function gru(
  units: number,
  options: RecurrentSettings & GruOptions = {},
): LayerSpec<RecurrentOptions> {
  return { definition: gruLayer, options: { type: 'recurrent', cell: gruCell.name, units, ...options } }
}

/** A recurrent layer whose cell is chosen at run time: a bundle with it carries all three. */
export function recurrent(
  cell: CellName,
  units: number,
  options: RecurrentSettings & CellOptions = {},
): LayerSpec<RecurrentOptions> {
  return { definition: anyLayer, options: { type: 'recurrent', cell, units, ...options } }
}

/** A simple recurrent layer of any form: activations, clipping. */
export function genericRnn(
  units: number,
  options: GenericRecurrentSettings & GenericOptions = {},
): LayerSpec<RecurrentOptions> {
  return {
    definition: genericRnnLayer,
    options: { type: 'recurrent', cell: genericRnnCell.name, units, ...options },
  }
}

/** An LSTM layer of any form: activations, clipping, peepholes, coupled gates. */
export function genericLstm(
  units: number,
  options: GenericRecurrentSettings & GenericLstmOptions = {},
): LayerSpec<RecurrentOptions> {
  return {
    definition: genericLstmLayer,
    options: { type: 'recurrent', cell: genericLstmCell.name, units, ...options },
  }
}

/** A GRU layer of any form: activations, clipping. */
export function genericGru(
  units: number,
  options: GenericRecurrentSettings & GenericGruOptions = {},
): LayerSpec<RecurrentOptions> {
  return {
    definition: genericGruLayer,
    options: { type: 'recurrent', cell: genericGruCell.name, units, ...options },
  }
}
