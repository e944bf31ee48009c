/** ONNX's element-wise activations as Latch's activations, with the attributes that they read. */
import type { ActivationChoice } from '../../../../cells/activations.ts'
import { activate } from '../model.ts'
import { describeValue, type NodeConverter } from '../context.ts'
import type { Convert } from '../shapes.ts'
import type { Value } from '../values.ts'

function clip(at: NodeConverter, [x, low, high]: readonly Value[]): Value {
  const sequence = at.rows([x])
  const bound = (attribute: string, value: Value | undefined, absent: number) => {
    if (value?.kind === 'constant') return value.tensor.data[0]
    if (value && value.kind !== 'absent') throw at.unsupported('constant limits', describeValue(value))
    return at.float(attribute, absent)
  }
  const [from, to] = [bound('min', low, -Infinity), bound('max', high, Infinity)]
  if (from === 0 && to === 6) return at.over(sequence, activate(sequence.tip, 'relu6', at.node))
  if (from === 0 && to > 3.4e38) return at.over(sequence, activate(sequence.tip, 'relu', at.node))
  if (Number.isFinite(from) && Number.isFinite(to) && from <= to) {
    const choice = { type: 'hardTanh', alpha: from, beta: to } as const
    return at.over(sequence, activate(sequence.tip, choice, at.node))
  }
  throw at.unsupported('two limits, or 0 and none', `${from} and ${to}`)
}

const ALPHA = 'alpha'

/** Activations by operator, with the attributes that they read. */
const ACTIVATIONS: Readonly<Record<string, (at: NodeConverter) => ActivationChoice>> = {
  Relu: () => 'relu',
  Tanh: () => 'tanh',
  Sigmoid: () => 'sigmoid',
  Softplus: () => 'softplus',
  Softsign: () => 'softsign',
  Exp: () => 'exponential',
  Mish: () => 'mish',
  HardSwish: () => 'hardSilu',
  Neg: () => ({ type: 'affine', alpha: -1, beta: 0 }),
  Elu: (at) => ({ type: 'elu', alpha: at.float(ALPHA, 1) }),
  LeakyRelu: (at) => ({ type: 'leakyRelu', alpha: at.float(ALPHA, 0.01) }),
  ThresholdedRelu: (at) => ({ type: 'thresholdedRelu', alpha: at.float(ALPHA, 1) }),
  HardSigmoid: (at) => ({ type: 'hardSigmoid', alpha: at.float(ALPHA, 0.2), beta: at.float('beta', 0.5) }),
  Gelu: (at) => (at.text('approximate', 'none') === 'tanh' ? { type: 'gelu', alpha: 1 } : 'gelu'),
  Selu: (at) => {
    const about = (name: string, standard: number) => Math.abs(at.float(name, standard) - standard) < 1e-3
    if (about(ALPHA, 1.67326) && about('gamma', 1.0507)) return 'selu'
    throw at.unsupported('alpha 1.6733 and gamma 1.0507', 'others')
  },
}

/** Operators by name. */
export const FUNCTIONS: Readonly<Record<string, Convert>> = {
  Clip: clip,
  ...Object.fromEntries(
    Object.entries(ACTIVATIONS).map(([op, choose]) => [
      op,
      (at: NodeConverter, inputs: readonly Value[]) => {
        const sequence = at.rows(inputs)
        return at.over(sequence, activate(sequence.tip, choose(at), at.node))
      },
    ]),
  ),
}
