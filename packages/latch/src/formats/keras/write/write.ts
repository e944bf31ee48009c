/**
 * Writes a .keras file: metadata.json, config.json and model.weights.h5 in a zip, under the names and paths that
 * Keras 3's load_model looks for. Parameters are read one by one while it is written. Source: saving_lib of Keras 3.
 */
import { internalsOf } from '../../../model/network.ts'
import { Zip, ZipPassThrough } from 'fflate'
import type { ExportedFile, ExportSource } from '../../imported.ts'
import { hdf5Chunks, type Hdf5Dataset } from '../hdf5/write.ts'
import { EMBEDDED_KEY, embeddedText } from '../../latch/embedded.ts'
import { omitTied } from '../../omitStateful.ts'
import { buildKerasLayers, buildModel } from './layers.ts'
import type { OutLayer } from './layer.ts'
import { numbered } from '../read/weightStores.ts'

/** The Keras version of the written format. */
const KERAS_VERSION = '3.0.0'

/** The file. @throws UnsupportedError for layers that Keras does not have */
export function writeKerasFile(source: ExportSource): ExportedFile {
  const layers = buildKerasLayers(source.network.config, source.outputActivation, source.stateful)
  const name = source.name.replace(/[^\w.-]+/g, '_') || 'model'
  const model = buildModel(layers, name)
  const metadata = { keras_version: KERAS_VERSION, [EMBEDDED_KEY]: embeddedText(source) }
  const members = [
    { name: 'metadata.json', chunks: () => jsonChunks(metadata) },
    { name: 'config.json', chunks: () => jsonChunks(model) },
    { name: 'model.weights.h5', chunks: () => weightChunks(layers, source) },
  ]
  return {
    name: `${name}.keras`,
    chunks: { [Symbol.iterator]: () => zipChunks(members) },
    ...omitTied(source),
  }
}

interface Member {
  name: string
  chunks(): Iterable<Uint8Array>
}

function jsonChunks(value: unknown): Uint8Array[] {
  return [new TextEncoder().encode(JSON.stringify(value))]
}

function weightChunks(layers: readonly OutLayer[], { network }: ExportSource): Iterable<Uint8Array> {
  const byName = new Map(network.parameters.map((parameter) => [parameter.name, parameter]))
  const read = (name: string) => {
    const values = internalsOf(network).store.read(byName.get(name)!) // a copy of its own
    return values instanceof Float32Array ? values : new Float32Array(values)
  }
  const known = layers.filter(({ type }) => type !== 'InputLayer')
  const paths = numbered(known.map(({ type }) => type)).map((path) => `layers/${path}`)
  const datasets = known.flatMap(({ arrays }, i) =>
    arrays.map(({ path, shape, values }): Hdf5Dataset => {
      return { path: `${paths[i]}/${path}`, shape, values: () => values(read) }
    }),
  )
  return hdf5Chunks(datasets, ['vars', ...paths.map((path) => `${path}/vars`)])
}

/** Members are stored uncompressed: weights hardly compress, and are not copied. */
function* zipChunks(members: readonly Member[]): Generator<Uint8Array> {
  const out: Uint8Array[] = []
  const zip = new Zip((error, chunk) => {
    if (error) throw error
    // A pushed chunk may be a view of the arena: it is yielded at once.
    out.push(chunk)
  })
  for (const { name, chunks } of members) {
    const file = new ZipPassThrough(name)
    file.mtime = new Date(1980, 0, 1) // the same model gives the same bytes
    zip.add(file)
    for (const chunk of chunks()) {
      file.push(chunk)
      yield* out.splice(0)
    }
    file.push(new Uint8Array(0), true)
    yield* out.splice(0)
  }
  zip.end()
  yield* out
}
