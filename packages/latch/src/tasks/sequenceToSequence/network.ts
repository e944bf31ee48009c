/** The network of a sequence-to-sequence model: ids of a source and a target in, logits of each next target token out. */
import { cells } from '../../cells/registry.ts'
import type { LayerInfo } from '../../layers/definition.ts'
import { denseLayer } from '../../layers/dense.ts'
import { dropoutLayer } from '../../layers/dropout.ts'
import { encoderDecoderLayer } from '../../layers/encoderDecoder/encoderDecoder.ts'
import type { LayerOptions, NetworkConfig } from '../../model/config.ts'
import type { SequenceToSequenceSettings } from './options.ts'

/** The layers that a sequence-to-sequence model may have. */
export const sequenceToSequenceLayers: readonly LayerInfo[] = [
  /* @__PURE__ */ encoderDecoderLayer(cells),
  dropoutLayer,
  denseLayer,
]

/** Builds the layers for the settings and the sizes of the vocabularies. */
export function sequenceToSequenceNetwork(
  settings: SequenceToSequenceSettings,
  sourceVocabulary: number,
  targetVocabulary: number,
): NetworkConfig {
  const { cell, units, layers, bidirectional, attention, embedding, dropout } = settings
  const drop: LayerOptions[] = dropout > 0 ? [{ type: 'dropout', rate: dropout }] : []
  return {
    layers: [
      {
        type: 'encoderDecoder',
        sourceVocabulary,
        targetVocabulary,
        size: embedding,
        units,
        cell,
        layers,
        bidirectional,
        attention,
        dropout,
      },
      ...drop,
      { type: 'dense', units: targetVocabulary },
    ],
    loss: { type: 'softmaxCrossEntropy' },
  }
}
