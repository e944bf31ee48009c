/**
 * A network as data: the list of layers and the loss, as JSON. `readNetworkConfig` reads what was not typed, with the
 * definitions of the layers that may be in it: each field is checked and named.
 */
import type { ActivationOptions } from '../layers/activation.ts'
import type { ConcatOptions } from '../layers/skips/concat.ts'
import type { BatchNormOptions } from '../layers/batchNorm.ts'
import type { AnyOptions, LayerDefinition, LayerInfo, LayerSpec } from '../layers/definition.ts'
import type { CrfOptions } from '../layers/crf/crf.ts'
import type { DenseOptions } from '../layers/dense.ts'
import type { DropoutOptions } from '../layers/dropout.ts'
import type { EmbeddingOptions } from '../layers/embedding.ts'
import type { EncoderDecoderOptions } from '../layers/encoderDecoder/encoderDecoder.ts'
import type { FeaturesOptions } from '../layers/features.ts'
import { optional } from '../layers/fields.ts'
import type { FlattenOptions } from '../layers/flatten.ts'
import type { LayerNormOptions } from '../layers/layerNorm.ts'
import { readLoss, type LossOptions } from '../layers/loss.ts'
import type { MergeOptions } from '../layers/skips/merge.ts'
import type { MaskingOptions, ZeroMaskedOptions } from '../layers/masks/masking.ts'
import type { OneHotOptions } from '../layers/oneHot.ts'
import type { PairEmbeddingOptions } from '../layers/pairs/pairEmbedding.ts'
import type { PairFeaturesOptions } from '../layers/pairs/pairFeatures.ts'
import type { PoolOptions } from '../layers/pooling/pool.ts'
import type { TimeSoftmaxOptions } from '../layers/pooling/timeSoftmax.ts'
import type { ActivationPenaltyOptions } from '../layers/regularisation/activationPenalty.ts'
import type { ProjectedLstmOptions } from '../layers/recurrent/projected.ts'
import type { RecurrentOptions } from '../layers/recurrent/recurrent.ts'
import type { RepeatOptions } from '../layers/repeat.ts'
import type { ReverseOptions } from '../layers/reverse.ts'
import type { PermuteOptions } from '../layers/shapes/permute.ts'
import type { ReshapeOptions } from '../layers/shapes/reshape.ts'
import type { Conv1dOptions } from '../layers/windows/conv1d.ts'
import type { AveragePool1dOptions, MaxPool1dOptions } from '../layers/windows/localPool.ts'
import type { SentenceLabelOptions } from '../layers/words/sentenceLabel.ts'
import type { WordCharactersOptions } from '../layers/words/wordCharacters.ts'
import { fieldAt, fieldError, readArray, readChoice, readObject, type Field } from '../core/validation.ts'

/** One layer of a network as JSON, by its `type`. */
export type LayerOptions =
  | EmbeddingOptions
  | OneHotOptions
  | FeaturesOptions
  | RecurrentOptions
  | ProjectedLstmOptions
  | DropoutOptions
  | ActivationPenaltyOptions
  | PoolOptions
  | FlattenOptions
  | DenseOptions
  | ActivationOptions
  | LayerNormOptions
  | BatchNormOptions
  | Conv1dOptions
  | MaxPool1dOptions
  | AveragePool1dOptions
  | MaskingOptions
  | ZeroMaskedOptions
  | ReverseOptions
  | ConcatOptions
  | MergeOptions
  | TimeSoftmaxOptions
  | RepeatOptions
  | PermuteOptions
  | ReshapeOptions
  | EncoderDecoderOptions
  | PairEmbeddingOptions
  | PairFeaturesOptions
  | CrfOptions
  | WordCharactersOptions
  | SentenceLabelOptions

/** A whole network as JSON. */
export interface NetworkConfig {
  /** The first is an input (embedding, oneHot, features); the others follow in the order of the data. */
  layers: readonly LayerOptions[]
  /** Needed for training and gradients. */
  loss?: LossOptions
}

/**
 * Reads and checks a configuration.
 * @param definitions the layers that may be in it: `coreLayers`, `allLayers`, or your own list
 * @throws FormatError that names the field
 */
export function readNetworkConfig(field: Field, definitions: readonly LayerInfo[]): NetworkConfig {
  const types = definitions.map(({ type }) => type)
  const { layers, loss } = readNetwork(field, (item) => {
    const type = readChoice(fieldAt(item, 'type'), types)
    return definitions.find((definition) => definition.type === type) as LayerDefinition
  })
  return configOf(layers, loss)
}

/** The layers of a configuration, each with its definition. */
export function specsOf({ layers }: NetworkConfig, definitions: readonly LayerInfo[]): LayerSpec[] {
  return layers.map((options) => {
    return { definition: definitions.find(({ type }) => type === options.type)!, options }
  })
}

/** Layers and loss as a configuration. */
export function configOf(layers: readonly AnyOptions[], loss: LossOptions | undefined): NetworkConfig {
  const typed = layers as readonly LayerOptions[]
  return loss ? { layers: typed, loss } : { layers: typed }
}

/** Reads a network whose layers' definitions are found for each. */
export function readNetwork(
  field: Field,
  definitionOf: (item: Field, index: number) => LayerDefinition,
): { layers: AnyOptions[]; loss: LossOptions | undefined } {
  const { layers, loss } = readObject(field, ['layers', 'loss'])
  const read: AnyOptions[] = []
  let losses: LayerDefinition['losses']
  for (const [i, item] of readArray(layers, { minLength: 1, maxLength: 1000 }).entries()) {
    const definition = definitionOf(item, i)
    if ((definition.isInput === true) !== (i === 0)) {
      const expected = i === 0 ? 'an input (embedding, oneHot, features)' : 'one input only, first'
      throw fieldError(fieldAt(item, 'type'), expected)
    }
    losses ??= definition.losses
    read.push(definition.read(item, read))
  }
  return { layers: read, loss: optional((own) => readLoss(own, losses))(loss) }
}
