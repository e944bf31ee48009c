/**
 * Reads Keras' files from bytes: whole .h5 models, HDF5 weights with a separate configuration, and .keras
 * archives. Files are data: nothing in them is executed, and Lambda layers are unsupported like any unknown layer.
 */
import { classNames } from '../../gateOrders.ts'
import { FormatError, UnsupportedError, UsageError } from '../../../core/errors.ts'
import { describe, fieldAt, rootField, type Field } from '../../../core/validation.ts'
import type { ImportedModel, ImportOptions, ModelFiles } from '../../imported.ts'
import { importKerasConfig, type KerasAbout } from './model.ts'
import { ReadBudget } from '../../budget.ts'
import { withoutEffect } from '../../effectiveOptions.ts'
import { isHdf5, openHdf5, type Hdf5Object } from '../hdf5/file.ts'
import { EMBEDDED_KEY, readEmbedded, withEmbedded } from '../../latch/embedded.ts'
import { buildKerasConfig } from '../write/layers.ts'
import { hasPaths, namedStore, pathStore, type ListedLayer, type WeightStore } from './weightStores.ts'
import { MODELS, MOST_DEPTH, MOST_LAYERS } from './heads.ts'
import { modelField } from './topology.ts'
import { isZip, ZipFile } from './zip.ts'

/** The contents of a file besides its weights, and how to open these. */
interface KerasContent {
  source: string
  config: unknown
  producer: string | null
  training: unknown
  /** The embedded Latch document. */
  embedded: unknown
  /** Fields of the metadata that neither Keras nor Latch writes. */
  unread: readonly string[]
  /** A file of the archive, by its name and the path of its layer. */
  asset(path: string, file: string): string | null
  /** The HDF5 root. @throws FormatError, UnsupportedError */
  root(): Hdf5Object
}

/** Reads a Keras file. @throws FormatError with a place; UnsupportedError naming a layer or feature */
export function readKerasFile(files: ModelFiles, options: ImportOptions): ImportedModel {
  return assemble(openKerasFile(files), options)
}

/** A Keras file's raw configuration and its weights. @throws FormatError with a place */
export function openKerasFile({ bytes, name }: ModelFiles): KerasContent {
  const budget = new ReadBudget(bytes.length)
  if (isZip(bytes)) return openArchive(new ZipFile(bytes, name, budget), name, budget)
  if (!isHdf5(bytes))
    throw new FormatError({ where: name, expected: 'a .keras archive or an HDF5 file', got: 'other bytes' })
  const root = openHdf5(bytes, name, budget)
  const own = root.text('model_config')
  const trained = root.text('training_config')
  const version = root.text('keras_version') ?? root.at('model_weights')?.text('keras_version') ?? null
  return {
    source: name,
    config: own === null ? null : parsed(own, `${name}, model_config`),
    producer: getProducer(version),
    training: trained === null ? undefined : parsed(trained, `${name}, training_config`),
    embedded: null,
    unread: [],
    asset: () => null,
    root: () => root,
  }
}

/** Fields of metadata.json. */
const METADATA = ['keras_version', 'date_saved', EMBEDDED_KEY]
/** More fields are counted. */
const MOST_SHOWN = 8

function openArchive(zip: ZipFile, name: string, budget: ReadBudget): KerasContent {
  const metadata = jsonMember(zip, name, 'metadata.json')
  const config = jsonMember(zip, name, 'config.json')
  const fields = rootField(metadata, 'metadata', name)
  const version = fieldAt(fields, 'keras_version').value
  return {
    source: name,
    config,
    producer: getProducer(typeof version === 'string' ? version.slice(0, 40) : null),
    training: undefined,
    embedded: fieldAt(fields, EMBEDDED_KEY).value,
    unread: Object.keys(metadata as object).filter((field) => !METADATA.includes(field)),
    asset(path, file) {
      const isOf = (member: string) => `/${member}`.includes(`/${path}/`) && member.endsWith(`/${file}`)
      const found = zip.names.find((member) => member.startsWith('assets/') && isOf(member))
      const data = found === undefined ? null : zip.read(found)
      return data && new TextDecoder().decode(data)
    },
    root: () => openHdf5(weightsMember(zip, name), `${name}, model.weights.h5`, budget),
  }
}

function getProducer(version: string | null): string | null {
  return version === null ? null : `Keras ${version}`
}

