/** The names of layers on the page. */
import type { LayerOptions } from 'latch'

/** By type. */
export const LAYER_NAMES: Readonly<Record<LayerOptions['type'], string>> = {
  embedding: 'embedding',
  oneHot: 'one-hot',
  encoderDecoder: 'Encoder and decoder',
  pairEmbedding: 'embedding of pairs',
  pairFeatures: 'features of pairs',
  features: 'features',
  wordCharacters: 'words by characters',
  sentenceLabel: 'label of the sentence',
  recurrent: 'recurrent',
  projectedLstm: 'LSTM with projection',
  dropout: 'dropout',
  activationPenalty: 'activation penalty',
  pool: 'pooling',
  flatten: 'flatten',
  dense: 'dense',
  activation: 'activation',
  layerNorm: 'layer norm',
  batchNorm: 'batch norm',
  conv1d: 'convolution',
  maxPool1d: 'max pooling',
  averagePool1d: 'average pooling',
  masking: 'masking',
  zeroMasked: 'masked steps to zero',
  reverse: 'reverse',
  concat: 'concatenation',
  merge: 'merge',
  timeSoftmax: 'softmax over steps',
  repeat: 'repeat',
  permute: 'permute',
  reshape: 'reshape',
  crf: 'CRF',
}

/** The layers that leave numbers as they are at inference, or are part of the input's name. */
const UNNAMED: ReadonlySet<string> = new Set(['features', 'dropout', 'activationPenalty'])

/** `batch norm → convolution`: the layers below the lowest recurrent one, by name. */
export function namesBelow(types: readonly string[]): string {
  const top = types.findIndex((type) => type === 'recurrent' || type === 'projectedLstm')
  const below = types.slice(0, Math.max(0, top)).filter((type) => !UNNAMED.has(type))
  return below.map((type) => (LAYER_NAMES as Record<string, string>)[type]).join(' → ')
}
