/**
 * Opens model files of any format. A Latch file, or a file that Latch exported, becomes a model of its original task;
 * any other file becomes a SequenceModel. Each file is parsed once and built as one network.
 */
import { ENGINE_OPTIONS, type EngineOptions } from '../../engine/engine.ts'
import { FormatError } from '../../core/errors.ts'
import { fieldAt, readChoice, rootField } from '../../core/validation.ts'
import {
  IMPORT_OPTIONS,
  OUTPUT_ACTIVATIONS,
  type ExportSource,
  type ImportOptions,
  type ImportedModel,
  type ModelFiles,
} from '../../formats/imported.ts'
import { assertUsable } from '../../formats/effectiveOptions.ts'
import { identify } from '../../formats/identify.ts'
import { decodeModel, type ModelContent } from '../../formats/latch/modelFile.ts'
import { assertFinite, listNonFinite } from '../../formats/nonFinite.ts'
import { filesInMemory, readModel } from '../../formats/open.ts'
import { fitBiases } from '../../formats/recurrentBiases.ts'
import { readNetworkConfig } from '../../model/config.ts'
import { allLayers } from '../../model/allLayers.ts'
import type { FitOptions } from '../fit/fitOptions.ts'
import type { Evaluation, Model, ModelEvaluateOptions, Prediction } from '../model.ts'
import type { SequenceTypes } from '../sequenceModel/learned.ts'
import type { SequenceInput } from '../sequenceModel/reader.ts'
import type { BeamSearchOptions, Continuation } from '../generation/beamSearch.ts'
import type { Generation } from '../generation/generation.ts'
import type { GenerateOptions } from '../generation/sampling.ts'
import { LanguageModel } from '../languageModel/languageModel.ts'
import { MultiLabelClassifier } from '../multiLabelClassifier/multiLabelClassifier.ts'
import { SequenceToSequence } from '../sequenceToSequence/sequenceToSequence.ts'
import { SequenceModel } from '../sequenceModel/sequenceModel.ts'
import type { TaggerInput } from '../tagger/learned.ts'
import { Tagger } from '../tagger/tagger.ts'
import { TextClassifier } from '../textClassifier/textClassifier.ts'
import type { TextPair } from '../textPairClassifier/learned.ts'
import { TextPairClassifier } from '../textPairClassifier/textPairClassifier.ts'
import { TextRegressor } from '../textRegressor/textRegressor.ts'
import type { TaskTypes } from '../task.ts'
import type { TaskClass } from '../taskModel.ts'
import { predictTheSame } from './sameOutputs.ts'
import { readTask, tensorWeights, type WeightSource } from './taskFile.ts'
import { assertKnownOptions } from '../../core/knownNames.ts'

export { IMPORT_OPTION_NAMES } from '../../formats/imported.ts'

/**
 * The options that name the columns: `text` and `label` of a text classifier, `texts` and `label` of one of pairs, `tokens`
 * and `tags` of a tagger, `input` and `target` of other models.
 */
type Columns = {
  text?: string | readonly string[]
  texts?: readonly [a: string, b: string]
  label?: string
  input?: string
  target?: string
  tokens?: string
  tags?: string
}

/**
 * A model of any task. It takes every input that it reads (a text, token ids, features) and refuses others;
 * `summary().reads` lists them, and `columns` the options that name the columns of `fit` and `evaluate`.
 */
export type AnyModel = Model<
  SequenceInput | TaggerInput | TextPair,
  SequenceTypes['Step'],
  Prediction,
  Evaluation,
  object,
  FitOptions & Columns
> & {
  evaluate(examples: Iterable<object>, options?: ModelEvaluateOptions & Columns): Promise<Evaluation>
  exportSource(name?: string): ExportSource
  /** Of models that may predict their next token. Errors: see SequenceModel.generate. */
  generate?(options?: GenerateOptions): Generation
  /** Likewise. Errors: see SequenceModel.beamSearch. */
  beamSearch?(options?: BeamSearchOptions): Continuation[]
}

/** A model file in memory, with the files it refers to. */
export interface ModelBytes {
  name: string
  bytes: Uint8Array
  /** Other files of the model by name (shards, external data). */
  files?: ReadonlyMap<string, Uint8Array>
}

/**
 * Opens a model file of any format: Latch, Keras, PyTorch (safetensors), TensorFlow.js, ONNX, TensorFlow 1 dumps.
 * @param options what the file does not contain (configuration, vocabulary, labels), and engine options
 * @throws FormatError for broken or unknown files; UnsupportedError naming the unsupported part; UsageError for an
 * option that has no effect on this file
 */
export async function openModel(
  files: ModelFiles | ModelBytes,
  options: ImportOptions & { engine?: EngineOptions } = {},
): Promise<AnyModel> {
  assertKnownOptions('openModel option', options, { ...IMPORT_OPTIONS, engine: 1 })
  const { engine = {}, ...rest } = options
  assertKnownOptions('engine option', engine, ENGINE_OPTIONS)
  const given = 'sibling' in files ? files : filesInMemory(files.name, files.bytes, files.files ?? new Map())
  if (identify(given.bytes, given.name) === 'latch') {
    assertUsable('latch', rest, given.name)
    return openDecoded(decodeModel(given.bytes, given.name), given.name, engine, rest.allowNonFinite)
  }
  return modelFromImported(await readModel(given, rest), given.name, engine)
}

