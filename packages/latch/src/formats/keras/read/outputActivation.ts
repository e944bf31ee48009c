/**
 * How a Keras model ends: its last softmax or sigmoid becomes what people read (`answer`), the network itself
 * ends on logits, and the loss is that of the training configuration or what the answer implies.
 */
import type { LossOptions } from '../../../layers/loss.ts'
import type { LayerOptions } from '../../../model/config.ts'
import type { Field } from '../../../core/validation.ts'
import type { Answer, ImportOptions } from '../../imported.ts'
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

/** Takes the end off the network and says what it meant. */
export function endOf(
  to: NetworkBuilder,
  training: Field | null,
  options: ImportOptions,
): { answer: Answer; loss: LossOptions | undefined } {
  const named = training ? lossName(training) : null
  const known = named ? (LOSSES[named] as LossType | undefined) : undefined
  const answer = takeAnswer(to, known)
  if (named && !known) to.note(`the loss ${named} is not known here: fine-tuning uses another`)
  const implied = lossOf(answer, to.width)
  const fits = known && (known !== 'softmaxCrossEntropy' || to.width > 1)
  const given = options.answer ?? answer
  return {
    answer: given,
    loss: { type: fits ? known : given === answer ? implied : lossOf(given, to.width) },
  }
}

/** The final activation, where its loss takes logits. */
function takeAnswer(to: NetworkBuilder, loss: LossType | undefined): Answer {
  const last: LayerOptions | undefined = to.layers[to.layers.length - 1]
  const onLogits = (wanted: LossType) => loss === undefined || loss === wanted
  if (last.type === 'activation') {
    const { activation } = last
    const ofClasses = activation === 'softmax' || activation === 'logSoftmax'
    if (ofClasses && onLogits('softmaxCrossEntropy') && to.width > 1) return drop(to, activation)
    if (activation === 'sigmoid' && onLogits('binaryCrossEntropy')) return drop(to, 'sigmoid')
    return 'linear'
  }
  if (last.type !== 'dense' || last.activation !== 'sigmoid' || !onLogits('binaryCrossEntropy'))
    return 'linear'
  const { activation: _, ...linear } = last
  to.layers[to.layers.length - 1] = linear
  return 'sigmoid'
}

function drop(to: NetworkBuilder, answer: Answer): Answer {
  to.dropLast()
  return answer
}

function lossOf(answer: Answer, width: number): LossType {
  if (answer === 'sigmoid') return 'binaryCrossEntropy'
  return answer === 'linear' || width === 1 ? 'meanSquaredError' : 'softmaxCrossEntropy'
}

/** `categorical_crossentropy`, also of `CategoricalCrossentropy` and serialised objects; null where none is said. */
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
