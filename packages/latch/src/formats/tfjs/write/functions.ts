/** Activations by TensorFlow.js' names, and those that it has only as layers. */
import { resolveActivation, type ActivationChoice, type ActivationName } from '../../../cells/activations.ts'
import type { ActivationOptions } from '../../../layers/activation.ts'

/** A layer of a topology. */
export interface KerasLayerJson {
  class_name: string
  config: Record<string, unknown>
}

const NAMES: Partial<Record<ActivationName, string>> = {
  linear: 'linear',
  relu: 'relu',
  tanh: 'tanh',
  sigmoid: 'sigmoid',
  hardSigmoid: 'hard_sigmoid',
  softplus: 'softplus',
  softsign: 'softsign',
  elu: 'elu',
  selu: 'selu',
  relu6: 'relu6',
  gelu: 'gelu',
  silu: 'swish',
  mish: 'mish',
}

/** The fixed parameters of a name in TensorFlow.js; other names have none. */
const FIXED: Partial<Record<ActivationName, readonly [alpha: number, beta: number]>> = {
  hardSigmoid: [0.2, 0.5],
  elu: [1, 0],
  gelu: [0, 0],
}

/** The name of an elementwise activation; null if TensorFlow.js does not have it. */
export function functionName(choice: ActivationChoice): string | null {
  const { type, alpha, beta } = resolveActivation(choice)
  const fixed = FIXED[type]
  if (fixed && (alpha !== fixed[0] || beta !== fixed[1])) return null
  return NAMES[type] ?? null
}

/** The layer of an activation; null if TensorFlow.js does not have it. */
export function functionLayer(choice: ActivationOptions['activation'], name: string): KerasLayerJson | null {
  if (choice === 'softmax' || choice === 'logSoftmax')
    return activationLayer(name, choice === 'softmax' ? 'softmax' : 'log_softmax')
  const named = functionName(choice)
  if (named) return activationLayer(name, named)
  const { type, alpha } = resolveActivation(choice)
  if (type === 'leakyRelu') return { class_name: 'LeakyReLU', config: { name, alpha } }
  return type === 'thresholdedRelu' ? { class_name: 'ThresholdedReLU', config: { name, theta: alpha } } : null
}

function activationLayer(name: string, activation: string): KerasLayerJson {
  return { class_name: 'Activation', config: { name, activation } }
}

/** A readable activation. */
export function functionText(choice: ActivationOptions['activation']): string {
  if (typeof choice === 'string') return choice
  const { type, alpha, beta } = resolveActivation(choice)
  return `${type} (alpha ${alpha}, beta ${beta})`
}
