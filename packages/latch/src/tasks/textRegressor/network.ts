/** The network of a text regressor. */
import { embeddingLayer } from '../../layers/embedding.ts'
import { allLosses } from '../../layers/losses/allLosses.ts'
import { oneHotLayer } from '../../layers/oneHot.ts'
import type { LayerInfo } from '../../layers/definition.ts'
import { classifierLayers } from '../textClassifier/layers.ts'
import { textNetwork } from '../textClassifier/network.ts'
import type { RegressorLearned } from './learned.ts'

/** Those of a text classifier, with the losses of numbers. */
export const regressorLayers: readonly LayerInfo[] = classifierLayers.map((layer) =>
  layer === embeddingLayer || layer === oneHotLayer ? { ...layer, losses: allLosses } : layer,
)

/** The network: one number, the standardised target. */
export function regressorNetwork({ settings, words }: Pick<RegressorLearned, 'settings' | 'words'>) {
  return textNetwork(settings, words.size, 1, settings.loss)
}
