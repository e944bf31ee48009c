/** The network of a tagger: words in, scores of the tags out at every step, with a CRF over them or without. */
import { cells } from '../../cells/registry.ts'
import { crfLayer } from '../../layers/crf/crf.ts'
import type { AnyOptions, LayerDefinition, LayerInfo } from '../../layers/definition.ts'
import { denseLayer } from '../../layers/dense.ts'
import { anyEmbeddingLayer } from '../../layers/embedding.ts'
import { recurrentLayer } from '../../layers/recurrent/definition.ts'
import { activationPenaltyLayer } from '../../layers/regularisation/activationPenalty.ts'
import { anyDropoutLayer } from '../../layers/regularisation/lockedDropout.ts'
import { normalisation } from '../../layers/regularisation/normalisedOptions.ts'
import { addingSoftmax } from '../../layers/losses/added.ts'
import { sentenceLabelLayer } from '../../layers/words/sentenceLabel.ts'
import { wordCharactersLayer } from '../../layers/words/wordCharacters.ts'
import type { LayerOptions, NetworkConfig } from '../../model/config.ts'
import { dropoutAbove, dropoutOf, ofEmbedding, ofRecurrent } from '../regularisation.ts'
import type { TaggerLearned } from './learned.ts'

/** An input of networks where a layer may have a loss of its own. */
function addingLosses<O extends AnyOptions>(input: LayerDefinition<O>): LayerDefinition<O> {
  return { ...input, losses: [...input.losses!, addingSoftmax] }
}

/** The layers that a tagger may have. */
export const taggerLayers: readonly LayerInfo[] = [
  /* @__PURE__ */ addingLosses(anyEmbeddingLayer),
  /* @__PURE__ */ addingLosses(wordCharactersLayer),
  /* @__PURE__ */ recurrentLayer(cells, normalisation),
  anyDropoutLayer,
  activationPenaltyLayer,
  denseLayer,
  crfLayer,
  sentenceLabelLayer,
]

/** Builds the layers for what was learned. */
export function taggerNetwork({
  settings,
  words,
  letters,
  labels,
  sentenceLabels,
}: TaggerLearned): NetworkConfig {
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
  const { sentenceWeight: lossWeight } = settings
  const sentenceLabel: LayerOptions[] = sentenceLabels
    ? [{ type: 'sentenceLabel', classes: sentenceLabels.length, lossWeight, rate: dropout }]
    : []
  const recurrent = Array.from({ length: settings.layers }, (_, i): LayerOptions[] => [
    { type: 'recurrent', cell, units, direction, ...ofRecurrent(settings) },
    ...(i < settings.layers - 1 ? drop : [...sentenceLabel, ...dropoutAbove(settings, dropout)]),
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
