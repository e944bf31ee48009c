/**
 * What is made of a model's last row, settled once for every format: the file's own word, the option, the labels.
 * An output that already passed a sigmoid or softmax is never given a second one.
 */
import type { NetworkConfig } from '../model/config.ts'
import { outputActivation, squashesTwice } from '../model/outputActivation.ts'
import type { LossOptions } from '../layers/loss.ts'
import { UsageError } from '../core/errors.ts'
import type { Answer } from './imported.ts'

/** The loss that an answer is learned by; null where any loss on numbers serves. */
export function lossOfAnswer(answer: Answer): LossOptions['type'] | null {
  if (answer === 'sigmoid') return 'binaryCrossEntropy'
  return answer === 'softmax' || answer === 'logSoftmax' ? 'softmaxCrossEntropy' : null
}

type Layers = NetworkConfig['layers']

/** Whether a file's last function may be taken off as the answer: what is below it has to be logits. */
export function endsOnLogits(layers: Layers, answer: Answer): boolean {
  const loss = lossOfAnswer(answer)
  return loss === null || !squashesTwice(loss, outputActivation(layers))
}

/**
 * The answer that an option asks for, of a file whose own is `found` (its function taken off the layers already).
 * @throws UsageError for one that contradicts the file
 */
export function chosenAnswer(
  found: Answer,
  layers: Layers,
  width: number | null,
  given: Answer | undefined,
): Answer {
  if (given === undefined || given === found) return found
  const { name, range } = outputActivation(layers)
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
  const loss = lossOfAnswer(given)
  const isLog = range === 'logProbability'
  if (given === 'probabilities' || isLog || !endsOnLogits(layers, given))
    throw contradiction(name, isLog ? 'logSoftmax' : 'linear', given)
  if (loss === 'softmaxCrossEntropy' && width === 1) throw contradiction('a single number', 'sigmoid', given)
  return given
}

function contradiction(name: string, own: Answer, given: Answer): UsageError {
  return new UsageError({
    where: 'answer',
    expected: name === 'linear' ? 'linear, softmax, logSoftmax or sigmoid' : `\`${own}\`, or no \`answer\``,
    got: `\`${given}\`, though the file's output ${name === 'linear' ? 'passes no softmax or sigmoid' : `is ${ofWords(name)}`}`,
    remedy: 'Leave the option out: the file says what its output is.',
  })
}

const ofWords = (name: string) => (name === 'a single number' ? name : `that of ${name}`)

/**
 * The answer where labels are given: they name classes where the row is logits or one softmax's probabilities, the
 * two sides of a single sigmoid, and else the numbers.
 */
export function labelledAnswer(
  answer: Answer,
  layers: Layers,
  width: number | null,
  labels: readonly string[] | null,
): Answer {
  if (answer !== 'linear' || !labels || width === null) return answer
  const two = width === 1 && labels.length === 2
  if (!two && (width === 1 || labels.length !== width)) return answer
  const { name, range } = outputActivation(layers)
  if (range === 'any') return two ? 'sigmoid' : 'softmax'
  if (range === 'probability') return two || name === 'softmax' ? 'probabilities' : answer
  return range === 'logProbability' && !two ? 'logSoftmax' : answer
}

/** Whether labels that fit could have named classes, had the file or an option said that the row is logits. */
export function labelsNameNumbers(
  answer: Answer,
  layers: Layers,
  labels: readonly string[] | null,
): string | null {
  if (answer !== 'linear' || !labels) return null
  const { name, range } = outputActivation(layers)
  return range === 'any' ? null : name
}

/** Numbers of an output row as the layers say it; null where the last ones do not tell. */
export function widthOfOutput(layers: Layers): number | null {
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
