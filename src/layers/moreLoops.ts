/** Puts masks and merges in place (layers/later.ts): model/moreLayers.ts calls this for whoever reads imported models. */
import { later } from './later.ts'
import { masksOf } from './masks.ts'
import { MergeLayer } from './merge.ts'

/** Calling it again changes nothing. */
export function announceLoops(): void {
  later.merge = (context, mode, sides) => new MergeLayer(context, mode, sides)
  later.masks = masksOf
}
