/**
 * TensorFlow.js layers models: model.json with its shards, or one JSON with everything. The layers are those of
 * Keras (`keras/read`); this module reads the file and its weights by layer, and rejects graph models.
 */
import { FormatError, UnsupportedError } from '../../core/errors.ts'
import { fieldAt, fieldError, readString, rootField, type Field } from '../../core/validation.ts'
import { parseJsonBytes } from '../json.ts'
import { EMBEDDED_KEY, readEmbedded, withEmbedded } from '../latch/embedded.ts'
import type { ImportedModel, ImportOptions, ModelFiles } from '../imported.ts'
import { importKerasConfig, type KerasArray } from '../keras/read/model.ts'
import { fileArray, type Listing } from '../fileContents.ts'
import { listLayers } from '../keras/read/listing.ts'
import { tokensByOptions } from '../text/tokensById.ts'
import { readWeightsManifest, readWeightSpecs } from './read/weights.ts'

export { writeTfjs } from './write/write.ts'

/**
 * Reads a layers model: `files` is its model.json, or a JSON of artifacts with `weightSpecs` and base64 `weightData`.
 * @throws UnsupportedError for graph models and unknown layers; FormatError naming field, array or shard
 */
export async function readTfjs(files: ModelFiles, options: ImportOptions = {}): Promise<ImportedModel> {
  const { name: source, bytes } = files
  const root = rootField(parseJsonBytes(bytes, source), 'model', source)
  assertLayersModel(root)
  const topology = fieldAt(root, 'modelTopology')
  const byLayer = new LayerWeights(await readArrays(root, files))
  const model = importKerasConfig(topology.value, (layer) => byLayer.of(layer), {
    source,
    format: 'tfjs',
    producer: getProducer(root, topology),
    options: { ...options, vocabulary: undefined, tokens: undefined },
    training: fieldAt(topology, 'training_config').value ?? fieldAt(root, 'trainingConfig').value,
  })
  const read = {
    ...model,
    ...tokensByOptions(options, source),
    omitted: [...model.omitted, ...byLayer.unused()],
  }
  const own = fieldAt(root, 'userDefinedMetadata').value as Record<string, unknown> | null | undefined
  return withEmbedded(read, readEmbedded(own?.[EMBEDDED_KEY], source, options), options)
}

/**
 * What is in a model that does not open: its layers with their arrays, and arrays of no layer, as a graph model's are.
 * Arrays are read whole. `refusedAt` is where reading the model ended.
 * @throws FormatError, UnsupportedError as the reader does; DataError for a shard that is not there
 */
export async function listTfjs(files: ModelFiles, refusedAt = ''): Promise<Listing> {
  const { name: source, bytes } = files
  const root = rootField(parseJsonBytes(bytes, source), 'model', source)
  const topology = fieldAt(root, 'modelTopology')
  const byLayer = new LayerWeights(await readArrays(root, files))
  const about = {
    source,
    format: 'tfjs',
    producer: isGraph(root) ? null : getProducer(root, topology),
  } as const
  const layers = isGraph(root)
    ? []
    : listLayers(topology.value, (layer) => byLayer.of(layer), about, refusedAt)
  const arrays = byLayer.others().map(({ name, shape }) => fileArray('', name, shape))
  return { producer: about.producer, layers, arrays }
}

function readArrays(root: Field, files: ModelFiles): Promise<KerasArray[]> | KerasArray[] {
  const manifest = fieldAt(root, 'weightsManifest')
  return manifest.value === undefined ? singleArtifact(root) : readWeightsManifest(manifest, files)
}

function isGraph(root: Field): boolean {
  const topology = fieldAt(root, 'modelTopology')
  return fieldAt(root, 'format').value === 'graph-model' || fieldAt(topology, 'node').value !== undefined
}

