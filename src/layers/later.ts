/**
 * What networks do for imported models only: masked steps. Announced at run time (layers/moreLoops.ts), so that
 * the browser's entry does not carry it.
 */
import type { BatchMask } from './batchIndex.ts'
import type { Context } from './layer.ts'
import type { PackedBatch } from './packed.ts'

/** In use; how masks are packed is in layers/packed.ts. */
export const later: {
  /** The masked steps of a batch in a network of these layers; null where every step counts. */
  masks:
    ((context: Context, layers: readonly { type: string }[], batch: PackedBatch) => BatchMask | null) | null
} = { masks: null }
