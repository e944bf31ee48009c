/** The network of a language model: token ids in, logits of the next token out, at every step. */
import { cells } from '../../cells/registry.ts'
import type { LayerInfo } from '../../layers/definition.ts'
import { tiedDenseLayer } from '../../layers/dense.ts'
import { anyEmbeddingLayer } from '../../layers/embedding.ts'
import { oneHotLayer } from '../../layers/oneHot.ts'
import { recurrentLayer } from '../../layers/recurrent/definition.ts'
import { activationPenaltyLayer } from '../../layers/regularisation/activationPenalty.ts'
import { anyDropoutLayer } from '../../layers/regularisation/lockedDropout.ts'
import { normalisation } from '../../layers/regularisation/normalisedOptions.ts'
import type { LayerOptions, NetworkConfig } from '../../model/config.ts'
import { dropoutAbove, dropoutOf, ofEmbedding, ofRecurrent } from '../regularisation.ts'
import type { LanguageModelSettings } from './options.ts'

/** The layers that a language model may have. */
export const languageLayers: readonly LayerInfo[] = [
  anyEmbeddingLayer,
  oneHotLayer,
  /* @__PURE__ */ recurrentLayer(cells, normalisation),
  anyDropoutLayer,
  activationPenaltyLayer,
  tiedDenseLayer,
]

/** Builds the layers for the settings and the size of the vocabulary. */
export function languageNetwork(settings: LanguageModelSettings, vocabulary: number): NetworkConfig {
  const { units, embedding, dropout, tied } = settings
  const rates = typeof dropout === 'number' ? { input: dropout, layers: dropout, output: dropout } : dropout
  const projection: LayerOptions[] =
    tied && embedding !== 'oneHot' && embedding !== units ? [{ type: 'dense', units: embedding }] : []
  return {
    layers: [
      ...inputLayers(settings, vocabulary, dropoutOf(settings, rates.input)),
      ...recurrentLayers(settings, dropoutOf(settings, rates.layers)),
      ...dropoutAbove(settings, rates.output),
      ...projection,
      { type: 'dense', units: vocabulary, ...(tied ? { tied } : {}) },
    ],
    loss: { type: 'softmaxCrossEntropy' },
  }
}

function inputLayers(
  settings: LanguageModelSettings,
  vocabulary: number,
  drop: readonly LayerOptions[],
): LayerOptions[] {
  const { embedding } = settings
  if (embedding === 'oneHot') return [{ type: 'oneHot', vocabulary }]
  return [{ type: 'embedding', vocabulary, size: embedding, ...ofEmbedding(settings) }, ...drop]
}

function recurrentLayers(settings: LanguageModelSettings, between: readonly LayerOptions[]): LayerOptions[] {
  const { cell, units, layers } = settings
  const layer: LayerOptions = { type: 'recurrent', cell, units, ...ofRecurrent(settings) }
  return Array.from({ length: layers }, (_, i) => (i > 0 ? [...between, layer] : [layer])).flat()
}
