/**
 * Lists the layers of a Keras configuration, regardless of their connections and whether Latch supports
 * them: for files that cannot be imported, to show the contents and the layer that fails.
 */
import { fileLayer, type FileLayer } from '../../fileContents.ts'
import type { KerasAbout } from './model.ts'
import { findDialect, typeText } from './model.ts'
import { isSimple } from './layers.ts'
import { isJoin } from './joins.ts'
import { isRecurrent } from './recurrent.ts'
import { readLayers } from './topology.ts'
import type { KerasLayerHead } from './heads.ts'

/** Returns the shapes of a layer's arrays; `known`: in Keras' order, for supported layers. */
export type ShapesOf = (layer: string, known: boolean) => readonly { shape: readonly number[] }[]

/**
 * Every layer of a configuration. `refusedAt` is the place of the error from reading it (`model.h5, layer lstm.activation`):
 * that layer counts as unsupported, regardless of its class.
 * @throws FormatError if it lists no layers
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
    const known = isRecurrent(head.type) || isJoin(head.type) || isSimple(head.type, head.config, dialect)
    const weights = head.type === 'InputLayer' ? [] : shapesOf(head.name, known).map(({ shape }) => shape)
    return fileLayer(head.name, typeText(head), weights, known && head !== failing)
  })
}

/** The layer with the longest matching name: there may be `lstm.1` and `lstm`. */
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
