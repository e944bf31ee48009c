/**
 * The location of a layer's arrays in a Keras HDF5 file: by names that the file lists (Keras 1 and 2, and whole
 * .h5 files of Keras 3), or by the paths of Keras 3's own format. Sources: hdf5_format of Keras 2, saving_lib of 3.
 */
import { FormatError } from '../../../core/errors.ts'
import type { KerasArray } from './arrays.ts'
import type { Hdf5Object } from '../hdf5/file.ts'
import { append } from '../../../core/lists.ts'

/** Arrays by layer. */
export interface WeightStore {
  weightsOf(layer: string): readonly KerasArray[]
  /** All arrays of a layer, also of unsupported classes. */
  everythingOf(layer: string): readonly KerasArray[]
  /** Its path in Keras 3's own format. */
  pathOf?(layer: string): string | null
  /** Layers that have arrays, in the file's order. */
  readonly filled: readonly string[]
}

/** The parts of a layer's configuration that determine its path. */
export interface ListedLayer {
  name: string
  type: string
  /** The layers of a model. */
  layers?: readonly ListedLayer[]
  /** The group of the model in a TimeDistributed: `layer`. */
  through?: string
  /** Classes of the cells of an RNN with several cells. */
  cells: readonly string[]
}

const STATE = /seed_generator|rnn_state|random_generator/

/** A list of texts, in one attribute or split into several of 64 KiB. */
function listedNames(group: Hdf5Object, attribute: string): string[] | null {
  const whole = group.texts(attribute)
  if (whole) return whole
  const all: string[] = []
  for (let i = 0; i < 1000; i++) {
    const part = group.texts(`${attribute}${i}`)
    if (!part) break
    append(all, part)
  }
  return all.length ? all : null
}

/** Weights that the file lists by layer: `layer_names` and `weight_names`. */
export function namedStore(group: Hdf5Object, source: string): WeightStore {
  const layers = listedNames(group, 'layer_names')
  if (!layers)
    throw new FormatError({ where: source, expected: 'layer_names among its attributes', got: 'none' })
  const readNames = (layer: string) => {
    const found = group.at(layer)
    if (!found)
      throw new FormatError({ where: `${source}, layer ${layer}`, expected: 'its group', got: 'none' })
    const names = (listedNames(found, 'weight_names') ?? []).filter((name) => !STATE.test(name))
    return { found, names }
  }
  const weightsOf = (layer: string) => {
    const listed = groupOf(layers, layer)
    if (listed === null) return []
    const { found, names } = readNames(listed)
    const own = listed === layer ? names : namesWithin(names, layer.split('/'))
    return own.map((name) => readArray(found.at(name), name, `${source}, layer ${layer}`))
  }
  return {
    get filled() {
      return layers.filter((layer) => readNames(layer).names.length > 0)
    },
    weightsOf,
    everythingOf: weightsOf,
  }
}

/** The listed layer whose group has a layer's arrays: itself, or the model that it lies in (`encoder/lstm`). */
function groupOf(layers: readonly string[], layer: string): string | null {
  for (let end = layer.length; end > 0; end = layer.lastIndexOf('/', end - 1))
    if (layers.includes(layer.slice(0, end))) return layer.slice(0, end)
  return null
}

/**
 * The arrays of the layer `encoder/lstm`: `encoder/lstm/lstm_cell/kernel` or `lstm/lstm_cell/kernel:0`. Those of a model in a
 * TimeDistributed begin with the name of that model.
 */
function namesWithin(names: readonly string[], layer: readonly string[]): string[] {
  const last = layer[layer.length - 1]
  const places = names.map((name) => name.split('/').indexOf(last))
  const strict = names.filter(
    (name, i) =>
      places[i] >= 0 &&
      name
        .split('/')
        .slice(0, places[i])
        .every((part) => layer.includes(part)),
  )
  return strict.length > 0 ? strict : names.filter((_, i) => places[i] === 1)
}

function readArray(object: Hdf5Object | null, name: string, where: string): KerasArray {
  if (!object?.isDataset)
    throw new FormatError({ where, expected: `an array ${name}`, got: object ? 'a group' : 'none' })
  return { name, ...object.read() }
}

/** Whether a file lists its layers by name. */
function hasNames(group: Hdf5Object): boolean {
  return listedNames(group, 'layer_names') !== null
}

const MOST_OBJECTS = 20_000
const MOST_DEPTH = 32

/** Every array below a group, by its path from there. @throws FormatError for too many objects or cyclic groups */
function arraysBelow(group: Hdf5Object, where: string): KerasArray[] {
  const found: KerasArray[] = []
  let objects = 0
  const visit = (object: Hdf5Object | null, path: string, depth: number): void => {
    if (!object || STATE.test(path)) return
    if (++objects > MOST_OBJECTS || depth > MOST_DEPTH) {
      const expected = `at most ${MOST_OBJECTS} groups and arrays, ${MOST_DEPTH} deep`
      throw new FormatError({ where, expected, got: `more at ${path.slice(0, 100)}` })
    }
    if (object.isDataset) found.push({ name: path, ...object.read() })
    else for (const name of object.names) visit(object.at(name), path ? `${path}/${name}` : name, depth + 1)
  }
  visit(group, '', 0)
  return found
}

