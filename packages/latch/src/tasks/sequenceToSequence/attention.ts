/** The attention of a batch of sources and targets. */
import { internalsOf, type Network } from '../../model/network.ts'
import type { EncoderDecoderLayer } from '../../layers/encoderDecoder/encoderDecoder.ts'
import type { PackedBatch } from '../../tensors/packedBatch.ts'

/** Runs the batch: for each sequence the weights (target steps, source steps), row-major. */
export function readAttention(network: Network, batch: PackedBatch): Float64Array[] {
  network.forward(batch)
  const [layer] = internalsOf(network).layers
  return (layer as EncoderDecoderLayer).readAttention()!
}
