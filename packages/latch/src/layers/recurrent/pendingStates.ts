/**
 * States (B, H) given for the next pass of one batch. They are kept here, not in the arena, so that a
 * new plan between giving and using them loses nothing, and another batch never meets them.
 */
import { UsageError } from '../../core/errors.ts'
import type { PackedBatch } from '../../tensors/packedBatch.ts'

export interface PendingState<State extends string> {
  state: State
  direction: number
  /** (B, H) in the caller's order. */
  values: Float64Array
}

export class PendingStates<State extends string> {
  readonly #where: string
  /** Order of the batch, which stays the same object where a layer changes its lengths. */
  #order: Int32Array | null = null
  #states: PendingState<State>[] = []

  constructor(where: string) {
    this.#where = where
  }

  give(batch: PackedBatch, state: PendingState<State>): void {
    if (this.#order !== batch.sortedIndices) this.#states = []
    this.#order = batch.sortedIndices
    this.#states.push(state)
  }

  /** What was given for this batch; nothing is left. @throws UsageError if it was given for another. */
  take(batch: PackedBatch): readonly PendingState<State>[] {
    const [given, states] = [this.#order, this.#states]
    this.#order = null
    this.#states = []
    if (given === null || given === batch.sortedIndices) return states
    throw new UsageError({
      where: this.#where,
      expected: 'the batch that states were given for',
      got: 'another batch',
      remedy: 'States hold for the next pass of their own batch; give them again.',
    })
  }
}