/** Every array of a file without a configuration, with its layer in the file. */
export function storedArrays(group: Hdf5Object, source: string): (KerasArray & { layer: string })[] {
  if (!hasPaths(group) && hasNames(group)) {
    const store = namedStore(group, source)
    return store.filled.flatMap((layer) => store.weightsOf(layer).map((array) => ({ layer, ...array })))
  }
  return arraysBelow(layersGroup(group) ?? group, source).map((array) => {
    const [layer, ...rest] = array.name.split('/')
    return rest.length > 0 ? { ...array, layer, name: rest.join('/') } : { ...array, layer: '' }
  })
}

/** Whether a file has the layout of Keras 3. */
export function hasPaths(root: Hdf5Object): boolean {
  return layersGroup(root) !== null
}

function layersGroup(root: Hdf5Object): Hdf5Object | null {
  return root.at('layers') ?? root.at('_layer_checkpoint_dependencies')
}

/** Weights by Keras 3's paths, which use the class and number of layers instead of their names. */
export function pathStore(root: Hdf5Object, listed: readonly ListedLayer[], source: string): WeightStore {
  const layers = layersGroup(root)
  if (!layers)
    throw new FormatError({ where: source, expected: 'a group layers', got: root.names.join(', ') || 'none' })
  const places = placesOf(listed, '', '')
  const known = [...places.keys()]
  const findGroup = (name: string) => {
    const place = places.get(name)
    return (place && (find(layers, place.path) ?? layers.at(name))) ?? null
  }
  const weightsOf = (name: string): KerasArray[] => {
    const group = findGroup(name)
    return group ? collect(group, places.get(name)!.layer, `${source}, layer ${name}`) : []
  }
  const filled = () => known.filter((name) => weightsOf(name).length > 0)
  return {
    weightsOf,
    pathOf: (name) => places.get(name)?.path ?? null,
    everythingOf(name) {
      const group = findGroup(name)
      return group ? arraysBelow(group, `${source}, layer ${name}`) : []
    },
    get filled() {
      return filled()
    },
  }
}

/** The path of each layer below the group of layers, also of those in models: `sequential/layers/lstm`. */
function placesOf(listed: readonly ListedLayer[], within: string, below: string) {
  const places = new Map<string, { layer: ListedLayer; path: string }>()
  const known = listed.filter(({ type }) => type !== 'InputLayer')
  const paths = numbered(known.map(({ type }) => type))
  known.forEach((layer, i) => {
    const [name, path] = [within + layer.name, below + paths[i]]
    places.set(name, { layer, path })
    const inside = `${path}/${layer.through ? `${layer.through}/` : ''}layers/`
    for (const [inner, place] of placesOf(layer.layers ?? [], `${name}/`, inside)) places.set(inner, place)
  })
  return places
}

function find(group: Hdf5Object, path: string): Hdf5Object | null {
  return path.split('/').reduce<Hdf5Object | null>((at, name) => at?.at(name) ?? null, group)
}

/** `lstm`, `lstm_1`: the numbering of objects of one class in Keras 3. */
export function numbered(types: readonly string[]): string[] {
  const counts = new Map<string, number>()
  return types.map((type) => {
    const name = snakeCase(type)
    const count = counts.get(name) ?? 0
    counts.set(name, count + 1)
    return count ? `${name}_${count}` : name
  })
}

function snakeCase(type: string): string {
  return type
    .replace(/\W+/g, '')
    .replace(/(.)([A-Z][a-z]+)/g, '$1_$2')
    .replace(/([a-z])([A-Z])/g, '$1_$2')
    .toLowerCase()
}

/** A layer's arrays: its own, or those of the layers and cells inside it. */
function collect(group: Hdf5Object, layer: ListedLayer, where: string): KerasArray[] {
  const inside = (names: readonly string[]) =>
    names.map((name) => group.at(name)).filter((child) => child !== null)
  const children = inside(['forward_layer', 'backward_layer', 'cell', 'layer'])
  if (children.length) return children.flatMap((child) => collect(child, layer, where))
  const cells = group.at('cells')
  if (cells) return numbered(layer.cells).flatMap((name) => ownArrays(cells.at(name), where))
  return ownArrays(group, where)
}

function ownArrays(group: Hdf5Object | null, where: string): KerasArray[] {
  const own = group?.at('vars')
  if (!own) return []
  const numbers = own.names.map(Number).sort((a, b) => a - b)
  return numbers.map((number) => readArray(own.at(`${number}`), `vars/${number}`, where))
}
