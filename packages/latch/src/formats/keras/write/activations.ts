/** Latch's activations → Keras 3's names and layers. Source: keras.activations and keras.layers of Keras 3. */
import { exportAs } from '../../fixes.ts'
import { resolveActivation, type ActivationChoice, type ActivationName } from '../../../cells/activations.ts'
import { UnsupportedError } from '../../../core/errors.ts'

const NAMES: Partial<Record<ActivationName, string>> = {
  linear: 'linear',
  relu: 'relu',
  tanh: 'tanh',
  sigmoid: 'sigmoid',
  softplus: 'softplus',
  softsign: 'softsign',
  selu: 'selu',
  exponential: 'exponential',
  relu6: 'relu6',
  silu: 'silu',
  mish: 'mish',
  hardSilu: 'hard_silu',
}

/** The name of an activation, or null if Keras 3 does not have it. */
export function activationName(choice: ActivationChoice | 'softmax' | 'logSoftmax'): string | null {
  if (choice === 'softmax') return 'softmax'
  if (choice === 'logSoftmax') return 'log_softmax'
  const { type, alpha, beta } = resolveActivation(choice)
  if (type === 'hardSigmoid') return Math.abs(alpha - 1 / 6) < 1e-6 && beta === 0.5 ? 'hard_sigmoid' : null
  if (type === 'leakyRelu') return alpha === 0.2 ? 'leaky_relu' : null
  if (type === 'elu') return alpha === 1 ? 'elu' : null
  if (type === 'hardTanh') return alpha === -1 && beta === 1 ? 'hard_tanh' : null
  if (type === 'gelu') return alpha === 0 ? 'gelu' : null
  return NAMES[type] ?? null
}

/** Class and options of an activation layer. @throws UnsupportedError naming the activation */
export function activationLayerOut(
  choice: ActivationChoice | 'softmax' | 'logSoftmax',
  where: string,
): { type: string; config: Record<string, unknown> } {
  const name = activationName(choice)
  if (name) return { type: 'Activation', config: { activation: name } }
  const { type, alpha } = resolveActivation(choice as ActivationChoice)
  if (type === 'leakyRelu') return { type: 'LeakyReLU', config: { negative_slope: alpha } }
  if (type === 'elu') return { type: 'ELU', config: { alpha } }
  if (type === 'thresholdedRelu') return { type: 'ReLU', config: { threshold: alpha } }
  throw noName(choice as ActivationChoice, where)
}

/** @throws UnsupportedError for an activation that cells in Keras do not support */
export function cellActivation(choice: ActivationChoice, where: string): string {
  const name = activationName(choice)
  if (name) return name
  throw noName(choice, where)
}

function noName(choice: ActivationChoice, where: string): UnsupportedError {
  const { type, alpha, beta } = resolveActivation(choice)
  return new UnsupportedError({
    where,
    expected: 'an activation of Keras 3',
    got: `${type} with alpha ${alpha}, beta ${beta}`,
    ...(type === 'hardSigmoid' && { remedy: 'Keras 3 supports it only with alpha 1/6.' }),
    fix: exportAs('onnx'),
  })
}
