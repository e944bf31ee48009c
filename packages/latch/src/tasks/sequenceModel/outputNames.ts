/** Names of the outputs of a sequence model, which predictions list. */
import { UsageError } from '../../core/errors.ts'
import { findLastActivation, squashesTwice } from '../../model/lastActivation.ts'
import type { Network } from '../../model/network.ts'
import { countClasses } from '../prediction.ts'
import type { SequenceLearned } from './learned.ts'

/**
 * Names of the classes, or of the outputs where those are numbers: the labels; of a model that predicts its next
 * token, the vocabulary; else numbers from 0.
 * @throws UsageError if the number of labels is not the number of classes
 */
export function nameOutputs(network: Network, learned: SequenceLearned): readonly string[] {
  const { outputActivation, labels, vocabulary } = learned
  const classes = countClasses(network, outputActivation)
  const count = classes || network.output.width
  if (labels) {
    if (labels.length === count && new Set(labels).size === count) return labels
    const expected = `${count} different labels, one per ${classes ? 'class' : 'output'}`
    const output = findLastActivation(network.config.layers)
    const couldBeLogit = count === 1 && labels.length === 2 && !squashesTwice('binaryCrossEntropy', output)
    throw new UsageError({
      where: 'labels',
      expected,
      got: `${new Set(labels).size}`,
      fix: couldBeLogit
        ? { option: 'outputActivation', value: 'sigmoid', to: 'name two classes' }
        : undefined,
    })
  }
  const numbers = Array.from({ length: count }, (_, i) => String(i))
  if (vocabulary?.length !== count || count <= 2) return numbers
  // An id without a token keeps its number; two equal tokens cannot both be names.
  const named = vocabulary.map((token, i) => (token === '' ? `#${i}` : token))
  return new Set(named).size === count ? named : numbers
}
