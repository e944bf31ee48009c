/**
 * The embedding: each token id becomes its row of a learned table (vocabulary, size). The first layer of a network
 * that reads tokens.
 */
import { strideOf } from '../engine/engine.ts'
import { Random } from '../core/random.ts'
import { ShapeError } from '../core/errors.ts'
import { readBoolean, readInteger } from '../core/validation.ts'
import { uniform } from '../tensors/initializers.ts'
import type { PackedBatch } from '../tensors/packedBatch.ts'
import type { Parameter, ParameterStore } from '../tensors/parameters.ts'
import { SparseRows } from '../tensors/sparseRows.ts'
import { allLosses } from './losses/allLosses.ts'
import type { LayerDefinition, LayerSpec } from './definition.ts'
import { optional, readOptions, readRate, readVocabulary, readWidth } from './fields.ts'
import {
  makeEdge,
  type Capacity,
  type Context,
  type Edge,
  type Layer,
  type LayerStep,
  type Pass,
  type StreamContext,
} from './layer.ts'
import { masks } from './masks/masks.ts'
import type { MaskSupport } from './masks/support.ts'
import { TokenIds } from './tokenIds.ts'

/** Input layer: token ids, each a row of a learned table (vocabulary, size). */
export interface EmbeddingOptions {
  type: 'embedding'
  vocabulary: number
  size: number
  /** Fraction of tokens that training replaces by the unknown token, id 0 (Iyyer et al. 2015). Default 0. */
  wordDropout?: number
  /** PyTorch's `padding_idx`: the row of this id begins as zeros and gets no gradient. Default none. */
  paddingIdx?: number
  /** Steps whose id is 0 are masked (Keras `mask_zero`). Default false. */
  maskZero?: boolean
}

const readers = { vocabulary: readVocabulary, size: readWidth, wordDropout: optional(readRate) }

/** The embedding of text classifiers as data. */
export const embeddingLayer: LayerDefinition<EmbeddingOptions> = {
  type: 'embedding',
  isInput: true,
  read: (field) => readOptions(field, readers),
  build: (context, name, options) => new EmbeddingLayer(context, name, options),
}

/** The embedding of any network, also with a row for padding, as data. */
export const anyEmbeddingLayer: LayerDefinition<EmbeddingOptions> = {
  type: 'embedding',
  isInput: true,
  losses: allLosses,
  read: (field) => readOptions(field, { ...readers, paddingIdx: optional(readInteger) }),
  build: (context, name, options) => buildAny(context, name, options, null),
}

/** The embedding that can mask steps, as data. */
export const maskedEmbeddingLayer: LayerDefinition<EmbeddingOptions> = {
  type: 'embedding',
  isInput: true,
  masks,
  losses: allLosses,
  read: (field) =>
    readOptions(field, { ...readers, paddingIdx: optional(readInteger), maskZero: optional(readBoolean) }),
  build: (context, name, options) => buildAny(context, name, options, masks),
}

