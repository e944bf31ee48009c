/** A batch as a network's output has it: layers may change the lengths of its sequences. */
import { PackedBatch } from '../tensors/packedBatch.ts'
import { internalsOf, type Network } from './network.ts'

/** The batch above all layers. @throws ShapeError for a sequence that is too short */
export function outputBatch(network: Network, batch: PackedBatch): PackedBatch {
  return internalsOf(network).layers.reduce((below, { timeline }) => timeline?.of(below) ?? below, batch)
}

/** The fewest steps that a sequence may have. */
export function leastSteps(network: Network): number {
  const { layers } = internalsOf(network)
  return layers.reduceRight((steps, { timeline }) => timeline?.leastBelow(steps) ?? steps, 1)
}

/** Steps of the output of a sequence. */
export function outputSteps(network: Network, steps: number): number {
  return outputBatch(network, new PackedBatch([steps])).steps
}
