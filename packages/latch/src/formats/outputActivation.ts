/**
 * The output activation of an imported model, resolved once for every format: from the file, the option, the labels.
 * An output after a sigmoid or softmax never gets a second one.
 */
import type { NetworkConfig } from '../model/config.ts'
import { findLastActivation, squashesTwice } from '../model/lastActivation.ts'
import type { LossOptions } from '../layers/loss.ts'
import { UsageError } from '../core/errors.ts'
import type { OutputActivation } from './imported.ts'

/** The loss for an output activation; null for any regression loss. */
export function lossForActivation(outputActivation: OutputActivation): LossOptions['type'] | null {
  if (outputActivation === 'sigmoid') return 'binaryCrossEntropy'
  return outputActivation === 'softmax' || outputActivation === 'logSoftmax' ? 'softmaxCrossEntropy' : null
}

type Layers = NetworkConfig['layers']

/** Whether a file's last activation can become the output activation: its input must be logits. */
export function endsOnLogits(layers: Layers, outputActivation: OutputActivation): boolean {
  const loss = lossForActivation(outputActivation)
  return loss === null || !squashesTwice(loss, findLastActivation(layers))
}

/**
 * The output activation that an option asks for; `found` is that of the file (already taken off the layers).
 * @throws UsageError for one that contradicts the file
 */
export function resolveOutputActivation(
  found: OutputActivation,
  layers: Layers,
  width: number | null,
  given: OutputActivation | undefined,
): OutputActivation {
  if (given === undefined || given === found) return found
  const { name, range } = findLastActivation(layers)
  if (found !== 'linear' && found !== 'probabilities') {
    if (given === 'probabilities' && found !== 'logSoftmax') return found
    throw contradiction(found, found, given)
  }
  if (range === 'probability') {
    const own = name === 'softmax' ? 'softmax' : 'sigmoid'
    if (given === 'linear' || (given === own && name !== 'softmax' && width !== 1)) return 'linear'
    if (given === own || given === 'probabilities') return 'probabilities'
    throw contradiction(name, own, given)
  }
  if (given === 'linear') return given
  if (range === 'logProbability' && given === 'logSoftmax') return given
  const loss = lossForActivation(given)
  const isLog = range === 'logProbability'
  if (given === 'probabilities' || isLog || !endsOnLogits(layers, given))
    throw contradiction(name, isLog ? 'logSoftmax' : 'linear', given)
  if (loss === 'softmaxCrossEntropy' && width === 1) throw contradiction('a single number', 'sigmoid', given)
  return given
}

/** @param own the activation of the file; `linear`: any that takes logits */
function contradiction(name: string, own: OutputActivation, given: OutputActivation): UsageError {
  const plain = name === 'linear'
  return new UsageError({
    where: 'output activation',
    expected: plain ? 'linear, softmax, logSoftmax or sigmoid' : own,
    got: `${given}, but the output of the file ${plain ? 'has no activation' : `is ${name}`}`,
    fix: { option: 'outputActivation', value: own, to: 'keep the output of the file' },
  })
}

/**
 * The output activation where labels are given: they name classes where the row is logits or one softmax's probabilities, the
 * two sides of a single sigmoid, and else the numbers.
 */
export function activationForLabels(
  outputActivation: OutputActivation,
  layers: Layers,
  width: number | null,
  labels: readonly string[] | null,
): OutputActivation {
  if (outputActivation !== 'linear' || !labels || width === null) return outputActivation
  const two = width === 1 && labels.length === 2
  if (!two && (width === 1 || labels.length !== width)) return outputActivation
  const { name, range } = findLastActivation(layers)
  if (range === 'any') return two ? 'sigmoid' : 'softmax'
  if (range === 'probability') return two || name === 'softmax' ? 'probabilities' : outputActivation
  return range === 'logProbability' && !two ? 'logSoftmax' : outputActivation
}

/** Whether labels that fit could have named classes, had the file or an option said that the row is logits. */
export function findActivationOfNumbers(
  outputActivation: OutputActivation,
  layers: Layers,
  labels: readonly string[] | null,
): string | null {
  if (outputActivation !== 'linear' || !labels) return null
  const { name, range } = findLastActivation(layers)
  return range === 'any' ? null : name
}

/** The width of an output row, from the layers; null if the last layers do not determine it. */
export function getOutputWidth(layers: Layers): number | null {
  for (let i = layers.length - 1; i >= 0; i--) {
    const layer = layers[i]
    if (layer.type === 'dense') return layer.units
    if (layer.type === 'recurrent') {
      const beside = layer.direction === 'bidirectional' && (layer.merge ?? 'concat') === 'concat'
      return layer.units * (beside ? 2 : 1)
    }
    if (layer.type === 'flatten' || layer.type === 'concat') return null
  }
  return null
}