function weightsMember(zip: ZipFile, name: string): Uint8Array {
  const weights = zip.read('model.weights.h5')
  if (weights) return weights
  const got =
    zip.names.find((member) => member.startsWith('model.weights')) ?? zip.names.slice(0, 8).join(', ')
  throw new UnsupportedError({ where: name, expected: 'model.weights.h5 in the archive', got })
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

function assemble(content: KerasContent, options: ImportOptions): ImportedModel {
  const { source } = content
  const root = content.root()
  const { config, store, producer } = configured(content, root, options)
  const assets = (layer: string, file: string) =>
    content.asset(store.pathOf?.(layer) ?? layer, file) ?? content.asset(layer, file)
  const about: KerasAbout = { source, format: 'keras', producer, options, training: content.training, assets }
  const read = importKerasConfig(config, (layer) => store.weightsOf(layer), about)
  const optimizer = root.at('optimizer_weights') ?? root.at('optimizer')
  const { unread } = content
  const more =
    unread.length > MOST_SHOWN ? [`${unread.length - MOST_SHOWN} more fields of metadata.json`] : []
  const omitted = [
    ...read.omitted,
    ...(optimizer ? ['optimizer state'] : []),
    ...unread.slice(0, MOST_SHOWN).map((field) => `metadata.json: ${JSON.stringify(field.slice(0, 60))}`),
    ...more,
  ]
  const model = { ...read, omitted }
  return withEmbedded(model, readEmbedded(content.embedded, source, options), options)
}

/** The configuration, from the file or the options, and the arrays of its layers. @throws UsageError if there is none */
export function configured(
  content: KerasContent,
  root: Hdf5Object,
  options: ImportOptions,
): { config: unknown; store: WeightStore; producer: string | null } {
  const { source } = content
  const group = weightsGroup(root)
  const own = content.config !== null
  if (own && options.config !== undefined)
    throw withoutEffect('config', options.config, 'the file contains its layers', source)
  const given = own ? content.config : options.config
  if (given === undefined || given === null) {
    throw new UsageError({
      where: source,
      expected: 'a configuration, because the file contains only weights',
      got: 'none',
      fix: {
        option: 'config',
        to: 'define the layers, as the JSON of model.to_json() or a list of Latch layers',
      },
    })
  }
  const store = (config: unknown) =>
    hasPaths(group) ? pathStore(group, listedLayers(config, source), source) : namedStore(group, source)
  const latch = isOwn(given)
  const config = latch ? renamed(buildKerasConfig(given), store, source) : given
  return { config, store: store(config), producer: content.producer ?? (latch ? 'Keras 3' : null) }
}

/** The location of the layers' arrays. */
export function weightsGroup(root: Hdf5Object): Hdf5Object {
  return root.at('model_weights') ?? root
}

/** A list of Latch layers instead of Keras' JSON. */
function isOwn(config: unknown): config is { layers: readonly unknown[] } | readonly unknown[] {
  const layers: unknown = Array.isArray(config) ? config : (config as { layers?: unknown }).layers
  if (!Array.isArray(layers)) return false
  const first: unknown = layers[0]
  return typeof first === 'object' && first !== null && 'type' in first
}

/** The file's names of the layers in a Latch configuration: those with arrays, in order. */
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

const WITH_ARRAYS = [
  'Embedding',
  ...classNames('keras'),
  'Bidirectional',
  'Dense',
  'LayerNormalization',
  'BatchNormalization',
  'Conv1D',
]

interface KerasConfig {
  config: { layers: { class_name: string; config: { name?: unknown } }[] }
}

function listedLayers(config: unknown, source: string): ListedLayer[] {
  const inner = fieldAt(modelField(config, source), 'config')
  const list: Field = Array.isArray(inner.value) ? inner : fieldAt(inner, 'layers')
  if (!Array.isArray(list.value))
    throw new FormatError({ where: source, expected: 'layers', got: describe(list.value) })
  return listed(list.value as unknown[])
}

function listed(layers: readonly unknown[], depth = 0): ListedLayer[] {
  return layers.slice(0, MOST_LAYERS).map((layer) => {
    const { class_name: type, name, config: own } = (layer ?? {}) as Record<string, unknown>
    const fields = (own ?? {}) as Record<string, unknown>
    const within = type === 'TimeDistributed' ? innerOf(fields.layer) : null
    const inside = within ?? (MODELS.includes(text(type) ?? '') ? own : null)
    const list = Array.isArray(inside) ? inside : (inside as { layers?: unknown } | null)?.layers
    return {
      name: text(fields.name) ?? text(name) ?? '',
      type: text(type) ?? '',
      cells: cellClasses(fields.cell),
      layers: Array.isArray(list) && depth < MOST_DEPTH ? listed(list, depth + 1) : [],
      ...(within ? { through: 'layer' } : {}),
    }
  })
}

/** The configuration of the model in a TimeDistributed; null for any other layer. */
function innerOf(layer: unknown): unknown {
  const { class_name: type, config } = (layer ?? {}) as { class_name?: unknown; config?: unknown }
  return MODELS.includes(text(type) ?? '') ? config : null
}

function text(value: unknown): string | null {
  return typeof value === 'string' ? value : null
}

function cellClasses(cell: unknown): string[] {
  const inner = (cell as { config?: { cells?: unknown } } | null | undefined)?.config?.cells
  const cells = Array.isArray(cell) ? (cell as unknown[]) : Array.isArray(inner) ? (inner as unknown[]) : []
  return cells.map((one) => text((one as { class_name?: unknown } | null)?.class_name) ?? '')
}
