/**
 * The embedding of pairs of texts. One sequence is the ids of the first text, then those of the second plus the size of the
 * vocabulary; the layers above see two sequences in its place, which so share every weight (Bromley et al. 1993).
 */
import type { Arena } from '../../engine/arena.ts'
import { DataError, UnsupportedError } from '../../core/errors.ts'
import { PackedBatch } from '../../tensors/packedBatch.ts'
import type { Parameter } from '../../tensors/parameters.ts'
import type { SparseRows } from '../../tensors/sparseRows.ts'
import { BatchIndex } from '../batchIndex.ts'
import type { LayerDefinition, LayerSpec } from '../definition.ts'
import { EmbeddingLayer } from '../embeddings/embeddingLayer.ts'
import { optional, readOptions, readRate, readVocabulary, readWidth } from '../fields.ts'
import {
  withIndex,
  type Capacity,
  type Context,
  type Edge,
  type Layer,
  type Pass,
  type Timeline,
} from '../layer.ts'
import { splitIds } from '../splitIds.ts'

/** Input layer: the token ids of two texts, each a row of one learned table (vocabulary, size). */
export interface PairEmbeddingOptions {
  type: 'pairEmbedding'
  /** Tokens of the first text have ids below it, those of the second from it on. */
  vocabulary: number
  size: number
  /** Fraction of tokens that training replaces by the unknown token, id 0. Default 0. */
  wordDropout?: number
}

/** The embedding of pairs as data. */
export const pairEmbeddingLayer: LayerDefinition<PairEmbeddingOptions> = {
  type: 'pairEmbedding',
  isInput: true,
  read: (field) =>
    readOptions(field, { vocabulary: readVocabulary, size: readWidth, wordDropout: optional(readRate) }),
  build: (context, name, options) => new PairEmbeddingLayer(context, name, options),
}

/**
 * The first layer of a network that reads pairs of texts: a batch of B sequences, each the ids of the first text, then those
 * of the second plus `vocabulary`, goes on as 2·B sequences: all first texts, then all second ones. `pairFeatures` makes
 * one row of both again.
 */
export function pairEmbedding(options: Omit<PairEmbeddingOptions, 'type'>): LayerSpec<PairEmbeddingOptions> {
  return { definition: pairEmbeddingLayer, options: { type: 'pairEmbedding', ...options } }
}

/** Both texts of each sequence as sequences of their own. */
class PairTimeline implements Timeline {
  readonly context: Context
  capacity!: Capacity
  readonly #name: string
  readonly #vocabulary: number
  readonly #memory: Arena
  readonly #index = new BatchIndex()
  readonly #batches = new WeakMap<PackedBatch, PackedBatch>()

  constructor(context: Context, name: string, vocabulary: number) {
    this.#name = name
    this.#vocabulary = vocabulary
    this.#memory = context.engine.memory
    this.context = withIndex(context, this.#index)
  }

  plan(below: Capacity): void {
    this.capacity = { ...below, sequences: 2 * below.sequences }
    this.#index.plan(this.#memory, this.capacity)
  }

  /** @throws DataError for a sequence without a first or a second text */
  of(batch: PackedBatch): PackedBatch {
    const known = this.#batches.get(batch)
    if (known) return known
    const { first, second } = splitIds(batch, this.#vocabulary, (sequence) => this.#throwUnsplit(sequence))
    const both = PackedBatch.ofIds([...first, ...second])
    this.#batches.set(batch, both)
    return both
  }

  /** The batch above, with its index written. */
  load(batch: PackedBatch): PackedBatch {
    const both = this.of(batch)
    this.#index.write(this.#memory, both)
    return both
  }

  #throwUnsplit(sequence: number): never {
    const size = this.#vocabulary
    throw new DataError({
      where: `${this.#name}, sequence ${sequence}`,
      expected: `at least one token of the first text (an id below ${size}), then at least one of the second (from ${size} on)`,
      got: 'others',
    })
  }

  leastBelow(steps: number): number {
    return 2 * steps
  }

  seenBy(): never {
    return this.throwUntraceable('trace')
  }

  throwUntraceable(where: string): never {
    throw new UnsupportedError({
      where,
      expected: 'one sequence of steps in every layer',
      got: `${this.#name}, which reads two texts`,
    })
  }
}

class PairEmbeddingLayer implements Layer {
  readonly type = 'pairEmbedding'
  readonly name: string
  readonly parameters: readonly Parameter[]
  readonly output: Edge
  readonly sparseRows: SparseRows
  readonly timeline: PairTimeline
  readonly needsWholeSequence = {
    got: 'an embedding of pairs of texts, which reads both whole',
    remedy: 'Use `predict` with both texts.',
  }
  readonly #embedding: EmbeddingLayer

  constructor(context: Context, name: string, { vocabulary, size, wordDropout }: PairEmbeddingOptions) {
    this.name = name
    this.timeline = new PairTimeline(context, name, vocabulary)
    const own = { type: 'embedding', vocabulary, size, wordDropout } as const
    this.#embedding = new EmbeddingLayer(this.timeline.context, name, own)
    this.parameters = this.#embedding.parameters
    this.output = this.#embedding.output
    this.sparseRows = this.#embedding.sparseRows!
  }

  initialise(seed: number): void {
    this.#embedding.initialise(seed)
  }

  plan(capacity: Capacity, training: boolean): void {
    this.timeline.plan(capacity)
    this.#embedding.plan(this.timeline.capacity, training)
  }

  forward(batch: PackedBatch, pass: Pass): void {
    this.#embedding.forward(this.timeline.load(batch), pass)
  }

  backward(batch: PackedBatch): void {
    this.#embedding.backward(this.timeline.of(batch))
  }
}
