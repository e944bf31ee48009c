/**
 * The door `latch/training`: networks trained by hand, one rung below a task. `fit` does a whole run;
 * optimizer, clipping, schedules, averages, metrics and checkpoints are what it is made of.
 */
export { fit } from './fit.ts'
export type { CheckpointOptions, FitOptions } from './run.ts'
export { completeOptions } from './settings.ts'
export type { TrainingChoices, TrainingOptions } from './settings.ts'
export { fingerprint } from './dataset.ts'
export type { Dataset, Sample } from './dataset.ts'
export { evaluate } from './evaluate.ts'
export type { EvaluateOptions, Evaluation } from './evaluate.ts'
export { classificationReport, confusionMatrix } from './metrics.ts'
export type { ClassificationReport, ClassScores } from './metrics.ts'
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
} from './events.ts'
export { Optimizer } from './optimizer.ts'
export type {
  AdagradOptions,
  AdamOptions,
  CompleteOptimizer,
  EmbeddingUpdates,
  OptimizerOptions,
  OptimizerType,
  RmspropOptions,
  SgdOptions,
} from './optimizer.ts'
export { clipGradients } from './clip.ts'
export type { Clipping, ClipOptions } from './clip.ts'
export { completeSchedule, initialPlateau, learningRateAt, observeLoss } from './schedule.ts'
export type {
  CompleteSchedule,
  PlateauState,
  ScheduleOptions,
  SchedulePosition,
  ScheduleType,
  ScheduleUnit,
} from './schedule.ts'
export { WeightAverage } from './averaging.ts'
export { captureState, restoreState } from './checkpoint.ts'
export type {
  Progress,
  Resumable,
  SavedState,
  StateTensor,
  TrainingDocument,
  TrainingState,
} from './checkpoint.ts'
export { examplesFromRows } from '../data/examples.ts'
export type { ExampleOptions, ExampleRow, Examples } from '../data/examples.ts'
export { bucketedBatches, stratifiedSplit } from '../data/batches.ts'
export type { BucketOptions, Split } from '../data/batches.ts'
