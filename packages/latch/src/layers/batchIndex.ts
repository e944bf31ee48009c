/**
 * A batch's index arrays in the arena (int32): what kernels need to know of which row belongs where.
 * Planned for the largest batch, written anew for each.
 */
import type { Pointer } from '../engine/kernels.ts'
import type { Arena } from '../engine/arena.ts'
import type { LoopHooks, LoopShape } from './recurrent/loopShape.ts'
import type { Capacity, PackedBatch } from '../tensors/packedBatch.ts'

/** Rows on an edge of the network. */
export interface EdgeRows {
  readonly width: number
  readonly stride: number
  readonly value: Pointer
  readonly gradient: Pointer
}

/** What layers ask about the masked steps of a batch that has some (layers/masks). */
export interface BatchMask {
  /** Which rows are valid. (R) */
  readonly steps: Uint8Array
  /** What they change around the steps of a loop, and with them what is overridden. */
  of(loop: LoopShape, held: LoopHooks | null): LoopHooks
  /** The mean over the valid rows, y (B, width) of x (R, width); and back: x's gradient from y's. */
  mean(y: EdgeRows, x: EdgeRows): void
  meanBack(y: EdgeRows, x: EdgeRows): void
  /** What computes the loss: over the valid rows alone, where the network answers every step. */
  loss<Loss>(layer: Loss): Loss
}

export class BatchIndex {
  /** Masked steps of the batch at hand, or null. */
  mask: BatchMask | null = null
  /** The most that this plan holds: an object for each plan. */
  capacity!: Capacity
  lengths: Pointer = 0 // (B)
  offsets: Pointer = 0 // (T)
  /** Row of the hidden buffer (B initial rows first) that holds the state before row r. */
  previousRow: Pointer = 0 // (R)
  /** Row r of a sequence read backwards. */
  reverseRow: Pointer = 0 // (R)
  /** Last row of each sequence. */
  lastRow: Pointer = 0 // (B)

  plan(memory: Arena, capacity: Capacity): void {
    const { sequences: B, steps: T, rows: R } = capacity
    const what = 'batch index'
    this.capacity = capacity
    this.lengths = memory.ints(B, what)
    this.lastRow = memory.ints(B, what)
    this.offsets = memory.ints(T, what)
    this.previousRow = memory.ints(R, what)
    this.reverseRow = memory.ints(R, what)
  }

  write(
    memory: Arena,
    { sequences: B, steps: T, rows: R, lengths, offsets, batchSizes: counts }: PackedBatch,
  ): void {
    memory.viewInts(this.lengths, B).set(lengths)
    memory.viewInts(this.offsets, T).set(offsets)
    const last = memory.viewInts(this.lastRow, B)
    for (let b = 0; b < B; b++) last[b] = offsets[lengths[b] - 1] + b
    const previous = memory.viewInts(this.previousRow, R)
    const reverse = memory.viewInts(this.reverseRow, R)
    for (let t = 0; t < T; t++) {
      const before = t === 0 ? 0 : B + offsets[t - 1]
      for (let b = 0; b < counts[t]; b++) {
        previous[offsets[t] + b] = before + b
        reverse[offsets[t] + b] = offsets[lengths[b] - 1 - t] + b
      }
    }
  }
}
