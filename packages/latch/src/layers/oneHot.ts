/**
 * One-hot rows, which are never made: the ids go on as they are, and the recurrent layer above takes the rows of its
 * weights that they name.
 */
import { strideOf } from '../engine/engine.ts'
import type { PackedBatch } from '../tensors/packedBatch.ts'
import type { Parameter } from '../tensors/parameters.ts'
import { allLosses } from './losses/allLosses.ts'
import type { LayerDefinition, LayerSpec } from './definition.ts'
import { optional, readOptions, readRate, readVocabulary } from './fields.ts'
import { makeEdge, type Capacity, type Context, type Edge, type Layer, type Pass } from './layer.ts'
import { masks } from './masks/masks.ts'
import { TokenIds } from './embeddings/tokenIds.ts'

/** Input layer: token ids as one-hot rows, which are never made. */
export interface OneHotOptions {
  type: 'oneHot'
  vocabulary: number
  /** Fraction of tokens that training replaces by the unknown token, id 0. Default 0. */
  wordDropout?: number
}

/** The one-hot input of text classifiers as data. */
export const oneHotLayer: LayerDefinition<OneHotOptions> = {
  type: 'oneHot',
  isInput: true,
  read: (field) => readOptions(field, { vocabulary: readVocabulary, wordDropout: optional(readRate) }),
  build: (context, name, options) => new OneHotLayer(context, name, options),
}

/** The one-hot input of any network, as data. */
export const anyOneHotLayer: LayerDefinition<OneHotOptions> = /* @__PURE__ */ withLosses()

/** The one-hot input of networks whose batches may mask steps, as data. */
export const maskedOneHotLayer: LayerDefinition<OneHotOptions> = /* @__PURE__ */ withMasks()

function withMasks(): LayerDefinition<OneHotOptions> {
  return { ...withLosses(), masks }
}

function withLosses(): LayerDefinition<OneHotOptions> {
  return { ...oneHotLayer, losses: allLosses }
}

/** The first layer of a network that reads tokens without an embedding: `oneHot({ vocabulary: 27 })`. */
export function oneHot(options: Omit<OneHotOptions, 'type'>): LayerSpec<OneHotOptions> {
  return { definition: anyOneHotLayer, options: { type: 'oneHot', ...options } }
}

/** `oneHot` for batches with a mask of their own. */
export function maskedOneHot(options: Omit<OneHotOptions, 'type'>): LayerSpec<OneHotOptions> {
  return { definition: maskedOneHotLayer, options: { type: 'oneHot', ...options } }
}

export class OneHotLayer implements Layer {
  readonly type = 'oneHot'
  readonly name: string
  readonly parameters: readonly Parameter[] = []
  readonly output: Edge
  readonly #context: Context
  readonly #ids: TokenIds

  constructor(context: Context, name: string, options: OneHotOptions) {
    this.#context = context
    this.name = name
    this.#ids = new TokenIds(context, options.vocabulary, options.wordDropout ?? 0)
    this.output = makeEdge('step', options.vocabulary, strideOf(context.engine, options.vocabulary))
    // Marks the edge as ids before the first plan gives it an address.
    this.output.ids = this.output.reversedIds = -1
  }

  plan(capacity: Capacity): void {
    this.#ids.plan(capacity)
    this.output.ids = this.#ids.own
    this.output.reversedIds = this.#context.engine.memory.ints(capacity.rows, 'token ids')
  }

  forward(batch: PackedBatch, pass: Pass): void {
    this.#ids.load(batch, pass)
    const { engine, index } = this.#context
    const own = engine.memory.viewInts(this.output.ids, batch.rows)
    const reversed = engine.memory.viewInts(this.output.reversedIds, batch.rows)
    const reverseRow = engine.memory.viewInts(index.reverseRow, batch.rows)
    for (let r = 0; r < batch.rows; r++) reversed[r] = own[reverseRow[r]]
  }

  backward(): void {}
}
