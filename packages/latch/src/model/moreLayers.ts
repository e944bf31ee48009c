/**
 * Announces what imported models need beyond the core: options of the core's layers that it does not read, and
 * layers that it does not have. Doors call `announceMoreLayers` once; calling it again changes nothing.
 */
import { announceMasks } from '../layers/masks/masks.ts'
import { announceLayers, type LayerKind } from './catalogue.ts'
import { embeddingKind, maskingKind, recurrentKind, zeroMaskedKind } from './maskKinds.ts'
import { activationKind, concatKind, denseKind, layerNormKind, poolKind, reverseKind } from './moreKinds.ts'

const kinds: Readonly<Record<string, LayerKind>> = {
  embedding: embeddingKind,
  recurrent: recurrentKind,
  dense: denseKind,
  pool: poolKind,
  activation: activationKind,
  layerNorm: layerNormKind,
  reverse: reverseKind,
  masking: maskingKind,
  zeroMasked: zeroMaskedKind,
  concat: concatKind,
}

/** Makes all of them known to the networks of this process. */
export function announceMoreLayers(): void {
  announceLayers(kinds)
  announceMasks()
}
