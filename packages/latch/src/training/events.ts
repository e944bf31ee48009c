/** What training tells while it runs and when it ends. All plain JSON. */
import type { EngineName, Precision } from '../engine/engine.ts'

/** One finished epoch. Epochs are counted from 1 wherever people read them. */
export interface EpochRecord {
  epoch: number
  /** Mean loss over the epoch's batches, as optimised: with dropout, smoothing, class weights. */
  trainLoss: number
  /** Share right in those batches (with dropout); null where the loss knows no classes. */
  trainAccuracy: number | null
  /** Plain loss: without dropout, smoothing, class weights; of the averaged weights where ema is on. */
  validationLoss: number | null
  validationAccuracy: number | null
  /** In force at the epoch's last step. */
  learningRate: number
  /** Mean global gradient norm before clipping. */
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

/** Why training ended: all epochs done, patience at its end, or the signal. */
export type StopReason = 'epochs' | 'patience' | 'aborted'

/** Which weights the network holds after training. */
export type KeptWeights = 'best' | 'ema' | 'last'

/** Once, before the first step. */
export interface StartEvent {
  type: 'start'
  epochs: number
  /** A step is an update. */
  stepsPerEpoch: number
  sequences: number
  validationSequences: number
  parameters: number
  engine: EngineName
  precision: Precision
  /** Threads that large work may be shared by; they change speed, never a bit. */
  threads: number
  /** Why there are fewer threads than were asked for, or null. */
  threadsNote: string | null
  /** Where a resumed run goes on: epochs done and steps done in the next; null for a fresh run. */
  resumed: { epochs: number; step: number } | null
}

/** About ten times a second. */
export interface ProgressEvent {
  type: 'progress'
  epoch: number
  epochs: number
  /** Steps done in this epoch. */
  step: number
  steps: number
  /** Means over the epoch so far. */
  loss: number
  accuracy: number | null
  learningRate: number
  sequencesPerSecond: number
  /** To the last epoch, were none stopped early. */
  secondsLeft: number
}

/** What `onStep` is called with, after each update. */
export interface StepProgress {
  epoch: number
  epochs: number
  /** Updates made in this epoch. */
  step: number
  /** Updates an epoch has. */
  steps: number
  /** Updates made over all sessions of the run. */
  updates: number
  /** Mean loss of this update's batches, as optimised: with dropout, smoothing, class weights. */
  loss: number
  /** Global norm of its gradient before clipping. */
  gradientNorm: number
  /** What it was made with. */
  learningRate: number
}

/** After each epoch, validation included. */
export interface EpochEvent extends EpochRecord {
  type: 'epoch'
  epochs: number
  /** Whether this is the best validation loss so far. */
  best: boolean
}

/** After a checkpoint was written. */
export interface CheckpointEvent {
  type: 'checkpoint'
  epoch: number
  step: number
  /** Time it took. */
  seconds: number
}

/** Once, at the end, whatever the reason. */
export interface StopEvent {
  type: 'stop'
  reason: StopReason | 'diverged' | 'failed'
  epoch: number
  /** Steps done in that epoch. */
  step: number
  kept: KeptWeights | 'last good'
}

/** Everything `onEvent` is called with; `type` tells which. */
export type TrainingEvent = StartEvent | ProgressEvent | EpochEvent | CheckpointEvent | StopEvent

/** What `fit` returns. */
export interface FitReport {
  /** Epochs finished, over all sessions of the run. */
  epochs: number
  /** Updates made, over all sessions. */
  steps: number
  stopped: StopReason
  kept: KeptWeights
  best: BestEpoch | null
  history: EpochRecord[]
  /** Wall time, over all sessions. */
  seconds: number
}