/** Opens a Latch model file of any task. @throws FormatError naming what is wrong with the bytes and where */
export function openModelFile(
  bytes: Uint8Array,
  source = 'model bytes',
  engine: EngineOptions = {},
): AnyModel {
  assertKnownOptions('engine option', engine, ENGINE_OPTIONS)
  return openDecoded(decodeModel(bytes, source), source, engine)
}

function openDecoded(
  { document, tensors }: ModelContent,
  source: string,
  engine: EngineOptions,
  allowNonFinite = false,
): AnyModel {
  const floats = [...tensors].flatMap(([name, { data }]) =>
    data instanceof Float32Array ? [[name, data] as const] : [],
  )
  if (!allowNonFinite) assertFinite(floats, source)
  const warnings = listNonFinite(floats)
  const weights = tensorWeights(tensors, source, allowNonFinite)
  return modelFromDocument(document, weights, source, engine, warnings)
}

type Reader<M> = (
  document: unknown,
  weights: WeightSource,
  source: string,
  engine: EngineOptions,
  warnings: readonly string[],
) => M

/** Builds each task's model from its document and weights. */
const TASKS = {
  textClassifier: readerOf(TextClassifier),
  multiLabelClassifier: readerOf(MultiLabelClassifier) as never,
  textRegressor: readerOf(TextRegressor),
  textPairClassifier: readerOf(TextPairClassifier),
  languageModel: readerOf(LanguageModel),
  sequenceToSequence: readerOf(SequenceToSequence) as never,
  tagger: readerOf(Tagger),
  sequenceModel: readerOf(SequenceModel),
} as const satisfies { [task: string]: Reader<AnyModel> }

function readerOf<M, T extends TaskTypes>(Class: TaskClass<M, T>): Reader<M> {
  return (document, weights, source, engine, warnings) =>
    new Class(withWarnings(readTask(Class.task, document, weights, source, engine), warnings), engine)
}

function withWarnings<C extends { learned: { warnings?: readonly string[] } }>(
  content: C,
  warnings: readonly string[],
): C {
  const { learned } = content
  const all = new Set([...(learned.warnings ?? []), ...warnings])
  return all.size > 0 ? { ...content, learned: { ...learned, warnings: [...all] } } : content
}

/** The model of a Latch document, of any task, with weights from any source. @throws FormatError */
export function modelFromDocument(
  document: unknown,
  weights: WeightSource,
  source: string,
  engine: EngineOptions = {},
  warnings: readonly string[] = [],
): AnyModel {
  const task = readChoice(
    fieldAt(rootField(document, 'document', source), 'task'),
    Object.keys(TASKS) as (keyof typeof TASKS)[],
  )
  return TASKS[task](document, weights, source, engine, warnings)
}

/**
 * The model of a file of another format. With a Latch document in it, the model of that task with the file's weights;
 * without one, or where the layers no longer match the document, a SequenceModel.
 */
export function modelFromImported(
  imported: ImportedModel,
  source: string,
  engine: EngineOptions = {},
): AnyModel {
  assertKnownOptions('engine option', engine, ENGINE_OPTIONS)
  if (imported.document === null) return SequenceModel.fromImported(imported, engine)
  const { document } = imported
  const weights = importedWeights(imported, document, source)
  const model = modelFromDocument(document, weights, source, engine, listNonFinite(imported.weights))
  if (imported.format === 'latch') return model
  const root = rootField(document, 'document', source)
  const outputActivation =
    OUTPUT_ACTIVATIONS.find((name) => name === fieldAt(root, 'outputActivation').value) ??
    imported.outputActivation
  if (predictTheSame(imported, { network: model.network, outputActivation })) return model
  model.dispose()
  const note = 'the file was modified after export: it is imported as a plain sequence model'
  return SequenceModel.fromImported({ ...imported, warnings: [...imported.warnings, note] }, engine)
}

/** The weights from a reader, for the layers of the document. */
function importedWeights(imported: ImportedModel, document: unknown, source: string): WeightSource {
  const { layers } = readNetworkConfig(fieldAt(rootField(document, 'document', source), 'network'), allLayers)
  // Keras has one bias where PyTorch and ONNX have two, regardless of the exported model.
  const weights = fitBiases(imported.weights, layers, source)
  return {
    read({ name, size }) {
      const values = weights.get(name)
      if (values?.length === size) return values
      const expected = `${size} numbers for ${name}, as in the Latch document`
      throw new FormatError({ where: source, expected, got: values ? `${values.length}` : 'none' })
    },
    takeAll: (prefix) => imported.counts?.filter(({ name }) => name.startsWith(prefix)) ?? [],
    finish: () => undefined,
  }
}
