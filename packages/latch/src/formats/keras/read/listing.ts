/**
 * What a Keras configuration lists, layer by layer, however its layers are wired and whether or not Latch knows
 * them: for files that do not open, so that people see what is in them and which layer is in the way.
 */
import type { KerasAbout } from './model.ts'
import { dialectOf, typeText } from './model.ts'
import { isSimple } from './layers.ts'
import { isRecurrent } from './recurrent.ts'
import { readLayers, type KerasLayerHead } from './topology.ts'

/** One layer as a file has it. */
export interface StoredLayer {
  name: string
  /** Its class, `Bidirectional(GRU)`. */
  type: string
  /** Shapes of its arrays, in the file's order. */
  weights: readonly (readonly number[])[]
  /** How many numbers these are. */
  parameters: number
  /** Whether Latch reads layers of that class, and none of its options stood in the way. */
  opens: boolean
}

/** One array as a file has it. */
export interface StoredArray {
  /** The layer that it belongs to; empty where the file does not say. */
  layer: string
  name: string
  shape: readonly number[]
  parameters: number
}

/** What is in a file: its layers, and the arrays that belong to none of them (all, where it names no layers). */
export interface StoredContents {
  producer: string | null
  layers: readonly StoredLayer[]
  arrays: readonly StoredArray[]
}

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
): StoredLayer[] {
  const heads = readLayers(config, about.source)
  const dialect = dialectOf(about, heads[0])
  const refused = refusedLayer(heads, about.source, refusedAt)
  return heads.map((head) => {
    const known =
      isRecurrent(head.type) || head.type === 'Concatenate' || isSimple(head.type, head.config, dialect)
    const weights = head.type === 'InputLayer' ? [] : shapesOf(head.name, known).map(({ shape }) => shape)
    const parameters = weights.reduce((sum, shape) => sum + numbersOf(shape), 0)
    return { name: head.name, type: typeText(head), weights, parameters, opens: known && head !== refused }
  })
}

/** An array as people read of it. */
export function storedArray(layer: string, name: string, shape: readonly number[]): StoredArray {
  return { layer, name, shape, parameters: numbersOf(shape) }
}

function numbersOf(shape: readonly number[]): number {
  return shape.reduce((a, b) => a * b, 1)
}

/** The longest name that fits: `lstm.1` may stand beside `lstm`. */
function refusedLayer(heads: readonly KerasLayerHead[], source: string, at: string): KerasLayerHead | null {
  const fitting = heads.filter(({ name }) => {
    const begin = `${source}, layer ${name}`
    return at === begin || (at.startsWith(begin) && '.[,'.includes(at[begin.length]))
  })
  return fitting.toSorted((a, b) => b.name.length - a.name.length)[0] ?? null
}
