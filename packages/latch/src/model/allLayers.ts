/** Every layer in its most general form: what networks from other tools' files are made of. */
import { cells, genericCells } from '../cells/registry.ts'
import { activationLayer } from '../layers/activation.ts'
import { batchNormLayer } from '../layers/batchNorm.ts'
import { concatLayer } from '../layers/skips/concat.ts'
import { crfLayer } from '../layers/crf/crf.ts'
import type { LayerInfo } from '../layers/definition.ts'
import { genericDenseLayer } from '../layers/dense.ts'
import { activationPenaltyLayer } from '../layers/regularisation/activationPenalty.ts'
import { anyDropoutLayer } from '../layers/regularisation/lockedDropout.ts'
import { normalisation } from '../layers/regularisation/normalisedOptions.ts'
import { maskedEmbeddingLayer } from '../layers/embedding.ts'
import { maskedFeaturesLayer } from '../layers/features.ts'
import { encoderDecoderLayer } from '../layers/encoderDecoder/encoderDecoder.ts'
import { flattenLayer } from '../layers/flatten.ts'
import { layerNormLayer } from '../layers/layerNorm.ts'
import { mergeLayer } from '../layers/skips/merge.ts'
import { maskingLayer, zeroMaskedLayer } from '../layers/masks/masking.ts'
import { maskedOneHotLayer } from '../layers/oneHot.ts'
import { pairEmbeddingLayer } from '../layers/pairs/pairEmbedding.ts'
import { pairFeaturesLayer } from '../layers/pairs/pairFeatures.ts'
import { anyPoolLayer } from '../layers/pooling/allPools.ts'
import { timeSoftmaxLayer } from '../layers/pooling/timeSoftmax.ts'
import { mergingRecurrentLayer } from '../layers/recurrent/definition.ts'
import { projectedLstmLayer } from '../layers/recurrent/projected.ts'
import { repeatLayer } from '../layers/repeat.ts'
import { reverseLayer } from '../layers/reverse.ts'
import { permuteLayer } from '../layers/shapes/permute.ts'
import { reshapeLayer } from '../layers/shapes/reshape.ts'
import { conv1dLayer } from '../layers/windows/conv1d.ts'
import { averagePool1dLayer, maxPool1dLayer } from '../layers/windows/localPool.ts'
import { sentenceLabelLayer } from '../layers/words/sentenceLabel.ts'
import { wordCharactersLayer } from '../layers/words/wordCharacters.ts'

/** All layers, with masked steps, generic cells and every activation: for `networkFromConfig`. */
export const allLayers: readonly LayerInfo[] = [
  maskedEmbeddingLayer,
  maskedOneHotLayer,
  maskedFeaturesLayer,
  /* @__PURE__ */ encoderDecoderLayer(cells),
  pairEmbeddingLayer,
  /* @__PURE__ */ mergingRecurrentLayer(genericCells, normalisation),
  projectedLstmLayer,
  anyDropoutLayer,
  activationPenaltyLayer,
  anyPoolLayer,
  flattenLayer,
  genericDenseLayer,
  activationLayer,
  layerNormLayer,
  batchNormLayer,
  conv1dLayer,
  maxPool1dLayer,
  averagePool1dLayer,
  maskingLayer,
  zeroMaskedLayer,
  reverseLayer,
  concatLayer,
  mergeLayer,
  timeSoftmaxLayer,
  repeatLayer,
  permuteLayer,
  reshapeLayer,
  crfLayer,
  wordCharactersLayer,
  sentenceLabelLayer,
  pairFeaturesLayer,
]
