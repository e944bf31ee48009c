/** The backward pass of a network from any gradient of its output, in place of a loss. */
import type { Arena } from '../engine/arena.ts'
import { ShapeError, UsageError } from '../core/errors.ts'
import { rowsOf, type Edge, type PassOptions } from '../layers/layer.ts'
import type { PackedBatch } from '../tensors/packedBatch.ts'
import { eachRow, placesOf } from './edgeRows.ts'
import { internalsOf, type Network } from './network.ts'
import { outputBatch } from './outputBatch.ts'

/** Back through every layer from a given gradient of the output, in the order and shape of `network.readOutput`. */
export function backwardFrom(
  network: Network,
  batch: PackedBatch,
  gradient: ArrayLike<number>,
  pass: PassOptions,
): void {
  const { engine, output, backThrough } = internalsOf(network)
  backThrough(batch, pass, () =>
    writeOutputGradient(engine.memory, output, outputBatch(network, batch), gradient),
  )
}

/** Lays a gradient given in the caller's order into the output's edge. */
function writeOutputGradient(
  memory: Arena,
  output: Edge,
  batch: PackedBatch,
  gradient: ArrayLike<number>,
): void {
  const { stride, width } = output
  assertFits(output, batch, gradient.length)
  const view = memory.viewFloats(output.gradient, rowsOf(output, batch) * stride).fill(0)
  eachRow(output, batch, (row, at) => {
    for (let j = 0; j < width; j++) view[row * stride + j] = gradient[at * width + j]
  })
}

function assertFits(output: Edge, batch: PackedBatch, got: number): void {
  const where = 'backwardFrom'
  const places = placesOf(output, batch)
  if (got !== places * output.width)
    throw new ShapeError({ where, expected: `${places}·${output.width} numbers`, got: `${got}` })
  if (output.gradient) return
  const facts = { expected: 'an output that can learn', got: 'an input that wants no gradient' }
  throw new UsageError({ where, ...facts })
}
