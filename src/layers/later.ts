/**
 * What recurrent levels do for imported models only: masks, and merging two directions otherwise than side by
 * side. Announced at run time (model/moreLayers.ts), so that the browser's entry does not carry it.
 */
import { UnsupportedError } from '../tensor/errors.ts'
import type { BatchMask } from './batchIndex.ts'
import type { Activation, Context, Layer } from './layer.ts'
import type { PackedBatch } from './packed.ts'

/** How two directions become one output, other than side by side. */
export type MergeMode = 'sum' | 'multiply' | 'average'

/** What is announced; `announceLoops` of layers/moreLoops.ts puts it in place. */
export interface LaterLoops {
  /** A layer (rows, 2·H) → (rows, H). Options that need it are not read before it is announced. */
  merge: ((context: Context, mode: MergeMode, sides: Activation) => Layer) | null
  /** The masked steps of a batch in a network of these layers; null where every step counts. */
  masks(context: Context, layers: readonly { type: string }[], batch: PackedBatch): BatchMask | null
}

/** In use. */
export const later: LaterLoops = {
  merge: null,
  masks(_context, _layers, { mask }) {
    if (!mask) return null
    throw new UnsupportedError({
      where: 'batch mask',
      expected: 'no masked steps',
      got: 'a mask',
      remedy: "import 'latch/formats' first.",
    })
  },
}
