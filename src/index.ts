/**
 * Latch's one public door. Safe in browsers: no dependency, no file system.
 * Task → network → layers → cell → kernel: every rung of the ladder is exported and typed.
 */
export { textClassifier, TextClassifier } from './tasks/textClassifier.ts'
export type { Columns, Evaluation } from './tasks/textClassifier.ts'
export type {
  CellChoice,
  ClassifierOptions,
  ClassifierSettings,
  DropoutShares,
} from './tasks/classifierOptions.ts'
export type { ClassifierFitOptions, ClassifierReport } from './tasks/fitClassifier.ts'
export type { ClassifierEvent } from './tasks/classifierEvents.ts'
export type { TrainingHistory } from './tasks/history.ts'
export type { Prediction } from './tasks/probabilities.ts'
export { naiveBayes } from './tasks/naiveBayes.ts'
export type { NaiveBayes, NaiveBayesOptions } from './tasks/naiveBayes.ts'
export { network, Network } from './model/network.ts'
export type { NetworkOptions } from './model/network.ts'
export type { LayerOptions, NetworkConfig } from './model/config.ts'
export { PackedBatch } from './layers/packed.ts'
export type { LossOptions, LossValue, Targets } from './layers/loss.ts'
export type { Parameter } from './layers/parameters.ts'
export type { Pass } from './layers/layer.ts'
export { traceSequence, prefixOutputs, KEEPS_CONVENTION } from './inspection/trace.ts'
export type {
  CellStep,
  GateName,
  GateVectors,
  Trace,
  TraceLevel,
  TraceStep,
} from './inspection/traceTypes.ts'
export { createEngine, simdSupported } from './engine/load.ts'
export type { Engine, EngineName, EngineOptions, Precision } from './engine/engine.ts'
export { createTokenizer } from './data/tokens.ts'
export type { Tokenizer, TokenizerConfig } from './data/tokens.ts'
export { Vocabulary } from './data/vocabulary.ts'
export { examplesFromRows } from './data/examples.ts'
export { bucketedBatches, stratifiedSplit } from './data/batches.ts'
export { readSafetensors, writeSafetensors } from './formats/safetensors.ts'
export { Random } from './tensor/random.ts'
export {
  DataError,
  DivergenceError,
  FormatError,
  LatchError,
  MemoryError,
  ShapeError,
  UnsupportedError,
  UsageError,
} from './tensor/errors.ts'
