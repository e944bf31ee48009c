/**
 * The mean over time where steps are masked: over the valid ones. It adds up as the engine's own kernel does, so that
 * a sequence without masked steps has the same mean in every batch.
 */
import type { Engine } from '../../engine/engine.ts'
import type { EdgeRows } from '../batchIndex.ts'
import type { PackedBatch } from '../../tensors/packedBatch.ts'

/** A batch, and which of its rows count. (R) */
interface MaskedBatch {
  readonly batch: PackedBatch
  readonly steps: Uint8Array
}

/** y (B, width); zeros where no step counts (Keras divides 0 by 0 there, or guards it, by version). */
export function maskedMean({ memory, name }: Engine, at: MaskedBatch, y: EdgeRows, x: EdgeRows): void {
  const { sequences: B, rows } = at.batch
  const { width, stride } = y
  const to = memory.viewFloats(y.value, B * stride)
  const from = memory.viewFloats(x.value, rows * stride)
  const sums = name === 'reference' ? new Float64Array(B * width) : new Float32Array(B * width)
  eachCounted(at, (row, b) => {
    for (let j = 0; j < width; j++) sums[b * width + j] += from[row * stride + j]
  })
  const counts = countsOf(at)
  for (let b = 0; b < B; b++)
    for (let j = 0; j < width; j++) to[b * stride + j] = sums[b * width + j] / (counts[b] || 1)
}

/** x's gradient from y's. */
export function maskedMeanBack({ memory }: Engine, at: MaskedBatch, y: EdgeRows, x: EdgeRows): void {
  const { sequences: B, rows } = at.batch
  const { width, stride } = y
  const dx = memory.viewFloats(x.gradient, rows * stride).fill(0)
  const dy = memory.viewFloats(y.gradient, B * stride)
  const counts = countsOf(at)
  eachCounted(at, (row, b) => {
    for (let j = 0; j < width; j++) dx[row * stride + j] = dy[b * stride + j] / counts[b]
  })
}

function countsOf(at: MaskedBatch): Int32Array {
  const counts = new Int32Array(at.batch.sequences)
  eachCounted(at, (_, b) => counts[b]++)
  return counts
}

function eachCounted(
  { batch: { steps: T, batchSizes: counts, offsets }, steps }: MaskedBatch,
  visit: (row: number, b: number) => void,
): void {
  for (let t = 0; t < T; t++)
    for (let b = 0; b < counts[t]; b++) if (steps[offsets[t] + b]) visit(offsets[t] + b, b)
}
