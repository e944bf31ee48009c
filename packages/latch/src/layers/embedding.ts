/**
 * The embedding: each token id becomes its row of a learned table (vocabulary, size). The first layer of a network
 * that reads tokens.
 */
import { readBoolean, readInteger } from '../core/validation.ts'
import { allLosses } from './losses/allLosses.ts'
import type { AnyOptions, LayerDefinition, LayerSpec } from './definition.ts'
import { AnyEmbeddingLayer, isTied } from './embeddings/anyEmbedding.ts'
import { EmbeddingLayer, type EmbeddingOptions } from './embeddings/embeddingLayer.ts'
import { optional, readOptions, readRate, readVocabulary, readWidth } from './fields.ts'
import type { Context } from './layer.ts'
import { masks } from './masks/masks.ts'
import type { MaskSupport } from './masks/support.ts'

export type { EmbeddingOptions } from './embeddings/embeddingLayer.ts'

const readers = { vocabulary: readVocabulary, size: readWidth, wordDropout: optional(readRate) }
const moreReaders = { rowDropout: optional(readRate), paddingIdx: optional(readInteger) }

/** The embedding of text classifiers as data. */
export const embeddingLayer: LayerDefinition<EmbeddingOptions> = {
  type: 'embedding',
  isInput: true,
  read: (field) => readOptions(field, readers),
  build: (context, name, options) => new EmbeddingLayer(context, name, options),
}

/** The embedding of any network: with a row for padding, dropout of rows, or a tied table; as data. */
export const anyEmbeddingLayer: LayerDefinition<EmbeddingOptions> = {
  type: 'embedding',
  isInput: true,
  losses: allLosses,
  read: (field) => readOptions(field, { ...readers, ...moreReaders }),
  build: (context, name, options, _input, _below, all) => buildAny(context, name, options, null, all),
}

/** The embedding that can mask steps, as data. */
export const maskedEmbeddingLayer: LayerDefinition<EmbeddingOptions> = {
  type: 'embedding',
  isInput: true,
  masks,
  losses: allLosses,
  read: (field) => readOptions(field, { ...readers, ...moreReaders, maskZero: optional(readBoolean) }),
  build: (context, name, options, _input, _below, all) => buildAny(context, name, options, masks, all),
}

function buildAny(
  context: Context,
  name: string,
  options: EmbeddingOptions,
  support: MaskSupport | null,
  all: readonly AnyOptions[],
): EmbeddingLayer {
  const tied = isTied(all)
  return tied || options.rowDropout || options.paddingIdx !== undefined
    ? new AnyEmbeddingLayer(context, name, options, support, tied)
    : new EmbeddingLayer(context, name, options, support)
}

/** The first layer of a network that reads tokens: `embedding({ vocabulary: 5000, size: 32 })`. */
export function embedding(options: Omit<EmbeddingOptions, 'type' | 'maskZero'>): LayerSpec<EmbeddingOptions> {
  return { definition: anyEmbeddingLayer, options: { type: 'embedding', ...options } }
}

/** An embedding that masks the steps whose id is 0, as Keras does with `mask_zero`. */
export function maskedEmbedding(
  options: Omit<EmbeddingOptions, 'type' | 'maskZero'>,
): LayerSpec<EmbeddingOptions> {
  return { definition: maskedEmbeddingLayer, options: { type: 'embedding', ...options, maskZero: true } }
}
