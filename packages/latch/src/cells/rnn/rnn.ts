/**
 * The simple recurrent cell (Elman 1990): h_t = f(Wx·x_t + Wh·h_{t−1} + b), f = tanh or relu.
 */
import { readChoice } from '../../core/validation.ts'
import type { Kernels } from '../../engine/kernels.ts'
import { resolveActivation, sameActivation } from '../activations.ts'
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

type RnnGate = 'candidate'

/** Options of the fast simple RNN. */
export interface RnnOptions {
  /** Of h. Default `tanh`. */
  activation?: 'tanh' | 'relu'
}

export const rnnNames = {
  name: 'rnn',
  gateNames: ['candidate'],
  stateNames: ['hidden'],
  candidate: 'candidate',
  keepGate: null,
  keepConvention: 'a simple RNN has no gate: it overwrites its memory at every step',
} as const satisfies CellInfo

function withFunction(relu: 0 | 1): Cell {
  return {
    ...rnnNames,
    savedName: null,
    separateRecurrent: false,
    unitForgetBias: false,
    functions: { ...DEFAULT_FUNCTIONS, candidate: resolveActivation(relu ? 'relu' : 'tanh') },
    generic: false,
    hiddenIsCandidate: true,
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

const rnnTanh = withFunction(0)
const rnnRelu = withFunction(1)

/** The fast cell, or null where a form says more than it computes. */
export function fastRnn({ activation = 'tanh', clip }: GenericOptions): Cell | null {
  if (clip !== undefined) return null
  if (sameActivation(activation, 'tanh')) return rnnTanh
  return sameActivation(activation, 'relu') ? rnnRelu : null
}

/** The simple RNN with the engine's kernels. */
export const rnnCell: CellDefinition<'rnn', RnnGate, 'hidden', RnnOptions> = {
  ...rnnNames,
  options: { activation: (field) => readChoice(field, ['tanh', 'relu']) },
  create: (options) => fastRnn(options) ?? needGeneric(rnnNames.name, 'another form'),
}
