/**
 * The simple recurrent cell (Elman 1990): h_t = f(Wx·x_t + Wh·h_{t−1} + b), f = tanh or relu.
 */
import type { Kernels } from '../engine/kernels.ts'
import { recordHidden, type Cell, type Step } from './cell.ts'

export type RnnGate = 'candidate'

function rnnCell(relu: 0 | 1): Cell<RnnGate, 'hidden'> {
  return {
    name: 'rnn',
    gateNames: ['candidate'],
    stateNames: ['hidden'],
    candidate: 'candidate',
    keepGate: null,
    savedName: null,
    separateRecurrent: false,
    biasOne: null,
    stages: [
      {
        firstGate: 0,
        gateCount: 1,
        operand: 'hidden',
        into: 'gates',
        keepsDirectPath: false,
        forward(k: Kernels, s: Step) {
          k.rnnForward(s.hidden, s.gates, s.rows, s.units, s.gateStride, s.stride, relu)
        },
        backward(k: Kernels, s: Step) {
          const { dGates, dHidden, dOutput, hidden, rows, units, gateStride, stride, outputStride } = s
          k.rnnBackward(dGates, dHidden, dOutput, hidden, rows, units, gateStride, stride, outputStride, relu)
          recordHidden(k, s)
        },
      },
    ],
  }
}

export const rnnTanh = rnnCell(0)
export const rnnRelu = rnnCell(1)
