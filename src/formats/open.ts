/**
 * The door of the readers: which format a file is in, and that format's reader, loaded when it is met. So a page
 * that opens ONNX files never loads HDF5.
 */
import { DataError } from '../tensor/errors.ts'
import type { FormatName, ImportedModel, ImportOptions, ModelFiles, ModelReader } from './imported.ts'
import { identify } from './identify.ts'

const readers: { readonly [F in FormatName]: () => Promise<ModelReader> } = {
  latch: async () => (await import('./latch.ts')).readLatch,
  keras: async () => (await import('./keras/index.ts')).readKeras,
  torch: async () => (await import('./torch/index.ts')).readTorch,
  tfjs: async () => (await import('./tfjs/index.ts')).readTfjs,
  onnx: async () => (await import('./onnx/index.ts')).readOnnx,
  tensorflow1: async () => (await import('./tensorflow1/index.ts')).readTensorflow1,
}

/**
 * Reads a model file of any format.
 * @throws FormatError for a broken or unknown file, UnsupportedError naming the layer, operator or format that
 * is not read, both with their place; DataError where a file beside it is missing
 */
export async function readModel(files: ModelFiles, options: ImportOptions = {}): Promise<ImportedModel> {
  const format = identify(files.bytes, files.name)
  const read = await readers[format]()
  return read(files, options)
}

/** Files that lie in memory, by name; the first is the model. @throws DataError for a file that is not there */
export function filesInMemory(name: string, bytes: Uint8Array, others: ReadonlyMap<string, Uint8Array>): ModelFiles {
  return {
    name,
    bytes,
    sibling(wanted) {
      // A page has no folders: what was dropped is found by its own name.
      const found = others.get(wanted) ?? others.get(wanted.split('/').at(-1)!)
      if (found) return Promise.resolve(found)
      const got = others.size ? `only ${[...others.keys()].slice(0, 8).join(', ')}` : 'none'
      const remedy = 'Give all files of the model together.'
      return Promise.reject(new DataError({ where: `${name}, ${wanted}`, expected: 'that file beside it', got, remedy }))
    },
  }
} // prettier-ignore
