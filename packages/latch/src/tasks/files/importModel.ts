/**
 * A model file of any format → a model at work. What Latch itself exported carries its task along and comes back
 * as that; anything else becomes a SequenceModel.
 */
import type { EngineOptions } from '../../engine/engine.ts'
import {
  OUTPUT_ACTIVATIONS,
  type ImportedModel,
  type ImportOptions,
  type ModelFiles,
} from '../../formats/imported.ts'
import type { ModelDocument } from '../../formats/latch/modelFile.ts'
import { filesInMemory, readModel } from '../../formats/open.ts'
import { fitBiases } from '../../formats/recurrentBiases.ts'
import { writeSafetensors, type NamedTensor } from '../../formats/safetensors/safetensors.ts'
import { allLayers } from '../../model/allLayers.ts'
import { readNetworkConfig } from '../../model/config.ts'
import { networkFromConfig } from '../../model/network.ts'
import { FormatError } from '../../core/errors.ts'
import { fieldAt, rootField } from '../../core/validation.ts'
import { openModelFile, type AnyModel } from './openModel.ts'
import { computeTheSame } from './sameOutputs.ts'
import { SequenceModel } from '../sequenceModel/sequenceModel.ts'

/** A model file in memory with what lies beside it. */
export interface ModelBytes {
  name: string
  bytes: Uint8Array
  /** Other files of the model by name (shards, external data). */
  files?: ReadonlyMap<string, Uint8Array>
}

/**
 * Opens a model file of any format: Latch, Keras, PyTorch (safetensors), TensorFlow.js, ONNX, TensorFlow 1 dumps.
 * @param options what a file cannot say (configuration, vocabulary, labels), and how it computes
 * @throws FormatError for broken or unknown files; UnsupportedError naming what is known but not read
 */
export async function importModel(
  files: ModelFiles | ModelBytes,
  options: ImportOptions & { engine?: EngineOptions } = {},
): Promise<AnyModel> {
  const { engine = {}, ...rest } = options
  const given = 'sibling' in files ? files : filesInMemory(files.name, files.bytes, files.files ?? new Map())
  return modelOf(await readModel(given, rest), given.name, engine)
}

/**
 * What was read as a model: the task that the file carries, with the weights that it has now; else, or where its layers
 * compute something else than that task's, a SequenceModel.
 */
export function modelOf(imported: ImportedModel, source: string, engine: EngineOptions = {}): AnyModel {
  if (imported.document === null) return new SequenceModel(imported, engine)
  const file = fileOf(imported, imported.document, source)
  if (file) return openModelFile(file, source, engine)
  const note =
    'the file was changed: its layers are not those of the Latch model in it, and are read as they are'
  return new SequenceModel({ ...imported, document: null, warnings: [...imported.warnings, note] }, engine)
}

/** The Latch model file that the document and the weights make; null where the file's own layers say something else. */
function fileOf(imported: ImportedModel, document: ModelDocument, source: string): Uint8Array | null {
  const root = rootField(document, 'document', source)
  const config = readNetworkConfig(fieldAt(root, 'network'), allLayers)
  // Keras has one bias where PyTorch and ONNX have two, whatever the model had that was written there.
  const weights = fitBiases(imported.weights, config.layers, source)
  // Shapes follow from the configuration: what it says is built once, small and without an initial weight.
  const shapes = networkFromConfig(config, allLayers, {
    engine: 'reference',
    weights: ({ name, size }) => {
      const values = weights.get(name)
      if (values?.length === size) return values
      const expected = `${size} numbers for ${name}, as the document of Latch says`
      throw new FormatError({ where: source, expected, got: values ? `${values.length}` : 'none' })
    },
  })
  const tensors = shapes.parameters.map(({ name, shape }): NamedTensor => ({
    name,
    shape,
    dtype: 'F32',
    data: weights.get(name)!,
  }))
  shapes.dispose()
  const outputActivation =
    OUTPUT_ACTIVATIONS.find((name) => name === fieldAt(root, 'outputActivation').value) ??
    imported.outputActivation
  if (
    imported.format !== 'latch' &&
    !computeTheSame(imported, { network: config, weights, outputActivation })
  )
    return null
  return writeSafetensors(tensors, { format: 'pt', latch: JSON.stringify(document) })
}
