/** Lists the layers and arrays of a model file of any format, even if it cannot be opened. */
import type { LatchError } from '../core/errors.ts'
import { fileArray, type FileContents, type Listing } from './fileContents.ts'
import { identify } from './identify.ts'
import { IMPORT_OPTIONS, type FormatName, type ImportOptions, type ModelFiles } from './imported.ts'
import { readSafetensors } from './safetensors/safetensors.ts'
import { assertKnownOptions } from '../core/knownNames.ts'

type Lister = (files: ModelFiles, options: ImportOptions, failedAt: string) => Listing | Promise<Listing>

const listers: { readonly [F in FormatName]: Lister } = {
  latch: async (files) => {
    const { readLatch } = await import('./latch/read.ts')
    const { producer, layers } = await readLatch(files)
    return { producer, layers: layers.map((layer) => ({ ...layer, weights: [], opens: true })), arrays: [] }
  },
  torch: ({ bytes, name }) => {
    const tensors = [...readSafetensors(bytes, name).tensors.values()]
    const arrays = tensors.map((tensor) => {
      return fileArray('', tensor.name, tensor.shape, tensor.storedAs ?? tensor.dtype)
    })
    return { producer: null, layers: [], arrays }
  },
  onnx: async (files) => (await import('./onnx/proto/list.ts')).listOnnx(files),
  keras: async (files, options, failedAt) => {
    const { listKeras } = await import('./keras/read/contents.ts')
    return listKeras(files, options, failedAt)
  },
  tfjs: async (files, _, failedAt) => (await import('./tfjs/index.ts')).listTfjs(files, failedAt),
  tensorflow1: async (files) => {
    const { readManifest } = await import('./tensorflow1/manifest.ts')
    const arrays = [...readManifest(files).values()].map(({ name, shape }) => fileArray('', name, shape))
    return { producer: 'TensorFlow 1', layers: [], arrays }
  },
}

/**
 * The contents of a model file of any format: layers with the shapes of their arrays, operators of a graph, or arrays
 * alone. Values are read only if the shapes depend on them.
 * @param options.config for Keras weights without a configuration
 * @param options.error the error from opening the file: the layer that it names is marked
 * @throws FormatError for a broken file; DataError for a missing companion file
 */
export async function describeFile(
  files: ModelFiles,
  given: ImportOptions & { error?: LatchError } = {},
): Promise<FileContents> {
  assertKnownOptions('describeFile option', given, { ...IMPORT_OPTIONS, error: 1 })
  const { error, ...options } = given
  const format = identify(files.bytes, files.name)
  const listing = await listers[format](files, options, error?.where ?? '')
  const parameters = [...listing.layers, ...listing.arrays].reduce((sum, one) => sum + one.parameters, 0)
  return { format, ...listing, parameters }
}