function buildAny(context: Context, name: string, options: EmbeddingOptions, support: MaskSupport | null) {
  const { paddingIdx } = options
  return paddingIdx === undefined
    ? new EmbeddingLayer(context, name, options, support)
    : new PaddedEmbeddingLayer(context, name, options, paddingIdx, support)
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

export class EmbeddingLayer implements Layer {
  readonly type = 'embedding'
  readonly name: string
  readonly parameters: readonly Parameter[]
  readonly output: Edge
  readonly sparseRows: SparseRows
  readonly masksSteps: boolean
  readonly #context: Context
  readonly #ids: TokenIds
  readonly #table: Parameter // (V, E)
  readonly #masks: MaskSupport | null

  /** `support`: what opens the mask of a stream, where the layer may mask steps. */
  constructor(context: Context, name: string, options: EmbeddingOptions, support: MaskSupport | null = null) {
    this.#context = context
    this.name = name
    this.masksSteps = options.maskZero ?? false
    this.#masks = support
    this.#ids = new TokenIds(context, options.vocabulary, options.wordDropout ?? 0)
    this.#table = context.store.plain(`${name}.weight`, [options.vocabulary, options.size])
    this.parameters = [this.#table]
    this.sparseRows = new SparseRows(this.#table)
    this.output = makeEdge('step', options.size, strideOf(context.engine, options.size))
  }

  initialise(seed: number): void {
    const { store } = this.#context
    store.write(this.#table, uniform(this.#table.size, 0.1, new Random(seed, 'initial', this.#table.name)))
  }

  plan(capacity: Capacity, training: boolean): void {
    const { memory } = this.#context.engine
    this.#ids.plan(capacity)
    this.output.value = memory.floats(capacity.rows * this.output.stride, 'embedded tokens')
    this.output.gradient = training ? memory.floats(capacity.rows * this.output.stride, 'embedded tokens') : 0
  }

  forward(batch: PackedBatch, pass: Pass): void {
    this.#ids.load(batch, pass)
    const { kernels, store } = this.#context
    const { width, stride, value } = this.output
    kernels.gatherRows(value, store.at(this.#table), this.#ids.own, batch.rows, width, stride, width)
  }

  backward(batch: PackedBatch): void {
    const { kernels, store, engine } = this.#context
    const { width, stride, gradient } = this.output
    this.sparseRows.add(engine.memory.viewInts(this.#ids.own, batch.rows))
    const table = store.at(this.#table, 0, 'gradients')
    kernels.scatterAddRows(table, this.#ids.own, gradient, batch.rows, width, width, stride)
  }

  clearMasked({ ids }: PackedBatch, valid: Uint8Array): void {
    if (!this.masksSteps || !ids) return
    for (let r = 0; r < valid.length; r++) if (ids[r] === 0) valid[r] = 0
  }

  stream(context: StreamContext): LayerStep {
    const { engine, kernels, store } = this.#context
    const output = context.rows(this.output.width)
    const { at, width, stride } = output
    const [table, ids] = [store.at(this.#table), context.ids]
    const mask = this.masksSteps ? this.#masks!.openStream(context) : null
    return {
      output,
      run(rows) {
        if (mask) maskZeros(engine.memory.viewInts(ids, rows), mask.rows)
        kernels.gatherRows(at, table, ids, rows, width, stride, width)
      },
    }
  }
}

/** An embedding whose row `paddingIdx` stays as it is: zeros, or what a file has there. */
class PaddedEmbeddingLayer extends EmbeddingLayer {
  readonly #store: ParameterStore
  readonly #paddingIdx: number

  /** @throws ShapeError for a row that is not there */
  constructor(
    context: Context,
    name: string,
    options: EmbeddingOptions,
    paddingIdx: number,
    support: MaskSupport | null,
  ) {
    super(context, name, options, support)
    this.#store = context.store
    this.#paddingIdx = paddingIdx
    if (paddingIdx < options.vocabulary) return
    const expected = `a paddingIdx below the vocabulary (${options.vocabulary})`
    throw new ShapeError({ where: name, expected, got: `${paddingIdx}` })
  }

  override initialise(seed: number): void {
    super.initialise(seed)
    this.#clear('weights')
  }

  override backward(batch: PackedBatch): void {
    super.backward(batch)
    this.#clear('gradients')
  }

  #clear(region: 'weights' | 'gradients'): void {
    const [table] = this.parameters
    const { memory } = this.#store.engine
    const { width } = this.output
    const all = memory.viewFloats(this.#store.region(region), this.#store.count)
    const from = table.offset + this.#paddingIdx * width
    all.fill(0, from, from + width)
  }
}

/** 1 where an id is 0. */
function maskZeros(ids: Int32Array, mask: Uint8Array): void {
  for (let r = 0; r < ids.length; r++) mask[r] = ids[r] === 0 ? 1 : 0
}
