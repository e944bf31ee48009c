/** The network of a language model: token ids in, logits of the next token out, at every step. */
import { cells } from '../../cells/registry.ts'
import type { LayerInfo } from '../../layers/definition.ts'
import { denseLayer } from '../../layers/dense.ts'
import { dropoutLayer } from '../../layers/dropout.ts'
import { embeddingLayer } from '../../layers/embedding.ts'
import { oneHotLayer } from '../../layers/oneHot.ts'
import { recurrentLayer } from '../../layers/recurrent/definition.ts'
import type { LayerOptions, NetworkConfig } from '../../model/config.ts'
import type { LanguageModelSettings } from './options.ts'

/** The layers that a language model may have. */
export const languageLayers: readonly LayerInfo[] = [
  embeddingLayer,
  oneHotLayer,
  /* @__PURE__ */ recurrentLayer(cells),
  dropoutLayer,
  denseLayer,
]

/** Builds the layers for the settings and the size of the vocabulary. */
export function languageNetwork(settings: LanguageModelSettings, vocabulary: number): NetworkConfig {
  const { cell, units, layers, embedding, dropout } = settings
  const drop: LayerOptions[] = dropout > 0 ? [{ type: 'dropout', rate: dropout }] : []
  const input: LayerOptions[] =
    embedding === 'oneHot'
      ? [{ type: 'oneHot', vocabulary }]
      : [{ type: 'embedding', vocabulary, size: embedding }, ...drop]
  const recurrent = Array.from({ length: layers }, (): LayerOptions[] => [
    { type: 'recurrent', cell, units },
    ...drop,
  ])
  return {
    layers: [...input, ...recurrent.flat(), { type: 'dense', units: vocabulary }],
    loss: { type: 'softmaxCrossEntropy' },
  }
}
