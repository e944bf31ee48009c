/** The network of a tagger: words in, scores of the tags out at every step, with a CRF over them or without. */
import { cells } from '../../cells/registry.ts'
import { crfLayer } from '../../layers/crf/crf.ts'
import type { LayerInfo } from '../../layers/definition.ts'
import { denseLayer } from '../../layers/dense.ts'
import { anyEmbeddingLayer } from '../../layers/embedding.ts'
import { recurrentLayer } from '../../layers/recurrent/definition.ts'
import { activationPenaltyLayer } from '../../layers/regularisation/activationPenalty.ts'
import { anyDropoutLayer } from '../../layers/regularisation/lockedDropout.ts'
import { regularisation } from '../../layers/regularisation/recurrentOptions.ts'
import { wordCharactersLayer } from '../../layers/words/wordCharacters.ts'
import type { LayerOptions, NetworkConfig } from '../../model/config.ts'
import { dropoutAbove, dropoutOf, ofEmbedding, ofRecurrent } from '../regularisation.ts'
import type { TaggerLearned } from './learned.ts'

/** The layers that a tagger may have. */
export const taggerLayers: readonly LayerInfo[] = [
  anyEmbeddingLayer,
  wordCharactersLayer,
  /* @__PURE__ */ recurrentLayer(cells, regularisation),
  anyDropoutLayer,
  activationPenaltyLayer,
  denseLayer,
  crfLayer,
]

/** Builds the layers for what was learned. */
export function taggerNetwork({ settings, words, letters, labels }: TaggerLearned): NetworkConfig {
  const { cell, units, bidirectional, embedding, characters, wordDropout, dropout, crf } = settings
  const drop = dropoutOf(settings, dropout)
  const base = { vocabulary: words.size, size: embedding, wordDropout }
  const input: LayerOptions = characters
    ? {
        type: 'wordCharacters',
        ...base,
        characters: letters!.size,
        characterSize: characters.embedding,
        cell,
        units: characters.units,
        length: characters.maximumLength,
      }
    : { type: 'embedding', ...base, ...ofEmbedding(settings) }
  const direction = bidirectional ? 'bidirectional' : 'forward'
  const recurrent = Array.from({ length: settings.layers }, (_, i): LayerOptions[] => [
    { type: 'recurrent', cell, units, direction, ...ofRecurrent(settings) },
    ...(i < settings.layers - 1 ? drop : dropoutAbove(settings, dropout)),
  ])
  return {
    layers: [
      input,
      ...drop,
      ...recurrent.flat(),
      { type: 'dense', units: labels.length },
      ...(crf ? [{ type: 'crf' } as const] : []),
    ],
    loss: { type: crf ? 'crf' : 'softmaxCrossEntropy' },
  }
}
