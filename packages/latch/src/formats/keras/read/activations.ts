/**
 * Keras' activations by name, by object and as layers, in every dialect → Latch's. Sources: keras.activations
 * and keras.layers.activation of Keras 2 and 3, tfjs-layers activations.
 */
import type { ActivationChoice } from '../../../cells/activations.ts'
import { UnsupportedError } from '../../../core/errors.ts'
import { describe, fieldAt, fieldError, type Field } from '../../../core/validation.ts'
import { readScalar } from './scalars.ts'

/** The differences between versions that use the same names. */
export interface KerasDialect {
  /** 1, 2 or 3. TensorFlow.js counts as 2. */
  major: number
  /** Bidirectional layers give zeros at masked steps: Keras from 2.4. */
  zeroesMasked: boolean
  /** Means over time count masked steps: TensorFlow.js. */
  meansMasked: boolean
}

/** An activation of each number, or of a whole row. */
export type KerasActivation = ActivationChoice | 'softmax' | 'logSoftmax'

const SIMPLE: Readonly<Record<string, KerasActivation>> = {
  linear: 'linear',
  relu: 'relu',
  tanh: 'tanh',
  sigmoid: 'sigmoid',
  softplus: 'softplus',
  softsign: 'softsign',
  elu: 'elu',
  selu: 'selu',
  leaky_relu: { type: 'leakyRelu', alpha: 0.2 },
  exponential: 'exponential',
  exp: 'exponential',
  relu6: 'relu6',
  hard_tanh: 'hardTanh',
  gelu: 'gelu',
  silu: 'silu',
  swish: 'silu',
  mish: 'mish',
  hard_silu: 'hardSilu',
  hard_swish: 'hardSilu',
  softmax: 'softmax',
  log_softmax: 'logSoftmax',
}

/** `hard_sigmoid` is max(0, min(1, x/5 + 0.5)) up to Keras 2 and relu6(x + 3)/6 from Keras 3. */
export function hardSigmoid({ major }: KerasDialect): ActivationChoice {
  return { type: 'hardSigmoid', alpha: major >= 3 ? 1 / 6 : 0.2, beta: 0.5 }
}

/** An `activation` field: null, a name, or an object of one of the serialisers. */
export function readActivation(field: Field, dialect: KerasDialect, depth = 0): KerasActivation {
  const { value } = field
  if (depth > 4) throw fieldError(field, 'an activation', 'nested objects')
  if (value === null || value === undefined) return 'linear'
  if (typeof value === 'string') return byName(field, value, dialect)
  const type = fieldAt(field, 'class_name').value
  const config = fieldAt(field, 'config')
  if (type === 'function' || type === 'Function') return readActivation(config, dialect, depth + 1)
  const layer = typeof type === 'string' ? activationLayer(type, config, dialect, depth + 1) : null
  if (layer && type === 'Softmax') requireLast(fieldAt(config, 'axis'))
  if (layer) return layer
  throw fieldError(field, 'an activation', typeof type === 'string' ? type : describe(value))
}

function byName(field: Field, given: string, dialect: KerasDialect): KerasActivation {
  const name = given.replace(/(?<=[a-z])[A-Z]/g, (letter) => `_${letter}`).toLowerCase()
  if (name === 'hard_sigmoid') return hardSigmoid(dialect)
  if (Object.hasOwn(SIMPLE, name)) return SIMPLE[name]
  throw new UnsupportedError({
    where: `${field.source}, ${field.path}`,
    expected: `one of ${Object.keys(SIMPLE).join(', ')}, hard_sigmoid`,
    got: describe(given),
  })
}

/** The activation of a layer of that type, or null if it is not an activation. A Softmax has its own axis. */
export function activationLayer(
  type: string,
  config: Field,
  dialect: KerasDialect,
  depth = 0,
): KerasActivation | null {
  const number = (names: readonly string[], absent: number) => {
    const name = names.find((n) => (fieldAt(config, n).value ?? null) !== null) ?? names[0]
    return readScalar(fieldAt(config, name), absent)
  }
  if (type === 'Activation') return readActivation(fieldAt(config, 'activation'), dialect, depth)
  if (type === 'LeakyReLU') return { type: 'leakyRelu', alpha: number(['negative_slope', 'alpha'], 0.3) }
  if (type === 'ELU') return { type: 'elu', alpha: number(['alpha'], 1) }
  if (type === 'ThresholdedReLU') return { type: 'thresholdedRelu', alpha: number(['theta'], 1) }
  if (type === 'Softmax') return 'softmax'
  return type === 'ReLU' ? reluLayer(config, number) : null
}

/** If the number of axes is unknown. */
function requireLast(axis: Field): void {
  const { value } = axis
  if (value !== undefined && value !== -1) throw fieldError(axis, 'the last axis, -1')
}

function reluLayer(
  config: Field,
  number: (names: readonly string[], absent: number) => number,
): KerasActivation {
  const slope = number(['negative_slope'], 0)
  const threshold = number(['threshold'], 0)
  const most = number(['max_value'], Infinity)
  if (most === Infinity && threshold === 0) return slope ? { type: 'leakyRelu', alpha: slope } : 'relu'
  if (most === Infinity && slope === 0) return { type: 'thresholdedRelu', alpha: threshold }
  if (most === 6 && slope === 0 && threshold === 0) return 'relu6'
  throw new UnsupportedError({
    where: `${config.source}, ${config.path}`,
    expected: 'a ReLU with max_value 6 or none, and a slope or a threshold',
    got: `max_value ${most === Infinity ? 'none' : most} with slope ${slope}, threshold ${threshold}`,
  })
}
