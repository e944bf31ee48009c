/** Rows of an edge to and from the caller's order: (B, C), or (B, T, C) with zeros beyond each length. */
import type { Arena } from '../engine/arena.ts'
import { rowsOf, type Edge } from '../layers/layer.ts'
import type { PackedBatch } from '../tensors/packedBatch.ts'

/** An edge's values or gradients in the caller's order. */
export function readEdge(
  memory: Arena,
  edge: Edge,
  what: 'value' | 'gradient',
  batch: PackedBatch,
): Float64Array {
  const { stride, width } = edge
  const view = memory.viewFloats(edge[what], rowsOf(edge, batch) * stride)
  const out = new Float64Array(placesOf(edge, batch) * width)
  eachRow(edge, batch, (row, at) => out.set(view.subarray(row * stride, row * stride + width), at * width))
  return out
}

/** Rows as the caller counts them, those beyond a length included. */
export function placesOf(edge: Edge, { sequences, steps }: PackedBatch): number {
  return sequences * (edge.per === 'step' ? steps : 1)
}

/** Calls back for each row: (packed row, row in the caller's order). */
export function eachRow(edge: Edge, batch: PackedBatch, visit: (row: number, at: number) => void): void {
  if (edge.per === 'step') batch.eachRow((row, sequence, t) => visit(row, sequence * batch.steps + t))
  else for (let b = 0; b < batch.sequences; b++) visit(b, batch.sortedIndices[b])
}
