/** The network of a language model: token ids in, logits of the next token out, at every step. */
import { cells } from '../../cells/registry.ts'
import type { LayerInfo } from '../../layers/definition.ts'
import { tiedDenseLayer } from '../../layers/dense.ts'
import { anyEmbeddingLayer } from '../../layers/embedding.ts'
import { oneHotLayer } from '../../layers/oneHot.ts'
import { recurrentLayer } from '../../layers/recurrent/definition.ts'
import { activationPenaltyLayer } from '../../layers/regularisation/activationPenalty.ts'
import { anyDropoutLayer } from '../../layers/regularisation/lockedDropout.ts'
import { regularisation } from '../../layers/regularisation/recurrentOptions.ts'
import type { LayerOptions, NetworkConfig } from '../../model/config.ts'
import type { LanguageModelSettings } from './options.ts'

/** The layers that a language model may have. */
export const languageLayers: readonly LayerInfo[] = [
  anyEmbeddingLayer,
  oneHotLayer,
  /* @__PURE__ */ recurrentLayer(cells, regularisation),
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
  const top = recurrentLayers(settings, dropoutLayer(settings, rates.layers))
  const { alpha, beta } = settings.activationPenalty
  return {
    layers: [
      ...inputLayers(settings, vocabulary, dropoutLayer(settings, rates.input)),
      ...top,
      ...(beta > 0 ? [{ type: 'activationPenalty', beta } as const] : []),
      ...dropoutLayer(settings, rates.output),
      // AR is of the values after dropout, TAR of those before it.
      ...(alpha > 0 ? [{ type: 'activationPenalty', alpha } as const] : []),
      ...projection,
      { type: 'dense', units: vocabulary, ...(tied ? { tied } : {}) },
    ],
    loss: { type: 'softmaxCrossEntropy' },
  }
}

function inputLayers(
  { embedding, embeddingDropout }: LanguageModelSettings,
  vocabulary: number,
  drop: readonly LayerOptions[],
): LayerOptions[] {
  if (embedding === 'oneHot') return [{ type: 'oneHot', vocabulary }]
  const rows = embeddingDropout > 0 ? { rowDropout: embeddingDropout } : {}
  return [{ type: 'embedding', vocabulary, size: embedding, ...rows }, ...drop]
}

function recurrentLayers(settings: LanguageModelSettings, between: readonly LayerOptions[]): LayerOptions[] {
  const { cell, units, layers, weightDropout, zoneout } = settings
  const layer: LayerOptions = {
    type: 'recurrent',
    cell,
    units,
    ...(weightDropout > 0 ? { weightDropout } : {}),
    ...(zoneout.hidden > 0 || zoneout.cell > 0 ? { zoneout } : {}),
  }
  return Array.from({ length: layers }, (_, i) => (i > 0 ? [...between, layer] : [layer])).flat()
}

function dropoutLayer({ lockedDropout }: LanguageModelSettings, rate: number): LayerOptions[] {
  return rate > 0 ? [{ type: 'dropout', rate, ...(lockedDropout ? { locked: true } : {}) }] : []
}
