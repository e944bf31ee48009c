/**
 * The output activation of an imported model, resolved once for every format: from the file, the option, the labels.
 * An output after a sigmoid or softmax never gets a second one.
 */
import type { NetworkConfig } from '../model/config.ts'
import { findLastActivation, squashesTwice, type LastActivation } from '../model/lastActivation.ts'
import { layerNames } from '../layers/names.ts'
import type { LossOptions } from '../layers/loss.ts'
import { UsageError } from '../core/errors.ts'
import type { OutputActivation } from './imported.ts'
import type { MergeOperation } from '../layers/skips/merge.ts'

/** The loss for an output activation; null for any regression loss. */
export function lossForActivation(outputActivation: OutputActivation): LossOptions['type'] | null {
  if (outputActivation === 'sigmoid') return 'binaryCrossEntropy'
  return outputActivation === 'softmax' || outputActivation === 'logSoftmax' ? 'softmaxCrossEntropy' : null
}

type Layers = NetworkConfig['layers']

/** The function that the output has passed, also through layers that join others. */
export function lastActivationOf(layers: Layers): LastActivation {
  const at = layers.findLastIndex(
    (layer) => 'inputs' in layer || layer.type === 'permute' || layer.type === 'reshape',
  )
  const joint = layers[at] as Layers[number] | undefined
  // Rows of numbers that were moved are no row's softmax; alone they are of its kind.
  if (joint?.type === 'permute' || joint?.type === 'reshape')
    return findLastActivation(
      standing(joinedActivation('maximum', [lastActivationOf(layers.slice(0, at))]), layers.slice(at + 1)),
    )
  if (!joint || !('inputs' in joint)) return findLastActivation(layers)
  const names = layerNames(layers.slice(0, at))
  const below = joint.inputs.map((name) => layers.slice(0, names.indexOf(name) + 1))
  const above = layers.slice(at + 1)
  if (below.length === 1) return lastActivationOf([...below[0], ...above])
  const name = joinedActivation(
    joint.type === 'merge' ? joint.operation : 'concat',
    below.map((branch) => lastActivationOf(branch)),
  )
  return findLastActivation(standing(name, above))
}

/** Layers above an output of a kind, by a function with such outputs; null: any numbers. */
function standing(name: LastActivation['name'] | null, above: Layers): Layers {
  return [name ? { type: 'activation', activation: name } : { type: 'dense', units: 1 }, ...above]
}

/** A function whose numbers are of the kind that several joined outputs have; null where they can be any. */
function joinedActivation(
  operation: 'concat' | MergeOperation,
  below: readonly LastActivation[],
): LastActivation['name'] | null {
  const [{ name, range }] = below
  if (below.some((other) => other.range !== range) || operation === 'add' || operation === 'subtract')
    return null
  if (range === 'probability')
    return operation === 'average' && below.every((other) => other.name === 'softmax') ? 'softmax' : 'sigmoid'
  const staysWithin = operation !== 'concat' && operation !== 'multiply'
  return staysWithin && (range === 'bounded' || range === 'signed') ? name : null
}

/** Whether a file's last activation can become the output activation: its input must be logits. */
export function endsOnLogits(layers: Layers, outputActivation: OutputActivation): boolean {
  const loss = lossForActivation(outputActivation)
  return loss === null || !squashesTwice(loss, lastActivationOf(layers))
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
  const { name, range } = lastActivationOf(layers)
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
  const { name, range } = lastActivationOf(layers)
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
  const { name, range } = lastActivationOf(layers)
  return range === 'any' ? null : name
}

/** The width of an output row, from the layers; null if the last layers do not determine it. */
export function getOutputWidth(layers: Layers): number | null {
  for (let i = layers.length - 1; i >= 0; i--) {
    const layer = layers[i]
    if (layer.type === 'dense') return layer.units
    if (layer.type === 'reshape') return layer.width
    if (layer.type === 'permute') return layer.steps
    if (layer.type === 'recurrent') {
      const beside = layer.direction === 'bidirectional' && (layer.merge ?? 'concat') === 'concat'
      return layer.units * (beside ? 2 : 1)
    }
    if (layer.type === 'flatten' || 'inputs' in layer) return null
  }
  return null
}
