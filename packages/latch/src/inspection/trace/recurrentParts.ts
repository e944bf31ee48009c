/** The recurrent layers of a network, also those inside an encoder and a decoder. */
import type { BuildableSpec } from '../../layers/definition.ts'
import type { EncoderDecoderLayer } from '../../layers/encoderDecoder/encoderDecoder.ts'
import type { RecurrentLayer } from '../../layers/recurrent/recurrent.ts'
import { internalsOf, type Network } from '../../model/network.ts'

/** A recurrent layer, and what is known of its place. */
export interface RecurrentPart {
  readonly layer: RecurrentLayer
  /** How it was built. */
  readonly spec: BuildableSpec
  /** Null in a network of one sequence. */
  readonly side: 'encoder' | 'decoder' | null
  /** Whether it reads the tokens of its side. */
  readonly isLowest: boolean
}

/** The layer of an encoder and a decoder; null in a network of one sequence. */
export function encoderDecoderOf(network: Network): EncoderDecoderLayer | null {
  const [first] = internalsOf(network).layers
  return first.type === 'encoderDecoder' ? (first as EncoderDecoderLayer) : null
}

/** In the order in which a trace counts them: the lowest first, of an encoder before those of its decoder. */
export function recurrentParts(network: Network): readonly RecurrentPart[] {
  const pair = encoderDecoderOf(network)
  if (pair) {
    return (['encoder', 'decoder'] as const).flatMap((side) =>
      pair[side].recurrent.map((layer, l) => ({ layer, spec: pair[side].specs[l], side, isLowest: l === 0 })),
    )
  }
  const { recurrent, specs } = internalsOf(network)
  const own = specs.filter(({ options }) => options.type === 'recurrent')
  return recurrent.map((layer, l) => ({ layer, spec: own[l], side: null, isLowest: l === 0 }))
}
