/**
 * The end of a Keras model: its last softmax or sigmoid becomes `outputActivation`, the network itself
 * ends on logits, and the loss comes from the training configuration or the output activation.
 */
import type { LossOptions } from '../../../layers/loss.ts'
import type { LayerOptions } from '../../../model/config.ts'
import type { Field } from '../../../core/validation.ts'
import { squashesTwice } from '../../../model/lastActivation.ts'
import type { OutputActivation, ImportOptions } from '../../imported.ts'
import {
  resolveOutputActivation,
  endsOnLogits,
  lastActivationOf,
  lossForActivation,
} from '../../outputActivation.ts'
import type { NetworkBuilder } from './builder.ts'

type LossType = LossOptions['type']

const LOSSES: Readonly<Record<string, LossType>> = {
  categorical_crossentropy: 'softmaxCrossEntropy',
  sparse_categorical_crossentropy: 'softmaxCrossEntropy',
  binary_crossentropy: 'binaryCrossEntropy',
  mean_squared_error: 'meanSquaredError',
  mse: 'meanSquaredError',
  mean_absolute_error: 'meanAbsoluteError',
  mae: 'meanAbsoluteError',
  huber: 'huber',
  huber_loss: 'huber',
}

/** Removes the output activation from the network and returns its meaning. */
export function readOutput(
  to: NetworkBuilder,
  training: Field | null,
  options: ImportOptions,
): { outputActivation: OutputActivation; loss: LossOptions | undefined } {
  const named = training ? lossName(training) : null
  const known = named ? (LOSSES[named] as LossType | undefined) : undefined
  const taken = takeOutputActivation(to, known)
  if (named && !known) to.note(`the loss ${named} is not supported: fine-tuning uses another`)
  const fits = known && (known !== 'softmaxCrossEntropy' || to.width > 1)
  const onLogits = taken !== 'linear' || takesLogits(to, known, training)
  const own = onLogits ? taken : ofProbabilities(to, known!, named!)
  const outputActivation = resolveOutputActivation(own, to.layers, to.width, options.outputActivation)
  // A cross-entropy is kept with its output activation, or on linear logits.
  const keeps = fits && onLogits && !squashesTwice(known, lastActivationOf(to.layers))
  return { outputActivation, loss: { type: keeps ? known : getLoss(outputActivation, to.width) } }
}

/** Whether the last row fits Latch's loss of that name: cross-entropies take logits, other losses numbers. */
function takesLogits(to: NetworkBuilder, loss: LossType | undefined, training: Field | null): boolean {
  if (loss !== 'softmaxCrossEntropy' && loss !== 'binaryCrossEntropy') return true
  const output = lastActivationOf(to.layers)
  if (squashesTwice(loss, output)) return false
  return output.range === 'any' || (training !== null && readsLogits(training.value))
}

/** Keras' cross-entropies take probabilities: the numbers of the file, from any function. */
function ofProbabilities(to: NetworkBuilder, loss: LossType, named: string): OutputActivation {
  const { name, range } = lastActivationOf(to.layers)
  if (range !== 'probability') {
    to.note(
      `${named} is applied to the output of ${name}, which is not a probability: outputs are used directly`,
    )
    return 'linear'
  }
  to.note(
    `the outputs of ${name} are probabilities, because the loss is ${named}: fine-tuning uses meanSquaredError`,
  )
  const ofClasses = loss === 'softmaxCrossEntropy' ? to.width > 1 : to.width === 1 || name === 'softmax'
  return ofClasses ? 'probabilities' : 'linear'
}

/** The final activation, if its loss takes logits and its input are logits. */
function takeOutputActivation(to: NetworkBuilder, loss: LossType | undefined): OutputActivation {
  const last: LayerOptions | undefined = to.layers[to.layers.length - 1]
  const outputActivation = namedBy(last)
  if (outputActivation === null) return 'linear'
  const own = getLoss(outputActivation, to.width)
  if (own === 'meanSquaredError' || (loss !== undefined && loss !== own)) return 'linear'
  if (last.type === 'dense') {
    const { activation: _, ...linear } = last
    to.layers[to.layers.length - 1] = linear
    return outputActivation
  }
  if (!endsOnLogits(to.layers.slice(0, -1), outputActivation)) return 'linear'
  to.dropLast()
  return outputActivation
}

/** The output activation of a last layer's function. */
function namedBy(last: LayerOptions): OutputActivation | null {
  if (last.type === 'dense') return last.activation === 'sigmoid' ? 'sigmoid' : null
  if (last.type !== 'activation') return null
  const { activation } = last
  return activation === 'softmax' || activation === 'logSoftmax' || activation === 'sigmoid'
    ? activation
    : null
}

function getLoss(outputActivation: OutputActivation, width: number): LossType {
  const own = lossForActivation(outputActivation)
  return own === null || (own === 'softmaxCrossEntropy' && width === 1) ? 'meanSquaredError' : own
}

/** Whether a loss is written with `from_logits`, at any depth of its serialised form. */
function readsLogits(training: unknown): boolean {
  const search = (value: unknown, depth: number): boolean => {
    if (typeof value !== 'object' || value === null || depth > 6) return false
    return Object.entries(value).some(([key, own]) =>
      key === 'from_logits' ? own === true : search(own, depth + 1),
    )
  }
  return search((training as { loss?: unknown } | null)?.loss, 0)
}

/** `categorical_crossentropy`, also of `CategoricalCrossentropy` and serialised objects; null if none is given. */
function lossName({ value }: Field): string | null {
  let loss = (value as { loss?: unknown }).loss
  for (let depth = 0; depth < 4 && typeof loss === 'object' && loss !== null; depth++) {
    const { class_name: type, config } = loss as { class_name?: unknown; config?: unknown }
    if (Array.isArray(loss)) loss = (loss as unknown[])[0]
    else if (type === 'function' || type === 'LossFunctionWrapper') loss = config
    else loss = type ?? Object.values(loss)[0]
  }
  if (typeof loss !== 'string' || loss.length > 100) return null
  return loss.replace(/(?<=[a-z])[A-Z]/g, (letter) => `_${letter}`).toLowerCase()
}
