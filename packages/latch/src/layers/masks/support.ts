/** What a network asks of masked steps, so that only networks with layers that mask carry the code. */
import type { BatchMask } from '../batchIndex.ts'
import type { Capacity, Context, Layer, StreamContext, StreamMask } from '../layer.ts'
import type { Loss } from '../loss.ts'
import type { PackedBatch } from '../../tensors/packedBatch.ts'

/** Part of the definitions of layers whose networks may have masked steps. */
export interface MaskSupport {
  /** For one network. */
  create(context: Context, layers: readonly Layer[]): NetworkMasks
  /** Opens the mask of a stream, which the layers above read. */
  openStream(context: StreamContext): StreamMask
}

/** The masks of one network. */
export interface NetworkMasks {
  /** Whether a layer of the network masks steps, so that every batch may have some. */
  readonly always: boolean
  /** Reserves what masks need for at most `capacity`. */
  plan(capacity: Capacity, training: boolean, loss: Loss | null): void
  /** The masked steps of a batch; null where every step is valid. */
  load(batch: PackedBatch): BatchMask | null
}
