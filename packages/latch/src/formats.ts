/**
 * The entry point `latch/formats`: models of Keras, PyTorch, TensorFlow.js, ONNX and TensorFlow 1 in, and Latch's own out.
 * Safe in browsers: each format's reader and writer, with what it depends on, is loaded when it is first needed.
 */
export { IMPORT_OPTION_NAMES, modelFromImported, openModel, openModelFile } from './tasks/files/openModel.ts'
export type { AnyModel, ModelBytes } from './tasks/files/openModel.ts'
export { torchSnippet } from './tasks/files/torchSnippet.ts'
export { SequenceModel } from './tasks/sequenceModel/sequenceModel.ts'
export type { SequenceInput } from './tasks/sequenceModel/reader.ts'
export type { SequenceRow, SequenceTarget } from './tasks/sequenceModel/targets.ts'
export type { ModelSource } from './tasks/sequenceModel/facts.ts'
export { filesInMemory, openOnnxGraph, readModel } from './formats/open.ts'
export type { OnnxGraph } from './formats/onnx/runtime/run.ts'
export type { OnnxDtype, OnnxTensor, OnnxValueInfo } from './formats/onnx/graph.ts'
export { EXPORT_FORMATS, exporters, writeModel } from './formats/write.ts'
export { describeFile } from './formats/describeFile.ts'
export type { FileArray, FileContents, FileLayer } from './formats/fileContents.ts'
export { OUTPUT_ACTIVATIONS } from './formats/imported.ts'
export type { Side, TextInput, TextPadding, TextRules } from './text/textRules.ts'
export { isWrittenByLatch, ownShards, type WrittenFormat } from './formats/writtenByLatch.ts'
export { identify } from './formats/identify.ts'
export type {
  OutputActivation,
  VocabularyOption,
  ExportedFile,
  ExportFormat,
  ExportSource,
  FormatName,
  ImportedModel,
  ImportOptions,
  LayerFacts,
  ModelFiles,
  ModelInput,
  ModelWriter,
} from './formats/imported.ts'