function assertLayersModel(root: Field): void {
  const topology = fieldAt(root, 'modelTopology')
  if (typeof topology.value !== 'object' || topology.value === null)
    throw fieldError(topology, 'a layers model')
  if (!isGraph(root)) return
  throw new UnsupportedError({
    where: root.source,
    expected: 'a layers model',
    got: 'a graph model, which has operations instead of layers',
    remedy: 'Convert the Keras model with --output_format tfjs_layers_model, or open the Keras file itself.',
  })
}

/** Weights in the JSON itself. */
function singleArtifact(root: Field): KerasArray[] {
  const text = readString(fieldAt(root, 'weightData'))
  let data: Uint8Array
  try {
    data = Uint8Array.from(atob(text), (sign) => sign.charCodeAt(0))
  } catch (cause) {
    const where = `${root.source}, model.weightData`
    throw new FormatError({ where, expected: 'base64', got: `${text.length} characters` }, { cause })
  }
  return readWeightSpecs(fieldAt(root, 'weightSpecs'), data)
}

/** `TensorFlow.js layers, Keras 2.1.5` */
function getProducer(root: Field, topology: Field): string {
  const generated = fieldAt(root, 'generatedBy').value
  const version = fieldAt(topology, 'keras_version').value
  const words = [generated, typeof version === 'string' ? `Keras ${version}` : null]
  const shown = words.filter((word) => typeof word === 'string' && word.length < 100)
  return ['TensorFlow.js layers', ...shown].join(', ')
}

const ORDER = [
  'embeddings',
  'kernel',
  'depthwise_kernel',
  'pointwise_kernel',
  'gamma',
  'recurrent_kernel',
  'beta',
  'bias',
  'moving_mean',
  'moving_variance',
]

/** Arrays by the layer in the first part of their names, in Keras' order. */
class LayerWeights {
  readonly #all: readonly KerasArray[]
  readonly #groups = new Map<string, KerasArray[]>()
  /** By the second part: some converters put the model's name first. */
  readonly #inner = new Map<string, KerasArray[]>()
  readonly #asked = new Set<KerasArray>()

  constructor(arrays: readonly KerasArray[]) {
    this.#all = arrays
    for (const array of arrays) {
      const [first, second, ...more] = array.name.split('/', 3)
      group(this.#groups, first).push(array)
      if (more.length > 0) group(this.#inner, second).push(array)
    }
  }

  /** Forward before backward, cell by cell as the file lists them; kernel, recurrent kernel, bias. */
  of(layer: string): readonly KerasArray[] {
    const own = this.#find(layer)
    for (const array of own) this.#asked.add(array)
    const places = new Map<string, number>()
    for (const { name } of own) {
      const cell = name.slice(0, name.lastIndexOf('/'))
      if (!places.has(cell)) places.set(cell, places.size)
    }
    const rank = ({ name }: KerasArray) => {
      const cut = name.lastIndexOf('/')
      const backward = /\/backward_/.test(name) ? places.size : 0
      const part = ORDER.indexOf(name.slice(cut + 1).replace(/:\d+$/, ''))
      return (backward + places.get(name.slice(0, cut))!) * ORDER.length + part
    }
    return own.toSorted((a, b) => rank(a) - rank(b))
  }

  /** By the layer's name; of a layer in a model (`encoder/lstm`), also without the names of the models. */
  #find(layer: string): KerasArray[] {
    const begin = layer.split('/', 1)[0]
    const outer = (this.#groups.get(begin) ?? []).filter(({ name }) => name.startsWith(`${layer}/`))
    if (outer.length > 0) return outer
    const inner = (this.#inner.get(begin) ?? []).filter(({ name }) => name.includes(`/${layer}/`))
    return inner.length > 0 || begin === layer ? inner : this.#find(layer.slice(begin.length + 1))
  }

  /** Unused arrays. */
  others(): KerasArray[] {
    return this.#all.filter((array) => !this.#asked.has(array))
  }

  /** The same as sentences. */
  unused(): string[] {
    return this.others().map(({ name }) => `weight ${name}`)
  }
}

function group(groups: Map<string, KerasArray[]>, layer: string): KerasArray[] {
  const own = groups.get(layer) ?? []
  groups.set(layer, own)
  return own
}
