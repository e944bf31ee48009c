/**
 * Gated recurrent unit (Cho et al. 2014). r, z = σ(Wx·x + Wh·h₋₁ + b); h = z∘h₋₁ + (1−z)∘n: z keeps the old.
 * Reset after the product (PyTorch, Keras):  n = tanh(Wx·x + b + r∘(Wh·h₋₁ + b')).
 * Reset before it (the paper):               n = tanh(Wx·x + Wh·(r∘h₋₁) + b).
 */
import { readChoice } from '../../core/validation.ts'
import type { Kernels } from '../../engine/kernels.ts'
import { sameActivation, type ActivationChoice } from '../activations.ts'
import {
  DEFAULT_FUNCTIONS,
  needGeneric,
  type Cell,
  type CellDefinition,
  type CellInfo,
  type GenericOptions,
  type Stage,
  type Step,
} from '../cell.ts'

type GruGate = 'reset' | 'update' | 'candidate'

/** Options of the fast GRU. */
export interface GruOptions {
  /** Whether the reset gate acts after the product with Wh (PyTorch, Keras) or before it (the paper). Default `after`. */
  reset?: 'after' | 'before'
  /** Of the candidate: `tanh`. */
  activation?: 'tanh'
}

/** Options of the generic GRU. */
export interface GenericGruOptions extends GenericOptions {
  reset?: 'after' | 'before'
  /** Of the gates. Default `sigmoid`. */
  gateActivation?: ActivationChoice
}

export const gruNames = {
  name: 'gru',
  gateNames: ['reset', 'update', 'candidate'],
  stateNames: ['hidden'],
  candidate: 'candidate',
  keepGate: 'update',
  keepConvention: 'keeps = mean of the update gate z, which keeps the old here: h = z∘h₋₁ + (1−z)∘n',
} as const satisfies CellInfo

const shared = {
  ...gruNames,
  unitForgetBias: false,
  functions: DEFAULT_FUNCTIONS,
  generic: false,
} as const satisfies Partial<Cell>

const gruResetAfter: Cell = {
  ...shared,
  savedName: 'recurrent candidate',
  separateRecurrent: true,
  stages: [
    {
      firstGate: 0,
      gateCount: 3,
      operand: 'hidden',
      into: 'recurrent',
      keepsDirectPath: true,
      forward(k: Kernels, s: Step) {
        const { hidden, saved, gates, recurrent, previousHidden, rows, units, gateStride, stride } = s
        k.gruForward(hidden, saved, gates, recurrent, previousHidden, rows, units, gateStride, stride)
      },
      backward(k: Kernels, s: Step) {
        k.gruBackward(
          s.dGates,
          s.dRecurrent,
          s.dHidden,
          s.dHiddenTotal,
          s.dOutput,
          s.gates,
          s.saved,
          s.previousHidden,
          s.rows,
          s.units,
          s.gateStride,
          s.stride,
          s.outputStride,
        )
      },
    },
  ],
}

const resetGates: Stage = {
  firstGate: 0,
  gateCount: 2,
  operand: 'hidden',
  into: 'gates',
  keepsDirectPath: true,
  forward(k: Kernels, s: Step) {
    k.gruResetForward(s.saved, s.gates, s.previousHidden, s.rows, s.units, s.gateStride, s.stride)
  },
  backward(k: Kernels, s: Step) {
    const { dGates, dHidden, dOperand, gates, previousHidden, rows, units, gateStride, stride } = s
    k.gruResetBackward(dGates, dHidden, dOperand, gates, previousHidden, rows, units, gateStride, stride)
  },
}

const resetCandidate: Stage = {
  firstGate: 2,
  gateCount: 1,
  operand: 'saved',
  into: 'gates',
  keepsDirectPath: false,
  forward(k: Kernels, s: Step) {
    k.gruCandidateForward(s.hidden, s.gates, s.previousHidden, s.rows, s.units, s.gateStride, s.stride)
  },
  backward(k: Kernels, s: Step) {
    k.gruCandidateBackward(
      s.dGates,
      s.dHidden,
      s.dHiddenTotal,
      s.dOutput,
      s.gates,
      s.previousHidden,
      s.rows,
      s.units,
      s.gateStride,
      s.stride,
      s.outputStride,
    )
  },
}

const gruResetBefore: Cell = {
  ...shared,
  savedName: 'reset hidden',
  separateRecurrent: false,
  stages: [resetGates, resetCandidate],
}

/** The fast cell of a form, whatever its functions. */
export function gruForm({ reset }: Pick<GenericGruOptions, 'reset'>): Cell {
  return reset === 'before' ? gruResetBefore : gruResetAfter
}

/** The fast cell, or null where a form says more than it computes. */
export function fastGru(options: GenericGruOptions): Cell | null {
  const { activation = 'tanh', gateActivation = 'sigmoid', clip } = options
  const usual = sameActivation(gateActivation, 'sigmoid') && sameActivation(activation, 'tanh')
  return usual && clip === undefined ? gruForm(options) : null
}

/** The GRU with the engine's kernels. */
export const gruCell: CellDefinition<'gru', GruGate, 'hidden', GruOptions> = {
  ...gruNames,
  options: {
    reset: (field) => readChoice(field, ['after', 'before']),
    activation: (field) => readChoice(field, ['tanh']),
  },
  create: (options) => fastGru(options) ?? needGeneric(gruNames.name, 'another form'),
}
