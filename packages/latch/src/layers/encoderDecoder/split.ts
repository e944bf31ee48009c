/**
 * A batch of source and target tokens as two: each sequence of the batch is its source's ids, below `source`, and then its
 * target's, from `source` on. The layers above see the steps of the targets.
 */
import type { Arena } from '../../engine/arena.ts'
import { DataError, UnsupportedError } from '../../core/errors.ts'
import { PackedBatch } from '../../tensors/packedBatch.ts'
import { BatchIndex } from '../batchIndex.ts'
import { withIndex, type Capacity, type Context, type Timeline } from '../layer.ts'
import { splitIds } from '../splitIds.ts'

/** Both sides of a batch. */
export interface Sides {
  readonly source: PackedBatch
  readonly target: PackedBatch
  /** The place of each target sequence's source among the packed sources. (B) */
  readonly sourceOf: Int32Array
}

/** Splits batches, and keeps what layers of each side share. */
export class SplitTimeline implements Timeline {
  /** Of the target side. */
  readonly context: Context
  readonly sourceContext: Context
  capacity!: Capacity
  readonly #name: string
  readonly #sourceSize: number
  readonly #memory: Arena
  readonly #sourceIndex = new BatchIndex()
  readonly #targetIndex = new BatchIndex()
  readonly #sides = new WeakMap<PackedBatch, Sides>()

  /** @param sourceSize ids below it are source tokens */
  constructor(context: Context, name: string, sourceSize: number) {
    this.#name = name
    this.#sourceSize = sourceSize
    this.#memory = context.engine.memory
    this.context = withIndex(context, this.#targetIndex)
    this.sourceContext = withIndex(context, this.#sourceIndex)
  }

  plan(below: Capacity): void {
    this.capacity = below
    this.#sourceIndex.plan(this.#memory, below)
    this.#targetIndex.plan(this.#memory, below)
  }

  /** Both sides, with their indices written. */
  load(batch: PackedBatch): Sides {
    const sides = this.split(batch)
    this.#sourceIndex.write(this.#memory, sides.source)
    this.#targetIndex.write(this.#memory, sides.target)
    return sides
  }

  of(batch: PackedBatch): PackedBatch {
    return this.split(batch).target
  }

  /** @throws DataError for a sequence without a source, without a target, or with source tokens after its target's */
  split(batch: PackedBatch): Sides {
    const known = this.#sides.get(batch)
    if (known) return known
    const { first, second } = splitIds(batch, this.#sourceSize, (sequence) => this.#throwUnsplit(sequence))
    const source = PackedBatch.ofIds(first)
    const target = PackedBatch.ofIds(second)
    const places = new Int32Array(batch.sequences)
    source.sortedIndices.forEach((sequence, place) => (places[sequence] = place))
    const sides = { source, target, sourceOf: target.sortedIndices.map((sequence) => places[sequence]) }
    this.#sides.set(batch, sides)
    return sides
  }

  #throwUnsplit(sequence: number): never {
    throw new DataError({
      where: `${this.#name}, sequence ${sequence}`,
      expected: `at least one source token (an id below ${this.#sourceSize}), then at least one target token`,
      got: 'others',
    })
  }

  leastBelow(steps: number): number {
    return steps + 1
  }

  seenBy(): never {
    return this.throwUntraceable('trace')
  }

  throwUntraceable(where: string): never {
    throw new UnsupportedError({
      where,
      expected: 'one sequence of steps in every layer',
      got: `${this.#name}, which has an encoder's and a decoder's`,
      remedy: 'Use `traceEncoderDecoder`, or `trace`, `gradientFlow`, `influence` and `explain` of a model.',
    })
  }
}
