/**
 * Events and reports of training. All plain JSON.
 *
 * How epochs and steps are counted, here and everywhere in training: `epoch` numbers epochs from 1 ("epoch 1 of 10"), so
 * that a finished epoch's number is the number of epochs done, `epochs` and `steps` are such numbers, and `step` is the
 * number of updates done in the epoch. Rows and timesteps of data count from 0.
 */
import type { EngineName, Precision } from '../engine/engine.ts'

/** One finished epoch. */
export interface EpochRecord {
  epoch: number
  /** Mean training loss of the epoch, with dropout, label smoothing and class weights. */
  trainLoss: number
  /** Accuracy on the same batches (with dropout); null unless the loss is one of classes. */
  trainAccuracy: number | null
  /** Loss without dropout, label smoothing and class weights; of the averaged weights if `ema` is set. */
  validationLoss: number | null
  validationAccuracy: number | null
  /** Learning rate of the epoch's last step. */
  learningRate: number
  /** Mean global gradient norm, before clipping. */
  gradientNorm: number
  /** Wall time, validation included. */
  seconds: number
}

/** The epoch with the lowest validation loss. */
export interface BestEpoch {
  epoch: number
  loss: number
  accuracy: number | null
}

/** Why training ended: all epochs done, early stopping, or the abort signal. */
export type StopReason = 'epochs' | 'patience' | 'aborted'

/** Which weights the network has after training. */
export type KeptWeights = 'best' | 'ema' | 'last'

/** Emitted once, before the first step. */
export interface StartEvent {
  type: 'start'
  epochs: number
  /** Updates per epoch. */
  stepsPerEpoch: number
  sequences: number
  validationSequences: number
  parameters: number
  engine: EngineName
  precision: Precision
  /** Number of threads; they affect speed, never results. */
  threads: number
  /** Why there are fewer threads than were asked for, or null. */
  threadsNote: string | null
  /** Position of a resumed run: epochs done, and steps done in the next; null for a new run. */
  resumed: { epochs: number; step: number } | null
}

/** Emitted about ten times a second. */
export interface ProgressEvent {
  type: 'progress'
  epoch: number
  epochs: number
  /** Updates done in this epoch. */
  step: number
  /** Updates per epoch. */
  steps: number
  /** Means over the epoch so far. */
  loss: number
  accuracy: number | null
  learningRate: number
  sequencesPerSecond: number
  /** Estimated time to the end of the last epoch. */
  secondsLeft: number
}

/** The argument of `onStep`, after each update. */
export interface StepProgress {
  epoch: number
  epochs: number
  /** Updates done in this epoch. */
  step: number
  /** Updates per epoch. */
  steps: number
  /** Updates done in all sessions of the run. */
  updates: number
  /** Mean loss of this update's batches, with dropout, label smoothing and class weights. */
  loss: number
  /** Global norm of its gradient, before clipping. */
  gradientNorm: number
  /** Its learning rate. */
  learningRate: number
}

/** Emitted after each epoch and its validation. */
export interface EpochEvent extends EpochRecord {
  type: 'epoch'
  epochs: number
  /** Whether this is the best validation loss so far. */
  best: boolean
}

/** Emitted after a checkpoint was written. */
export interface CheckpointEvent {
  type: 'checkpoint'
  epoch: number
  step: number
  /** Time taken. */
  seconds: number
}

/** Emitted once, at the end. */
export interface StopEvent {
  type: 'stop'
  reason: StopReason | 'diverged' | 'failed'
  epoch: number
  /** Updates done in that epoch. */
  step: number
  kept: KeptWeights | 'last good'
}

/** The events of `onEvent`, discriminated by `type`. */
export type TrainingEvent = StartEvent | ProgressEvent | EpochEvent | CheckpointEvent | StopEvent

/** The result of `fit`. */
export interface FitReport {
  /** Epochs finished in all sessions of the run. */
  epochs: number
  /** Updates done in all sessions. */
  steps: number
  stopped: StopReason
  kept: KeptWeights
  best: BestEpoch | null
  history: EpochRecord[]
  /** Wall time of all sessions. */
  seconds: number
}
