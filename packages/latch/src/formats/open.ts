/**
 * Entry point of the readers: identifies the format of a file and loads its reader on demand, so that a page
 * that opens ONNX files never loads the HDF5 reader.
 */
import { ENGINE_OPTIONS, type EngineOptions } from '../engine/engine.ts'
import { DataError } from '../core/errors.ts'
import type { OnnxModel } from './onnx/graph.ts'
import type { OnnxGraph } from './onnx/runtime/run.ts'
import {
  IMPORT_OPTIONS,
  type FormatName,
  type ImportOptions,
  type ImportedModel,
  type ModelFiles,
  type ModelReader,
} from './imported.ts'
import { assertEffective, assertUsable } from './effectiveOptions.ts'
import { checkWeights } from './nonFinite.ts'
import { withWorkingFixes } from './fixes.ts'
import { identify } from './identify.ts'
import { assertKnownOptions } from '../core/knownNames.ts'
import { withTextInput } from './text/textInput.ts'

const readers: { readonly [F in FormatName]: () => Promise<ModelReader> } = {
  latch: async () => (await import('./latch/read.ts')).readLatch,
  keras: async () => (await import('./keras/index.ts')).readKeras,
  torch: async () => (await import('./torch/index.ts')).readTorch,
  tfjs: async () => (await import('./tfjs/index.ts')).readTfjs,
  onnx: async () => (await import('./onnx/index.ts')).readOnnx,
  tensorflow1: async () => (await import('./tensorflow1/index.ts')).readTensorflow1,
}

/**
 * Reads a model file of any format.
 * @throws FormatError for a broken or unknown file, UnsupportedError naming the layer, operator or format that
 * is unsupported, both with their place; DataError for a missing companion file; UsageError for an option that has
 * no effect on this file
 */
export async function readModel(files: ModelFiles, options: ImportOptions = {}): Promise<ImportedModel> {
  assertKnownOptions('import option', options, IMPORT_OPTIONS)
  const format = identify(files.bytes, files.name)
  assertUsable(format, options, files.name)
  const read = await readers[format]()
  try {
    return await readBy(read, files, options)
  } catch (error) {
    throw await withWorkingFixes(error, options, (changed) => readBy(read, files, changed))
  }
}

async function readBy(read: ModelReader, files: ModelFiles, options: ImportOptions): Promise<ImportedModel> {
  const weighed = checkWeights(await read(files, options), options.allowNonFinite ?? false, files.name)
  const imported = tokensAsIds(weighed)
  assertEffective(imported, options, files.name)
  return withTextInput(imported, options)
}

/**
 * A vocabulary as wide as the features: those are one-hot rows of its tokens. Then tokens themselves go in, which
 * is the same product without the rows.
 */
function tokensAsIds(imported: ImportedModel): ImportedModel {
  const { network, input, vocabulary, warnings } = imported
  const [first, second, ...above] = network.layers
  if (first.type !== 'features' || second?.type !== 'recurrent' || vocabulary?.length !== first.width)
    return imported
  return {
    ...imported,
    network: { ...network, layers: [{ type: 'oneHot', vocabulary: first.width }, second, ...above] },
    input: { ...input, kind: 'ids' },
    warnings: [...warnings, 'the vocabulary has one token per feature: one-hot rows were replaced by tokens'],
  }
}

/**
 * Opens an ONNX graph to run it node by node, even if it is not a chain of layers that Latch can train.
 * @throws FormatError, UnsupportedError naming the node or operator
 */
export async function openOnnxGraph(files: ModelFiles, engine: EngineOptions = {}): Promise<OnnxGraph> {
  assertKnownOptions('engine option', engine, ENGINE_OPTIONS)
  const { OnnxGraph: Graph } = await import('./onnx/runtime/run.ts')
  return new Graph(await decodeOnnx(files), { source: files.name, engine })
}

/** An ONNX file as plain data: nodes, attributes, tensors. @throws FormatError naming the byte or field */
export async function decodeOnnx(files: ModelFiles): Promise<OnnxModel> {
  const { decodeOnnx: decode } = await import('./onnx/proto/decode.ts')
  return decode(files.bytes, files.name, files.sibling)
}

/** Files in memory, by name; the first is the model. @throws DataError for a missing file */
export function filesInMemory(
  name: string,
  bytes: Uint8Array,
  others: ReadonlyMap<string, Uint8Array>,
): ModelFiles {
  return {
    name,
    bytes,
    sibling(wanted) {
      // A page has no folders: dropped files are found by name.
      const found = others.get(wanted) ?? others.get(wanted.split('/').at(-1)!)
      if (found) return Promise.resolve(found)
      const fix = { option: 'files', to: 'provide every file of the model' }
      const got = others.size ? `only ${[...others.keys()].slice(0, 8).join(', ')}` : 'none'
      return Promise.reject(
        new DataError({ where: `${name}, ${wanted}`, expected: 'that file with the model', got, fix }),
      )
    },
  }
}
