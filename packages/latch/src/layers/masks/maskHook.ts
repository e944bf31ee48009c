/**
 * Masked steps are for imported models only: layers/masks.ts puts itself here when it is announced, so that the browser's
 * entry does not carry it. Until then a batch with a mask is refused.
 */
import type { BatchMask } from '../batchIndex.ts'
import type { Context } from '../layer.ts'
import type { PackedBatch } from '../../tensors/packedBatch.ts'

export const maskHook: {
  /** The masked steps of a batch in a network of these layers; null where every step counts. */
  of: ((context: Context, layers: readonly { type: string }[], batch: PackedBatch) => BatchMask | null) | null
} = { of: null }
