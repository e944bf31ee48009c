/**
 * Gated recurrent unit (Cho et al. 2014). r, z = σ(Wx·x + Wh·h₋₁ + b); h = z∘h₋₁ + (1−z)∘n: z keeps the old.
 * Reset after the product (PyTorch, Keras):  n = tanh(Wx·x + b + r∘(Wh·h₋₁ + b')).
 * Reset before it (the paper):               n = tanh(Wx·x + Wh·(r∘h₋₁) + b).
 */
import type { Kernels } from '../engine/kernels.ts'
import type { Cell, Stage, Step } from './cell.ts'

export type GruGate = 'reset' | 'update' | 'candidate'

const shared = {
  name: 'gru',
  gateNames: ['reset', 'update', 'candidate'],
  stateNames: ['hidden'],
  candidate: 'candidate',
  keepGate: 'update',
  biasOne: null,
} as const satisfies Partial<Cell<GruGate, 'hidden'>>

export const gruResetAfter: Cell<GruGate, 'hidden'> = {
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

export const gruResetBefore: Cell<GruGate, 'hidden'> = {
  ...shared,
  savedName: 'reset hidden',
  separateRecurrent: false,
  stages: [resetGates, resetCandidate],
}
