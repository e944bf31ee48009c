/**
 * How a pass goes through time: in blocks of steps whose rows fit a cache, and in windows of blocks whose
 * tape is kept at once. Blocks hang on the batch alone, so sums over rows, which go block by block, have
 * the same bits whatever is kept and however many threads there are.
 */
import type { Capacity, PackedBatch } from '../../tensors/packedBatch.ts'

/** Rows of a block, unless one step alone has more. */
export const BLOCK_ROWS = 256

/** What of a pass is kept for the way back. */
export interface Keep {
  /** Whether there will be a way back. */
  gradients: boolean
  /** Steps whose tape is kept at once: Infinity for all, 0 for one block. */
  steps: number
}

/** Steps of a batch cut into blocks and windows: windows[i] is the number of a block, blocks[i] of a step. */
export interface Partition {
  /** First step of each block, then T. */
  readonly blocks: readonly number[]
  /** First block of each window, then the number of blocks. */
  readonly windows: readonly number[]
}

/** Cuts a batch: windows of at most `steps` steps, but never less than a block. */
export function partitionOf(batch: PackedBatch, steps: number): Partition {
  const blocks = blocksOf(batch)
  const count = blocks.length - 1
  const windows = [0]
  for (let block = 1; block < count; block++) {
    if (blocks[block + 1] - blocks[windows[windows.length - 1]] > steps) windows.push(block)
  }
  windows.push(count)
  return { blocks, windows }
}

function blocksOf({ steps: T, rows: R, offsets }: PackedBatch): readonly number[] {
  const blocks = [0]
  const end = (t: number) => (t < T ? offsets[t] : R)
  for (let t = 1; t < T; t++) {
    if (end(t + 1) - offsets[blocks[blocks.length - 1]] > BLOCK_ROWS) blocks.push(t)
  }
  blocks.push(T)
  return blocks
}

/** Most rows of a window. */
export function windowRows({ sequences: B, rows: R }: Capacity, steps: number): number {
  return steps === Infinity ? R : Math.min(R, Math.max(B * steps, B, BLOCK_ROWS))
}

/** Most windows: of two neighbours, the first and the block after it have more than `steps` steps. */
export function windowCount({ steps: T }: Capacity, steps: number): number {
  return steps === Infinity ? 1 : Math.min(T, Math.ceil((2 * T) / Math.max(1, steps)) + 1)
}
