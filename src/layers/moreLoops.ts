/** Puts masks in place (layers/later.ts): model/moreLayers.ts calls this for whoever reads imported models. */
import { later } from './later.ts'
import { masksOf, packMask } from './masks.ts'
import { packing } from './packed.ts'

/** Calling it again changes nothing. */
export function announceLoops(): void {
  later.masks = masksOf
  packing.mask = packMask
}
