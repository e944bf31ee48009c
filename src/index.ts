/**
 * Latch's public door. Safe in browsers: no dependency, no file system. Training a network by hand has a
 * door of its own (`latch/training`), so that a page which only predicts does not load it.
 * Task → network → layers → cell → kernel: every rung of the ladder is exported and typed.
 */
export { textClassifier, TextClassifier } from './tasks/textClassifier.ts'
export type { Columns, Evaluation } from './tasks/evaluateClassifier.ts'
export type {
  CellChoice,
  ClassifierOptions,
  ClassifierSettings,
  DropoutShares,
} from './tasks/classifierOptions.ts'
export type { ClassifierStream, ClassifierStreamState } from './tasks/classifierStream.ts'
export type { ClassifierReport } from './tasks/fitClassifier.ts'
export type { ClassifierFitOptions } from './tasks/fitOptions.ts'
export type { ClassifierEvent, RunFacts } from './tasks/classifierEvents.ts'
export type { HistoryEpoch, TrainingHistory } from './tasks/history.ts'
export type { Prediction } from './tasks/probabilities.ts'
export { naiveBayes } from './tasks/naiveBayes.ts'
export type { NaiveBayes, NaiveBayesOptions } from './tasks/naiveBayes.ts'
export type { ClassWeights } from './tasks/classLoss.ts'
export { network, Network } from './model/network.ts'
export type { NetworkOptions, StatePlace } from './model/network.ts'
export type { LayerOptions, NetworkConfig } from './model/config.ts'
export type { Stream, StreamOutput, Streams } from './model/stream.ts'
export type { StreamState } from './model/streamState.ts'
export { PackedBatch } from './layers/packed.ts'
export type { EmbeddingOptions, FeaturesOptions, OneHotOptions } from './layers/input.ts'
export type { RecurrentLayer, RecurrentOptions, StateName } from './layers/recurrent.ts'
export type { DropoutOptions, FlattenOptions, PoolOptions } from './layers/shape.ts'
export type { DenseOptions } from './layers/dense.ts'
export type { GradientOf, LossOptions, LossValue, Targets } from './layers/loss.ts'
export type { Parameter, ParameterStore } from './layers/parameters.ts'
export type { Activation, Capacity, Layer, Pass } from './layers/layer.ts'
export type { Places, Regions, Visit } from './layers/regions.ts'
export { cellOf } from './cells/registry.ts'
export type { CellForm, GatesOf, StatesOf } from './cells/registry.ts'
export type { Cell, CellName, KeepGate } from './cells/cell.ts'
export { traceSequence, KEEPS_CONVENTION } from './inspection/trace.ts'
export { prefixOutputs } from './inspection/prefixes.ts'
export type { SequenceTrace } from './inspection/trace.ts'
export type {
  CellStep,
  GateName,
  GateVectors,
  StepGradient,
  Trace,
  TraceLevel,
  TraceStep,
} from './inspection/traceTypes.ts'
export { createEngine, supportedEngines } from './engine/load.ts'
export type { Engine, EngineName, EngineOptions, Precision } from './engine/engine.ts'
export { createTokenizer } from './data/tokens.ts'
export type { Tokenizer, TokenizerConfig } from './data/tokens.ts'
export { UNKNOWN_TOKEN, Vocabulary } from './data/vocabulary.ts'
export type { VocabularyOptions } from './data/vocabulary.ts'
export type { Table, TableOptions } from './data/tableStart.ts'
export type { TableFormat } from './data/tableFormat.ts'
export { readSafetensors, writeSafetensors } from './formats/safetensors.ts'
export type { NamedTensor, SafetensorsContent, TensorData, TensorDtype } from './formats/safetensors.ts'
export { Random } from './tensor/random.ts'
export type { RandomState } from './tensor/random.ts'
export {
  DataError,
  DivergenceError,
  FormatError,
  LatchError,
  MemoryError,
  ShapeError,
  UnsupportedError,
  UsageError,
  WorkerError,
} from './tensor/errors.ts'
export type { ErrorFacts } from './tensor/errors.ts'
