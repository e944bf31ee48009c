/**
 * The entry point `latch` for browsers: no dependency, no file system. Training a network directly is an entry
 * point of its own (`latch/training`), so that a page which only predicts does not load it.
 */
export { textClassifier, TextClassifier } from './tasks/textClassifier/textClassifier.ts'
export {
  multiLabelClassifier,
  MultiLabelClassifier,
} from './tasks/multiLabelClassifier/multiLabelClassifier.ts'
export type { MultiLabelOptions, MultiLabelSettings } from './tasks/multiLabelClassifier/options.ts'
export type { MultiLabelPrediction } from './tasks/multiLabelClassifier/learned.ts'
export { textRegressor, TextRegressor } from './tasks/textRegressor/textRegressor.ts'
export { REGRESSION_LOSSES } from './tasks/textRegressor/options.ts'
export type { RegressionLoss, RegressorOptions, RegressorSettings } from './tasks/textRegressor/options.ts'
export type { NumberPrediction, RegressorFitOptions, TargetScaling } from './tasks/textRegressor/learned.ts'
export { textPairClassifier, TextPairClassifier } from './tasks/textPairClassifier/textPairClassifier.ts'
export type { TextPair, TextPairColumns, TextPairFitOptions } from './tasks/textPairClassifier/learned.ts'
export type { TextPairOptions, TextPairSettings } from './tasks/textPairClassifier/options.ts'
export { languageModel, LanguageModel } from './tasks/languageModel/languageModel.ts'
export type { NextToken, Texts, TextScore, TokenScore } from './tasks/languageModel/languageModel.ts'
export type { TextColumn } from './tasks/languageModel/learned.ts'
export { LANGUAGE_TOKEN_KINDS } from './tasks/languageModel/options.ts'
export type { LanguageModelOptions, LanguageModelSettings } from './tasks/languageModel/options.ts'
export type { Regularisation, RegularisationSettings } from './tasks/regularisation.ts'
export type { LanguageDropout } from './tasks/languageModel/regularisation.ts'
export type { BeamSearchOptions, Continuation } from './tasks/generation/beamSearch.ts'
export type { Generation } from './tasks/generation/generation.ts'
export type { Alternative, WrittenToken, Writing } from './tasks/generation/writing.ts'
export type { GenerateOptions, SamplingOptions } from './tasks/generation/sampling.ts'
export type { TextOptions } from './tasks/generation/textOptions.ts'
export { sequenceToSequence, SequenceToSequence } from './tasks/sequenceToSequence/sequenceToSequence.ts'
export type { TargetSearchOptions } from './tasks/sequenceToSequence/sequenceToSequence.ts'
export type { SequenceColumns, WrittenSequence } from './tasks/sequenceToSequence/learned.ts'
export type {
  SequenceToSequenceOptions,
  SequenceToSequenceSettings,
} from './tasks/sequenceToSequence/options.ts'
export { SAMPLING_SCHEDULES } from './tasks/sequenceToSequence/scheduledSampling.ts'
export type { ScheduledSampling } from './tasks/sequenceToSequence/scheduledSampling.ts'
export { encoderDecoder } from './layers/encoderDecoder/encoderDecoder.ts'
export type { EncoderDecoderOptions } from './layers/encoderDecoder/encoderDecoder.ts'
export { pairEmbedding } from './layers/pairs/pairEmbedding.ts'
export type { PairEmbeddingOptions } from './layers/pairs/pairEmbedding.ts'
export { PAIR_FEATURES, pairFeatures } from './layers/pairs/pairFeatures.ts'
export type { PairCombination, PairFeaturesOptions } from './layers/pairs/pairFeatures.ts'
export { ATTENTION_SCORES } from './layers/encoderDecoder/attention.ts'
export type { AttentionScore } from './layers/encoderDecoder/attention.ts'
export { sequenceModel } from './tasks/sequenceModel/build.ts'
export type {
  SequenceInputOptions,
  SequenceModelOptions,
  SequenceOutputOptions,
} from './tasks/sequenceModel/build.ts'
export { tagger, Tagger } from './tasks/tagger/tagger.ts'
export type { CharacterOptions, TaggerOptions, TaggerSettings } from './tasks/tagger/options.ts'
export type {
  Entity,
  EntityScores,
  SentencePrediction,
  SentenceScores,
  TagColumns,
  TagEvaluation,
  TaggerInput,
  TagPrediction,
} from './tasks/tagger/learned.ts'
export { TAG_SCHEMES } from './tasks/tagger/spans.ts'
export type { Span, TagScheme } from './tasks/tagger/spans.ts'
export { SequenceModel } from './tasks/sequenceModel/sequenceModel.ts'
export type { SequenceInput } from './tasks/sequenceModel/reader.ts'
export type { SequenceRow, SequenceTarget } from './tasks/sequenceModel/targets.ts'
export { CELL_CHOICES } from './tasks/textClassifier/options.ts'
export type { ClassifierFitOptions, Columns } from './tasks/textClassifier/learned.ts'
export type {
  CellChoice,
  ClassifierOptions,
  ClassifierSettings,
  DropoutRates,
} from './tasks/textClassifier/options.ts'
export type {
  ClassEvaluation,
  ClassPrediction,
  EncodedSequence,
  Evaluation,
  Model,
  ModelEvaluateOptions,
  ModelStream,
  ModelStreamState,
  ModelSummary,
  MultiLabelEvaluation,
  PredictOptions,
  Prediction,
  RankedLabel,
  SequenceEvaluation,
  TokenEvaluation,
  ValueEvaluation,
} from './tasks/model.ts'
export type { Averaging } from './training/ema.ts'
export type { FitOptions, ModelFitEvent, ModelFitReport, RunFacts } from './tasks/fit/fitOptions.ts'
export type { CountedScore, CountsReport } from './tasks/counts/report.ts'
export type { Coverage, VectorsReport } from './tasks/vectors/report.ts'
export { parseVectors } from './data/vectors/vectorSource.ts'
export type { ParseVectorsOptions, VectorFile, WordVectors } from './data/vectors/vectorSource.ts'
export type { VectorForm } from './data/vectors/vectorForm.ts'
export type { FoundVectors } from './data/vectors/foundVectors.ts'
export type { HistoryEpoch, TrainingHistory } from './tasks/files/history.ts'
export { naiveBayes } from './tasks/baselines/naiveBayes.ts'
export type { NaiveBayes, NaiveBayesOptions } from './tasks/baselines/naiveBayes.ts'
export type { ClassWeights } from './tasks/fit/classLoss.ts'
export { network, networkFromConfig } from './model/network.ts'
export type { Network, OutputShape } from './model/network.ts'
export { allLayers } from './model/allLayers.ts'
export { coreLayers } from './model/coreLayers.ts'
export { activation } from './layers/activation.ts'
export { batchNorm } from './layers/batchNorm.ts'
export { concat } from './layers/skips/concat.ts'
export { crf } from './layers/crf/crf.ts'
export { dense, genericDense } from './layers/dense.ts'
export { activationPenalty } from './layers/regularisation/activationPenalty.ts'
export { dropout } from './layers/regularisation/lockedDropout.ts'
export { embedding, maskedEmbedding } from './layers/embedding.ts'
export { features, maskedFeatures } from './layers/features.ts'
export { flatten } from './layers/flatten.ts'
export { layerNorm } from './layers/layerNorm.ts'
export { masking, zeroMasked } from './layers/masks/masking.ts'
export { merge } from './layers/skips/merge.ts'
export { maskedOneHot, oneHot } from './layers/oneHot.ts'
export { attentionPool } from './layers/pooling/attentionPool.ts'
export { firstPool } from './layers/pooling/firstPool.ts'
export { pool } from './layers/pooling/pool.ts'
export { sumPool } from './layers/pooling/sumPool.ts'
export { repeat } from './layers/repeat.ts'
export { timeSoftmax } from './layers/pooling/timeSoftmax.ts'
export {
  genericGru,
  genericLstm,
  genericRnn,
  gru,
  lstm,
  recurrent,
  rnn,
} from './layers/recurrent/factories.ts'
export { reverse } from './layers/reverse.ts'
export { permute } from './layers/shapes/permute.ts'
export { reshape } from './layers/shapes/reshape.ts'
export { conv1d } from './layers/windows/conv1d.ts'
export { averagePool1d, maxPool1d } from './layers/windows/localPool.ts'
export { wordCharacters } from './layers/words/wordCharacters.ts'
export type { AnyOptions, LayerInfo, LayerSpec } from './layers/definition.ts'
export type { NetworkOptions, StatePlace } from './model/network.ts'
export type { LayerOptions, NetworkConfig } from './model/config.ts'
export type { Stream, StreamOutput, Streams } from './model/streams/stream.ts'
export type { StreamState } from './model/streams/streamState.ts'
export type { LayerSummary, NetworkSummary } from './model/summary.ts'
export { PackedBatch } from './tensors/packedBatch.ts'
export type { EmbeddingOptions } from './layers/embedding.ts'
export type { FeaturesOptions } from './layers/features.ts'
export type { OneHotOptions } from './layers/oneHot.ts'
export type { RecurrentOptions, StateName } from './layers/recurrent/recurrent.ts'
export type { ActivationPenaltyOptions } from './layers/regularisation/activationPenalty.ts'
export type { DropoutOptions } from './layers/dropout.ts'
export type { FlattenOptions } from './layers/flatten.ts'
export type { WordCharactersOptions } from './layers/words/wordCharacters.ts'
export type { PoolOptions } from './layers/pooling/pool.ts'
export type { CrfOptions } from './layers/crf/crf.ts'
export type { DenseOptions } from './layers/dense.ts'
export type { BatchNormOptions } from './layers/batchNorm.ts'
export type { Conv1dOptions } from './layers/windows/conv1d.ts'
export type { AveragePool1dOptions, MaxPool1dOptions } from './layers/windows/localPool.ts'
export type { Padding } from './layers/windows/windows.ts'
export type { LossOptions, LossValue, Targets } from './layers/loss.ts'
export type { ParameterInfo } from './tensors/parameters.ts'
export type { PassOptions } from './layers/layer.ts'
export { cellInfos as cells } from './cells/registry.ts'
export type { CellName } from './cells/registry.ts'
export type { CellInfo } from './cells/cell.ts'
export { traceSequence } from './inspection/trace/trace.ts'
export { prefixOutputs } from './inspection/trace/prefixes.ts'
export type { SequenceTrace } from './inspection/trace/trace.ts'
export type {
  CellStep,
  GateName,
  GateVectors,
  StepGradient,
  Trace,
  TraceCounts,
  TraceLayer,
  TraceStep,
} from './inspection/trace/traceTypes.ts'
export { describeEngine } from './engine/createEngine.ts'
export { supportedEngines } from './engine/load.ts'
export { useEngineModule } from './engine/givenModule.ts'
export { MAX_THREADS } from './engine/threads/executor.ts'
export type { EngineInfo, EngineName, EngineOptions, Precision } from './engine/engine.ts'
export { createTokenizer, TOKEN_KINDS } from './text/tokenizer.ts'
export type { LanguageTokenKind, TokenKind, Tokenizer, TokenizerConfig } from './text/tokenizer.ts'
export { buildVocabulary } from './text/buildVocabulary.ts'
export { UNKNOWN_TOKEN, Vocabulary } from './text/vocabulary.ts'
export type { VocabularyOptions } from './text/buildVocabulary.ts'
export type { Table, TableOptions } from './data/tableStart.ts'
export type { TableFormat } from './data/tableFormat.ts'
export { Random } from './core/random.ts'
export type { RandomState } from './core/random.ts'
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
  fixInProgram,
  formatError,
} from './core/errors.ts'
export type { ErrorFacts, Fix } from './core/errors.ts'
