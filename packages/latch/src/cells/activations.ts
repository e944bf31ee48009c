/**
 * Activation functions by name, for every layer and cell that takes one. `alpha` and `beta` mean what ONNX
 * and Keras mean by them; engine/generic computes them. Sources: ONNX operator specification, keras.activations.
 */
import {
  fieldAt,
  fieldError,
  readChoice,
  readNumber,
  readObject,
  readOptional,
  type Field,
} from '../core/validation.ts'

/** Names of the activations that act on each number alone. */
export const ACTIVATION_NAMES = [
  'linear',
  'relu',
  'tanh',
  'sigmoid', // these four are the fast ones: kernels of their own
  'hardSigmoid', // clip(alpha·x + beta, 0, 1); 0.2, 0.5 (Keras 2, TensorFlow.js, ONNX); Keras 3: 1/6, 0.5
  'softplus', // log(1 + eˣ)
  'softsign', // x / (1 + |x|)
  'elu', // x, below zero alpha·(eˣ − 1); 1
  'selu', // 1.0507·(x, below zero 1.6733·(eˣ − 1))
  'leakyRelu', // x, below zero alpha·x; 0.01 (Keras 3: 0.2, Keras 2: 0.3)
  'thresholdedRelu', // x above alpha, else 0; 1
  'scaledTanh', // alpha·tanh(beta·x); no defaults
  'affine', // alpha·x + beta; 1, 0
  'exponential', // eˣ
  'relu6', // clip(x, 0, 6)
  'hardTanh', // clip(x, alpha, beta); −1, 1 (PyTorch: min_val, max_val)
  'gelu', // x·Φ(x); alpha 1: the tanh approximation. 0
  'silu', // x·σ(x); also called swish
  'mish', // x·tanh(softplus(x))
  'hardSilu', // x·clip(x/6 + 0.5, 0, 1); also called hard swish
] as const

/** An activation by name. */
export type ActivationName = (typeof ACTIVATION_NAMES)[number]

/** An activation with its parameters, where the defaults are not meant. */
export interface ActivationSpec {
  type: ActivationName
  alpha?: number
  beta?: number
}

/** By name, or with parameters. */
export type ActivationChoice = ActivationName | ActivationSpec

const DEFAULTS: Partial<Record<ActivationName, { alpha: number; beta: number }>> = {
  hardSigmoid: { alpha: 0.2, beta: 0.5 },
  elu: { alpha: 1, beta: 0 },
  leakyRelu: { alpha: 0.01, beta: 0 },
  thresholdedRelu: { alpha: 1, beta: 0 },
  scaledTanh: { alpha: 1, beta: 1 },
  affine: { alpha: 1, beta: 0 },
  gelu: { alpha: 0, beta: 0 },
  hardTanh: { alpha: -1, beta: 1 },
}

/** Name, alpha and beta, defaults filled in. */
export function resolveActivation(choice: ActivationChoice): Required<ActivationSpec> {
  const given: ActivationSpec = typeof choice === 'string' ? { type: choice } : choice
  const { alpha = 0, beta = 0 } = DEFAULTS[given.type] ?? {}
  return { type: given.type, alpha: given.alpha ?? alpha, beta: given.beta ?? beta }
}

/** Whether two choices name the same function. */
export function sameActivation(a: ActivationChoice, b: ActivationChoice): boolean {
  const [x, y] = [resolveActivation(a), resolveActivation(b)]
  return x.type === y.type && x.alpha === y.alpha && x.beta === y.beta
}

const WITH_ALPHA: readonly ActivationName[] = [
  'hardSigmoid',
  'elu',
  'leakyRelu',
  'thresholdedRelu',
  'scaledTanh',
  'affine',
  'gelu',
  'hardTanh',
]
const WITH_BETA: readonly ActivationName[] = ['hardSigmoid', 'scaledTanh', 'affine', 'hardTanh']

/** An activation by name, or with parameters; the name alone where every parameter is the default. */
export function readActivation(field: Field): ActivationChoice {
  if (typeof field.value === 'string') return readChoice(field, ACTIVATION_NAMES)
  const { type: named, ...parameters } = readObject(field, ['type', 'alpha', 'beta'])
  const type = readChoice(named, ACTIVATION_NAMES)
  const defaults = resolveActivation(type)
  const spec: ActivationSpec = { type }
  for (const [name, takers] of [
    ['alpha', WITH_ALPHA],
    ['beta', WITH_BETA],
  ] as const) {
    const value = readOptional(parameters[name], readNumber, undefined)
    if (value === undefined) continue
    if (takers.includes(type)) spec[name] = value
    else if (value !== defaults[name]) throw fieldError(fieldAt(field, name), `no \`${name}\` for ${type}`)
  }
  const { alpha, beta } = resolveActivation(spec)
  if (type === 'hardTanh' && alpha > beta)
    throw fieldError(fieldAt(field, 'alpha'), `a number up to beta (${beta})`)
  return Object.keys(spec).length === 1 ? type : spec
}
