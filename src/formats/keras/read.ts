/**
 * Reads Keras' files from bytes: whole .h5 models, weights-only HDF5 with a configuration beside it, and .keras
 * archives. Files are data: nothing in them is run, and Lambda layers are refused by name like any unknown one.
 */
import { FormatError, UnsupportedError, UsageError } from '../../tensor/errors.ts'
import { describe, fieldAt, rootField, type Field } from '../../tensor/fields.ts'
import type { ImportedModel, ImportOptions, ModelFiles } from '../imported.ts'
import { importKerasConfig, type KerasAbout } from './chain.ts'
import { isHdf5, openHdf5, type Hdf5Object } from './hdf5/file.ts'
import { readLatchPart, withLatchPart, type LatchPart } from './latchPart.ts'
import { kerasConfigOf } from './layersOut.ts'
import { hasPaths, namedStore, pathStore, type ListedLayer, type WeightStore } from './stores.ts'
import { modelField } from './topology.ts'
import { isZip, ZipFile } from './zip.ts'

/** What a file says beside its weights. */
interface Told {
  config: unknown
  version: string | null
  training: unknown
  latch: LatchPart | null
}

/** Reads a Keras file. @throws FormatError with a place; UnsupportedError naming a layer or a form */
export function readKerasFile({ bytes, name }: ModelFiles, options: ImportOptions): ImportedModel {
  if (isZip(bytes)) return readArchive(new ZipFile(bytes, name), name, options, bytes.length)
  if (!isHdf5(bytes))
    throw new FormatError({ where: name, expected: 'a .keras archive or an HDF5 file', got: 'other bytes' })
  const root = openHdf5(bytes, name)
  const own = root.text('model_config')
  const trained = root.text('training_config')
  const told: Told = {
    config: own === null ? null : parsed(own, `${name}, model_config`),
    version: root.text('keras_version') ?? root.at('model_weights')?.text('keras_version') ?? null,
    training: trained === null ? undefined : parsed(trained, `${name}, training_config`),
    latch: null,
  }
  return assemble(root, name, told, options)
}

function readArchive(zip: ZipFile, name: string, options: ImportOptions, stored: number): ImportedModel {
  const metadata = jsonMember(zip, name, 'metadata.json')
  const config = jsonMember(zip, name, 'config.json')
  const weights = zip.read('model.weights.h5')
  if (!weights) {
    const got =
      zip.names.find((member) => member.startsWith('model.weights')) ?? zip.names.slice(0, 8).join(', ')
    throw new UnsupportedError({ where: name, expected: 'model.weights.h5 in the archive', got })
  }
  const fields = rootField(metadata, 'metadata', name)
  const version = fieldAt(fields, 'keras_version').value
  const told = {
    config,
    version: typeof version === 'string' ? version.slice(0, 40) : null,
    training: undefined,
    latch: readLatchPart(fieldAt(fields, 'latch')),
  }
  return assemble(openHdf5(weights, `${name}, model.weights.h5`, stored), name, told, options)
}

function jsonMember(zip: ZipFile, source: string, member: string): unknown {
  const bytes = zip.read(member)
  if (!bytes)
    throw new FormatError({
      where: source,
      expected: `${member} in the archive`,
      got: zip.names.slice(0, 8).join(', '),
    })
  return parsed(new TextDecoder().decode(bytes), `${source}, ${member}`)
}

function parsed(json: string, where: string): unknown {
  try {
    return JSON.parse(json)
  } catch (error) {
    throw new FormatError({
      where,
      expected: 'JSON',
      got: error instanceof Error ? error.message : 'other text',
    })
  }
}

function assemble(root: Hdf5Object, source: string, told: Told, options: ImportOptions): ImportedModel {
  const group = root.at('model_weights') ?? root
  const given = told.config ?? options.config
  if (given === undefined || given === null) {
    throw new UsageError({
      where: source,
      expected: 'a configuration: the file holds weights only',
      got: 'none',
      remedy: 'Give config: the JSON of model.to_json(), or the layers as Latch writes them.',
    })
  }
  const store = (config: unknown) =>
    hasPaths(group) ? pathStore(group, listedLayers(config, source), source) : namedStore(group, source)
  const config = isOwn(given) ? renamed(kerasConfigOf(given), store, source) : given
  const about: KerasAbout = {
    source,
    format: 'keras',
    producer: told.version === null ? (isOwn(given) ? 'Keras 3' : null) : `Keras ${told.version}`,
    options,
    training: told.training,
  }
  const weights = store(config)
  const read = importKerasConfig(config, (layer) => weights.weightsOf(layer), about)
  const optimizer = root.at('optimizer_weights') ?? root.at('optimizer')
  const model = optimizer ? { ...read, left: [...read.left, 'optimizer state'] } : read
  return told.latch ? withLatchPart(model, told.latch) : model
}

/** Layers as Latch writes them, and not Keras' JSON. */
function isOwn(config: unknown): config is { layers: readonly unknown[] } | readonly unknown[] {
  const layers: unknown = Array.isArray(config) ? config : (config as { layers?: unknown }).layers
  if (!Array.isArray(layers)) return false
  const first: unknown = layers[0]
  return typeof first === 'object' && first !== null && 'type' in first
}

/** The file's own names for the layers of a Latch configuration: those with arrays, in order. */
function renamed(config: KerasConfig, store: (config: unknown) => WeightStore, source: string): unknown {
  const weights = store(config)
  if (
    weights.filled.length &&
    weights.filled.every((name) => config.config.layers.some((l) => l.config.name === name))
  )
    return config
  const layers = config.config.layers
  const wanted = layers.filter(({ class_name: type }) => WITH_ARRAYS.includes(type))
  if (wanted.length !== weights.filled.length) {
    const got = `${weights.filled.length}: ${weights.filled.join(', ')}`
    throw new FormatError({ where: source, expected: `${wanted.length} layers with weights`, got })
  }
  wanted.forEach((layer, i) => (layer.config.name = weights.filled[i]))
  return config
}

const WITH_ARRAYS = ['Embedding', 'SimpleRNN', 'LSTM', 'GRU', 'Bidirectional', 'Dense', 'LayerNormalization']

interface KerasConfig {
  config: { layers: { class_name: string; config: { name?: unknown } }[] }
}

function listedLayers(config: unknown, source: string): ListedLayer[] {
  const inner = fieldAt(modelField(config, source), 'config')
  const list: Field = Array.isArray(inner.value) ? inner : fieldAt(inner, 'layers')
  if (!Array.isArray(list.value))
    throw new FormatError({ where: source, expected: 'layers', got: describe(list.value) })
  return (list.value as unknown[]).slice(0, 1000).map((layer) => {
    const { class_name: type, name, config: own } = (layer ?? {}) as Record<string, unknown>
    const fields = (own ?? {}) as Record<string, unknown>
    return {
      name: text(fields.name) ?? text(name) ?? '',
      type: text(type) ?? '',
      cells: cellClasses(fields.cell),
    }
  })
}

function text(value: unknown): string | null {
  return typeof value === 'string' ? value : null
}

function cellClasses(cell: unknown): string[] {
  const inner = (cell as { config?: { cells?: unknown } } | null | undefined)?.config?.cells
  const cells = Array.isArray(cell) ? (cell as unknown[]) : Array.isArray(inner) ? (inner as unknown[]) : []
  return cells.map((one) => text((one as { class_name?: unknown } | null)?.class_name) ?? '')
}
