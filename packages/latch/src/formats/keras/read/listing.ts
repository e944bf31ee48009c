/**
 * What a Keras configuration lists, layer by layer, however its layers are wired and whether or not Latch knows
 * them: for files that do not open, so that people see what is in them and which layer is in the way.
 */
import { fileLayer, type FileLayer } from '../../fileContents.ts'
import type { KerasAbout } from './model.ts'
import { findDialect, typeText } from './model.ts'
import { isSimple } from './layers.ts'
import { isRecurrent } from './recurrent.ts'
import { readLayers, type KerasLayerHead } from './topology.ts'

/** Gives the shapes of a layer's arrays; `known`: in Keras' order, as layers that Latch reads have one. */
export type ShapesOf = (layer: string, known: boolean) => readonly { shape: readonly number[] }[]

/**
 * Every layer of a configuration. `refusedAt` is where reading it ended (`model.h5, layer lstm.activation`): the
 * layer that is meant does not open, whatever its class.
 * @throws FormatError where it lists no layers
 */
export function listLayers(
  config: unknown,
  shapesOf: ShapesOf,
  about: Pick<KerasAbout, 'source' | 'format' | 'producer'>,
  refusedAt = '',
): FileLayer[] {
  const heads = readLayers(config, about.source)
  const dialect = findDialect(about, heads[0])
  const failing = findFailingLayer(heads, about.source, refusedAt)
  return heads.map((head) => {
    const known =
      isRecurrent(head.type) || head.type === 'Concatenate' || isSimple(head.type, head.config, dialect)
    const weights = head.type === 'InputLayer' ? [] : shapesOf(head.name, known).map(({ shape }) => shape)
    return fileLayer(head.name, typeText(head), weights, known && head !== failing)
  })
}

/** The longest name that fits: `lstm.1` may stand beside `lstm`. */
function findFailingLayer(
  heads: readonly KerasLayerHead[],
  source: string,
  at: string,
): KerasLayerHead | null {
  const fitting = heads.filter(({ name }) => {
    const begin = `${source}, layer ${name}`
    return at === begin || (at.startsWith(begin) && '.[,'.includes(at[begin.length]))
  })
  return fitting.toSorted((a, b) => b.name.length - a.name.length)[0] ?? null
}
