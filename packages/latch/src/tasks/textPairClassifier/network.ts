/** The network of a classifier of pairs of texts: the encoder of a text classifier reads both texts. */
import type { LayerInfo } from '../../layers/definition.ts'
import { pairEmbeddingLayer } from '../../layers/pairs/pairEmbedding.ts'
import { pairFeaturesLayer } from '../../layers/pairs/pairFeatures.ts'
import type { LayerOptions, NetworkConfig } from '../../model/config.ts'
import { classifierLayers } from '../textClassifier/layers.ts'
import { classifierNetwork } from '../textClassifier/network.ts'
import type { TextPairLearned } from './learned.ts'

/** Those above the input of a text classifier, and those of pairs. */
export const textPairLayers: readonly LayerInfo[] = [
  pairEmbeddingLayer,
  pairFeaturesLayer,
  ...classifierLayers.filter(({ isInput }) => !isInput),
]

/** The layers of a text classifier, between the embedding of pairs and the features of both encodings. */
export function textPairNetwork({
  settings,
  words,
  labels,
}: Pick<TextPairLearned, 'settings' | 'words' | 'labels'>): NetworkConfig {
  const { layers, loss } = classifierNetwork(settings, words.size, labels.length)
  const [embedding, ...above] = layers as [Extract<LayerOptions, { type: 'embedding' }>, ...LayerOptions[]]
  const head = settings.dropout.output > 0 ? 2 : 1
  return {
    layers: [
      { ...embedding, type: 'pairEmbedding' },
      ...above.slice(0, -head),
      { type: 'pairFeatures', combine: settings.combine },
      ...above.slice(-head),
    ],
    loss,
  }
}
