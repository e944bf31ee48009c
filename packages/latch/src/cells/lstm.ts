/**
 * Long short-term memory (Hochreiter & Schmidhuber 1997; forget gate: Gers et al. 2000).
 * i, f, o = σ(Wx·x + Wh·h₋₁ + b), g = tanh(…);  c = f∘c₋₁ + i∘g;  h = o∘tanh(c).
 */
import type { Kernels } from '../engine/kernels.ts'
import { recordHidden, type Cell, type Step } from './cell.ts'

export type LstmGate = 'input' | 'forget' | 'candidate' | 'output'

export const lstm: Cell<LstmGate, 'hidden' | 'cell'> = {
  name: 'lstm',
  gateNames: ['input', 'forget', 'candidate', 'output'],
  stateNames: ['hidden', 'cell'],
  candidate: 'candidate',
  keepGate: 'forget',
  savedName: 'tanh(cell)',
  separateRecurrent: false,
  biasOne: 'forget',
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
