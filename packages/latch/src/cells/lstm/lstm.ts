/**
 * Long short-term memory (Hochreiter & Schmidhuber 1997; forget gate: Gers et al. 2000).
 * i, f, o = σ(Wx·x + Wh·h₋₁ + b), g = tanh(…);  c = f∘c₋₁ + i∘g;  h = o∘tanh(c).
 */
import { readChoice } from '../../core/validation.ts'
import type { Kernels } from '../../engine/kernels.ts'
import { sameActivation, type ActivationChoice } from '../activations.ts'
import {
  DEFAULT_FUNCTIONS,
  needGeneric,
  recordHidden,
  type Cell,
  type CellDefinition,
  type CellInfo,
  type GenericOptions,
  type Step,
} from '../cell.ts'

type LstmGate = 'input' | 'forget' | 'candidate' | 'output'

/** Options of the fast LSTM. */
export interface LstmOptions {
  /** Of the candidate and the cell state: `tanh`. */
  activation?: 'tanh'
}

/** Options of the generic LSTM. */
export interface GenericLstmOptions extends GenericOptions {
  /** Of the gates. Default `sigmoid`. */
  gateActivation?: ActivationChoice
  /** What h makes of c. Default `activation`. */
  stateActivation?: ActivationChoice
  /** Gates also see the cell state, i and f the old one, o the new one (Gers & Schmidhuber 2000). */
  peepholes?: boolean
  /** f = 1 − i (ONNX `input_forget`). */
  coupled?: boolean
}

export const lstmNames = {
  name: 'lstm',
  gateNames: ['input', 'forget', 'candidate', 'output'],
  stateNames: ['hidden', 'cell'],
  candidate: 'candidate',
  keepGate: 'forget',
  keepConvention: 'keeps = mean of the forget gate f: c = f∘c₋₁ + i∘g',
} as const satisfies CellInfo

const lstm: Cell = {
  ...lstmNames,
  savedName: 'tanh(cell)',
  separateRecurrent: false,
  unitForgetBias: true,
  functions: DEFAULT_FUNCTIONS,
  generic: false,
  stages: [
    {
      firstGate: 0,
      gateCount: 4,
      operand: 'hidden',
      into: 'gates',
      keepsDirectPath: false,
      forward(k: Kernels, s: Step) {
        const { hidden, cell, saved, gates, previousCell, rows, units, gateStride, stride } = s
        k.lstmForward(hidden, cell, saved, gates, previousCell, rows, units, gateStride, stride)
      },
      backward(k: Kernels, s: Step) {
        k.lstmBackward(
          s.dGates,
          s.dHidden,
          s.dCell,
          s.dCellTotal,
          s.dOutput,
          s.gates,
          s.previousCell,
          s.saved,
          s.rows,
          s.units,
          s.gateStride,
          s.stride,
          s.outputStride,
        )
        recordHidden(k, s)
      },
    },
  ],
}

/** The fast cell, or null where a form says more than it computes. */
export function fastLstm(options: GenericLstmOptions): Cell | null {
  const { activation = 'tanh', gateActivation = 'sigmoid', stateActivation = activation } = options
  if (options.clip !== undefined || options.peepholes || options.coupled) return null
  const usual =
    sameActivation(gateActivation, 'sigmoid') &&
    sameActivation(activation, 'tanh') &&
    sameActivation(stateActivation, 'tanh')
  return usual ? lstm : null
}

/** The LSTM with the engine's kernels. */
export const lstmCell: CellDefinition<'lstm', LstmGate, 'hidden' | 'cell', LstmOptions> = {
  ...lstmNames,
  options: { activation: (field) => readChoice(field, ['tanh']) },
  create: (options) => fastLstm(options) ?? needGeneric(lstmNames.name, 'another form'),
}
