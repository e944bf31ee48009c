/**
 * The steps above a layer that changes the lengths of sequences. A longer sequence keeps at least as many steps as a
 * shorter one, so the order of the batch stays, and the layers above need no more than a batch and an index of their own.
 */
import type { Arena } from '../../engine/arena.ts'
import { PackedBatch } from '../../tensors/packedBatch.ts'
import { BatchIndex } from '../batchIndex.ts'
import {
  withIndex,
  type Capacity,
  type Context,
  type Layer,
  type SeenBatch,
  type Timeline,
} from '../layer.ts'
import { ownFields } from './receptiveFields.ts'

/** How lengths change. */
export interface LengthChange {
  /** The layer's. */
  readonly name: string
  /** Steps above for so many below; below 1 where they are too few. Never falls. */
  lengthOf(steps: number): number
  /** lengthOf(steps) ≤ (steps + spare) / stride, for every number of steps. */
  readonly stride: number
  readonly spare: number
  /** The fewest steps below that give so many above. */
  leastBelow(steps: number): number
  /** @throws ShapeError for a sequence (the caller's number) whose steps are too few */
  throwTooShort(sequence: number, steps: number): never
}

/** A batch with other lengths, and the index of its rows. */
export class ChangedTimeline implements Timeline {
  readonly context: Context
  capacity!: Capacity
  readonly #memory: Arena
  readonly #index = new BatchIndex()
  readonly #change: LengthChange
  readonly #batches = new WeakMap<PackedBatch, PackedBatch>()

  constructor(context: Context, change: LengthChange) {
    this.#memory = context.engine.memory
    this.#change = change
    this.context = withIndex(context, this.#index)
  }

  plan(below: Capacity): void {
    const { stride, spare } = this.#change
    const { sequences } = below
    const steps = Math.max(1, this.#change.lengthOf(below.steps))
    const most = Math.floor((below.rows + sequences * Math.max(0, spare)) / stride)
    const rows = Math.max(sequences, Math.min(sequences * steps, most))
    this.capacity = { ...below, steps, rows }
    this.#index.plan(this.#memory, this.capacity)
  }

  of(batch: PackedBatch): PackedBatch {
    const known = this.#batches.get(batch)
    if (known) return known
    const lengths = new Int32Array(batch.sequences)
    batch.lengths.forEach((steps, b) => {
      const sequence = batch.sortedIndices[b]
      lengths[sequence] = this.#change.lengthOf(steps)
      if (lengths[sequence] < 1) this.#change.throwTooShort(sequence, steps)
    })
    const changed = new PackedBatch(lengths, batch.sortedIndices)
    this.#batches.set(batch, changed)
    return changed
  }

  leastBelow(steps: number): number {
    return this.#change.leastBelow(steps)
  }

  seenBy(at: Layer, layers: readonly Layer[], batch: PackedBatch, b: number): SeenBatch {
    const below = layers.slice(0, layers.indexOf(at))
    const own = below.reduce((seen, { timeline }) => timeline?.of(seen) ?? seen, batch)
    if (own === batch) return { own }
    const fields = ownFields(batch.lengths[b])
    return {
      own,
      receptiveFields: below.reduce((seen, layer) => layer.receptiveFields?.(seen) ?? seen, fields),
    }
  }

  /** The batch above, with its index written. */
  load(batch: PackedBatch): PackedBatch {
    const changed = this.of(batch)
    this.#index.write(this.#memory, changed)
    return changed
  }
}
