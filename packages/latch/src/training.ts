/**
 * `latch/training`: training of networks, one level below models. `fit` does a whole run; optimizers, clipping,
 * schedules, averages and metrics serve custom training loops.
 */
export { fit } from './training/fit.ts'
export type { CheckpointOptions, FitOptions } from './training/run.ts'
export type { TrainingChoices } from './training/options.ts'
export type { Dataset, Sample, SegmentBatch } from './training/dataset.ts'
export { arrayDataset } from './training/arrayDataset.ts'
export type { ArrayDatasetOptions, FeatureArrays, IdArrays } from './training/arrayDataset.ts'
export type { ArrayTargets } from './training/arrayTargets.ts'
export { corpusDataset } from './training/segments/corpusDataset.ts'
export type { CorpusOptions } from './training/segments/corpusDataset.ts'
export { historyToSvg } from './training/historySvg.ts'
export type { DrawnHistory } from './training/historySvg.ts'
export { evaluate } from './training/evaluate.ts'
export type { EvaluateOptions, Evaluation } from './training/evaluate.ts'
export { classificationReport, confusionMatrix } from './training/metrics.ts'
export type { ClassificationReport, ClassScores } from './training/metrics.ts'
export type {
  BestEpoch,
  CheckpointEvent,
  EpochEvent,
  EpochRecord,
  FitReport,
  KeptWeights,
  ProgressEvent,
  StartEvent,
  StepProgress,
  StopEvent,
  StopReason,
  TrainingEvent,
} from './training/events.ts'
export { Optimizer } from './training/optimizer.ts'
export type { OptimizerOptions } from './training/optimizer.ts'
export type { AdadeltaOptions } from './training/optimizers/adadelta.ts'
export type { AdagradOptions } from './training/optimizers/adagrad.ts'
export type { AdamOptions } from './training/optimizers/adam.ts'
export type { AdamaxOptions } from './training/optimizers/adamax.ts'
export type { LionOptions } from './training/optimizers/lion.ts'
export type { NadamOptions } from './training/optimizers/nadam.ts'
export type { RadamOptions } from './training/optimizers/radam.ts'
export type { RmspropOptions } from './training/optimizers/rmsprop.ts'
export type { SgdOptions } from './training/optimizers/sgd.ts'
export { clipGradients } from './training/gradients/clip.ts'
export type { Clipping, ClipOptions } from './training/gradients/clip.ts'
export { completeSchedule, initialPlateau, learningRateAt, plateauAfter } from './training/schedule.ts'
export type {
  CompleteSchedule,
  PlateauState,
  ScheduleOptions,
  SchedulePosition,
  ScheduleUnit,
} from './training/schedule.ts'
export { ExponentialMovingAverage } from './training/ema.ts'
export type { Averaging } from './training/ema.ts'
export type { SavedState, TrainingState } from './training/checkpoint.ts'
export { examplesFromRows } from './data/examples.ts'
export type { ExampleOptions, ExampleRow, Examples } from './data/examples.ts'
export { bucketedBatches, stratifiedSplit } from './data/batches.ts'
export type { BucketOptions, Split } from './data/batches.ts'
