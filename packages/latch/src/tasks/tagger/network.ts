/** The network of a tagger: words in, scores of the tags out at every step, with a CRF over them or without. */
import { cells } from '../../cells/registry.ts'
import { crfLayer } from '../../layers/crf/crf.ts'
import type { LayerInfo } from '../../layers/definition.ts'
import { denseLayer } from '../../layers/dense.ts'
import { dropoutLayer } from '../../layers/dropout.ts'
import { anyEmbeddingLayer } from '../../layers/embedding.ts'
import { recurrentLayer } from '../../layers/recurrent/definition.ts'
import { wordCharactersLayer } from '../../layers/words/wordCharacters.ts'
import type { LayerOptions, NetworkConfig } from '../../model/config.ts'
import type { TaggerLearned } from './learned.ts'

/** The layers that a tagger may have. */
export const taggerLayers: readonly LayerInfo[] = [
  anyEmbeddingLayer,
  wordCharactersLayer,
  /* @__PURE__ */ recurrentLayer(cells),
  dropoutLayer,
  denseLayer,
  crfLayer,
]

/** Builds the layers for what was learned. */
export function taggerNetwork({ settings, words, letters, labels }: TaggerLearned): NetworkConfig {
  const { cell, units, bidirectional, embedding, characters, wordDropout, dropout, crf } = settings
  const drop: LayerOptions[] = dropout > 0 ? [{ type: 'dropout', rate: dropout }] : []
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
    : { type: 'embedding', ...base }
  const direction = bidirectional ? 'bidirectional' : 'forward'
  const recurrent = Array.from({ length: settings.layers }, (): LayerOptions[] => [
    { type: 'recurrent', cell, units, direction },
    ...drop,
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
