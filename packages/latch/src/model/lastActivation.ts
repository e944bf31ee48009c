/**
 * Which function a network's output has already passed, by its last layers: the one place that decides whether
 * a row is logits or probabilities. Readers of files use it, and `Network`, which refuses a loss that takes logits.
 */
import type { ActivationChoice, ActivationName } from '../cells/activations.ts'
import type { LossOptions } from '../layers/loss.ts'
import type { PoolOptions } from '../layers/pooling/pool.ts'
import type { RecurrentOptions } from '../layers/recurrent/recurrent.ts'
import { ShapeError } from '../core/errors.ts'
import type { LayerOptions, NetworkConfig } from './config.ts'

/**
 * What the numbers can be: `any` (logits), `state` (of a recurrent layer, between -1 and 1), `probability` (0 to 1),
 * `logProbability` (the logarithms of a row's probabilities), `bounded` (-1 to 1), `signed` (of one sign).
 */
export type ActivationRange = 'any' | 'state' | 'probability' | 'logProbability' | 'bounded' | 'signed'

/** The last function on the way to the output. */
export interface LastActivation {
  name: ActivationName | 'softmax' | 'logSoftmax'
  range: ActivationRange
}

const RANGES: readonly (readonly [ActivationRange, string])[] = [
  ['probability', 'sigmoid hardSigmoid softmax'],
  ['logProbability', 'logSoftmax'],
  ['bounded', 'tanh softsign scaledTanh hardTanh'],
  ['signed', 'relu relu6 thresholdedRelu softplus exponential'],
]

/** The function that the output has passed; `linear` where it is logits, as after a dense layer without activation. */
export function findLastActivation(layers: readonly LayerOptions[]): LastActivation {
  for (let i = layers.length - 1; i >= 0; i--) {
    const layer = layers[i]
    if (layer.type === 'activation') {
      if (layer.activation !== 'linear') return passed(layer.activation)
    } else if (layer.type === 'dense') return passed(layer.activation ?? 'linear')
    else if (layer.type === 'recurrent') return ofRecurrent(layer)
    else if (/ool/.test(layer.type)) {
      const { pooling } = layer as PoolOptions
      const below = findLastActivation(layers.slice(0, i))
      return pooling === 'last' || pooling === 'first' ? below : pooled(below, pooling === 'sum')
    } else if (layer.type === 'crf') return { name: 'logSoftmax', range: 'logProbability' }
    else if (/Norm|con|merge|projected|timeSoftmax/.test(layer.type)) break
    // All others leave each number as it is, or leave it out.
  }
  return { name: 'linear', range: 'any' }
}

function passed(choice: ActivationChoice | 'softmax' | 'logSoftmax'): LastActivation {
  const name = typeof choice === 'string' ? choice : choice.type
  const [range] = RANGES.find(([, names]) => names.split(' ').includes(name)) ?? ['any']
  return { name, range }
}

function ofRecurrent(layer: RecurrentOptions): LastActivation {
  const { activation = 'tanh', stateActivation = activation } = layer
  const own = passed(stateActivation)
  if (own.range === 'bounded') return { ...own, range: 'state' }
  return layer.merge === 'sum' ? pooled(own, true) : own
}

/** A mean of probabilities is one; a sum is not. A mean of logarithms is a logarithm of no mean. */
function pooled({ name, range }: LastActivation, isSum: boolean): LastActivation {
  const changes = range === 'logProbability' || (isSum && range === 'probability')
  return { name, range: changes ? 'signed' : range }
}

/**
 * Whether a loss that takes logits would squash what was squashed before. Under a softmax, numbers within bounds can
 * never be far apart; under a sigmoid, numbers of one sign can never name the other class. A state of a recurrent
 * layer without a dense one, and log-probabilities under a softmax, are logits that work.
 */
export function squashesTwice(loss: LossOptions['type'], { range }: LastActivation): boolean {
  if (!/CrossEntropy$|ctc/.test(loss) || range === 'any' || range === 'state') return false
  return loss === 'binaryCrossEntropy' || range === 'probability' || range === 'bounded'
}

/** @throws ShapeError for a loss that expects logits over an output that is none */
export function assertLossFits({ layers, loss }: NetworkConfig): void {
  const output = findLastActivation(layers)
  if (!loss || !squashesTwice(loss.type, output)) return
  throw new ShapeError({
    where: `loss ${loss.type}`,
    expected: 'logits',
    got: `an output that passed ${output.name}`,
    remedy: `Drop the last activation \`${output.name}\`.`,
  })
}
