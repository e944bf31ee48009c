/** Every cell by its name and form: the one line that a new cell adds. */
import type { Engine } from '../engine/engine.ts'
import { needFormats } from '../core/errors.ts'
import type { ActivationChoice } from './activations.ts'
import type { Cell, CellName } from './cell.ts'
import { gruResetAfter, gruResetBefore, type GruGate } from './gru.ts'
import { lstm, type LstmGate } from './lstm.ts'
import { rnnRelu, rnnTanh, type RnnGate } from './rnn.ts'

/** Gate names by cell, so that a trace's type knows them. */
export interface GatesOf {
  rnn: RnnGate
  lstm: LstmGate
  gru: GruGate
}

/** State names by cell. */
export interface StatesOf {
  rnn: 'hidden'
  lstm: 'hidden' | 'cell'
  gru: 'hidden'
}

/** Which cell, and which form of it. */
export interface CellForm {
  cell: CellName
  /** GRU only. Default `after`. */
  reset?: 'after' | 'before'
  /** Of the candidate (a SimpleRNN's h), and of an LSTM's output unless `stateActivation` says otherwise. Default `tanh`. */
  activation?: ActivationChoice
  /** Of the gates. Default `sigmoid`. */
  gateActivation?: ActivationChoice
  /** LSTM only: what h makes of c. Default `activation`. */
  stateActivation?: ActivationChoice
  /** Pre-activations are clipped to ±clip (ONNX). Default: not. */
  clip?: number
  /** LSTM only: gates also see the cell state, i and f the old one, o the new one (Gers & Schmidhuber 2000). */
  peepholes?: boolean
  /** LSTM only: f = 1 − i (ONNX `input_forget`). */
  coupled?: boolean
}

/** Makes a cell of any form on an engine. */
export type GeneralCells = (form: CellForm, engine: Engine | undefined) => Cell

let general: GeneralCells = ({ cell }) => needFormats(cell, 'other functions')

/** Tells who makes the forms that have no kernels of their own (model/moreLayers.ts does). */
export function announceGeneralCells(factory: GeneralCells): void {
  general = factory
}

/**
 * The cell of a form: of the default forms, and a simple RNN's `relu`, the fast one.
 * @param engine where it computes; only other forms need it
 * @throws UnsupportedError for other forms unless `latch/formats` is loaded
 */
export function cellOf(form: CellForm, engine?: Engine): Cell {
  const {
    cell,
    activation: f = 'tanh',
    gateActivation,
    stateActivation: s = f,
    clip,
    peepholes,
    coupled,
  } = form
  const isRnn = cell === 'rnn'
  const plainGates = isRnn || ((gateActivation ?? 'sigmoid') === 'sigmoid' && s === 'tanh')
  if (clip || peepholes || coupled || !plainGates || (f !== 'tanh' && !(isRnn && f === 'relu')))
    return general(form, engine)
  if (cell === 'lstm') return lstm
  if (cell === 'gru') return form.reset === 'before' ? gruResetBefore : gruResetAfter
  return f === 'relu' ? rnnRelu : rnnTanh
}
