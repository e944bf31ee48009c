/** The network of a multi-label classifier. */
import { textNetwork } from '../textClassifier/network.ts'
import type { MultiLabelLearned } from './learned.ts'

/** The network: a logit for each label. */
export function multiLabelNetwork({
  settings,
  words,
  labels,
}: Pick<MultiLabelLearned, 'settings' | 'words' | 'labels'>) {
  return textNetwork(settings, words.size, labels.length, 'binaryCrossEntropy')
}
