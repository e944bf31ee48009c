/**
 * Masked steps are for imported models only: layers/masks.ts puts itself here when it is announced, so that the browser's
 * entry does not carry it. Until then a batch with a mask is refused.
 */
import type { BatchMask } from '../batchIndex.ts'
import type { Activation, Context } from '../layer.ts'
import type { LoopShape } from '../recurrent/loopShape.ts'
import type { LossLayer } from '../loss.ts'
import type { PackedBatch } from '../../tensors/packedBatch.ts'

/** What a plan holds that masked steps need memory beside. */
export interface MaskPlan {
  readonly layers: readonly { type: string }[]
  readonly loops: readonly LoopShape[]
  readonly loss: LossLayer | null
  readonly output: Activation
  /** Whether the plan is for gradients too. */
  readonly training: boolean
}

export const maskHook: {
  /** Reserves what masked batches need in the plan at hand, where the network or its batches mask steps. */
  plan: ((context: Context, plan: MaskPlan) => void) | null
  /** The masked steps of a batch in a network of these layers; null where every step counts. */
  of: ((context: Context, layers: readonly { type: string }[], batch: PackedBatch) => BatchMask | null) | null
} = { plan: null, of: null }
