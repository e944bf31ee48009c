/** Rows of an edge to and from the order of the door: (B, C), or (B, T, C) with zeros beyond each length. */
import type { Arena } from '../engine/arena.ts'
import { rowsOf, type Edge } from '../layers/layer.ts'
import type { PackedBatch } from '../tensors/packedBatch.ts'
import { ShapeError, UsageError } from '../core/errors.ts'

/** An edge's values or gradients in the order of the door. */
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

/** Lays a gradient given in the order of the door into the output's edge. */
export function writeOutputGradient(
  memory: Arena,
  output: Edge,
  batch: PackedBatch,
  gradient: ArrayLike<number>,
): void {
  const { stride, width } = output
  check(output, batch, gradient.length)
  const view = memory.viewFloats(output.gradient, rowsOf(output, batch) * stride).fill(0)
  eachRow(output, batch, (row, at) => {
    for (let j = 0; j < width; j++) view[row * stride + j] = gradient[at * width + j]
  })
}

function check(output: Edge, batch: PackedBatch, got: number): void {
  const where = 'network.backwardFrom'
  const places = placesOf(output, batch)
  if (got !== places * output.width)
    throw new ShapeError({ where, expected: `${places}·${output.width} numbers`, got: `${got}` })
  if (output.gradient) return
  const facts = { expected: 'an output that can learn', got: 'an input that wants no gradient' }
  throw new UsageError({ where, ...facts })
}

/** Rows at the door, those beyond a length included. */
function placesOf(edge: Edge, { sequences, steps }: PackedBatch): number {
  return sequences * (edge.per === 'step' ? steps : 1)
}

/** Calls back for each row: (row inside, row at the door). */
function eachRow(edge: Edge, batch: PackedBatch, visit: (row: number, at: number) => void): void {
  if (edge.per === 'step') batch.eachRow((row, sequence, t) => visit(row, sequence * batch.steps + t))
  else for (let b = 0; b < batch.sequences; b++) visit(b, batch.sortedIndices[b])
}
