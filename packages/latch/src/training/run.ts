/**
 * One training run of `fit`. It owns the optimizer, the moving average and the progress, and does everything around a
 * step: counting, checkpoints, progress events, validation, keeping the best weights.
 */
import type { BucketOptions } from '../data/batches.ts'
import type { LossValue } from '../layers/loss.ts'
import { internalsOf, type Network } from '../model/network.ts'
import { EMA_REGION, ExponentialMovingAverage } from './ema.ts'
import {
  BEST_REGION,
  captureState,
  emptySums,
  freshProgress,
  restoreState,
  type Progress,
  type Resumable,
  type SavedState,
  type TrainingState,
} from './checkpoint.ts'
import { batchSizeOf, carriedSegments, type CarriedSegments } from './segments/carriedSegments.ts'
import { checkedMasks, fingerprint, type Dataset, type Sample } from './dataset.ts'
import { eachPrediction, evaluate, knowsClasses, type Evaluation } from './evaluate.ts'
import type { FitReport, KeptWeights, StepProgress, StopReason, TrainingEvent } from './events.ts'
import { divergenceError, findNonFinite } from './divergence.ts'
import { holdGradients } from './gradients/heldGradients.ts'
import { Optimizer, optimizerRegions } from './optimizer.ts'
import { TrainedParts } from './gradients/trainedParts.ts'
import { yieldToEventLoop, Interval, untilAborted } from './eventLoop.ts'
import { reserveFor } from './capacity.ts'
import { learningRateAt, plateauAfter } from './schedule.ts'
import {
  CHOICE_NAMES,
  completeOptions,
  requireData,
  requireEmbedding,
  requirePrecision,
  type TrainingChoices,
  type TrainingOptions,
} from './options.ts'
import { assertKnownOptions, type Names } from '../core/knownNames.ts'

/** When and how a run is saved. */
export interface CheckpointOptions {
  /** Interval between checkpoints in seconds; they are written at the end of a step. */
  everySeconds?: number
  /** Interval in steps (updates). Without either interval, only an abort by `signal` writes a checkpoint. */
  everySteps?: number
  /** Saves the state; training awaits it. */
  write(state: TrainingState): void | Promise<void>
}

/** Options of `fit`. All but `train` are optional. */
export interface FitOptions extends TrainingChoices {
  train: Dataset
  /** Evaluated after each epoch; the weights with the lowest loss on it are kept. */
  validation?: Dataset | null
  /** Aborts training at the end of a step, after a last checkpoint. */
  signal?: AbortSignal
  onEvent?: (event: TrainingEvent) => void
  /**
   * called after each update and awaited, so that training can be paused, stepped and looked into in
   * between; the network holds the last weights, not their average. It changes no bit as long as it writes
   * none. A signal ends the wait too.
   */
  onStep?: (progress: StepProgress) => void | Promise<void>
  checkpoint?: CheckpointOptions
  /** Resumes this run. The data and all options but `epochs` and `checkpointSteps` must be those of the run that wrote it. */
  resume?: SavedState
}

const NAMES: Names<FitOptions> = {
  ...CHOICE_NAMES,
  train: 1,
  validation: 1,
  signal: 1,
  onEvent: 1,
  onStep: 1,
  checkpoint: 1,
  resume: 1,
}
/** Names of the options of checkpoints, of networks and of models. */
export const CHECKPOINT: Names<CheckpointOptions> = { everySeconds: 1, everySteps: 1, write: 1 }

/** @throws UsageError for a name that is not an option */
function checkNames(given: FitOptions): void {
  assertKnownOptions('fit option', given, NAMES)
  if (given.checkpoint) assertKnownOptions('fit option checkpoint', given.checkpoint, CHECKPOINT)
}

const GOOD_REGION = 'good'
const GOOD_EVERY = 32
const PROGRESS_EVERY = 100

/** A run in progress. */
export class TrainingRun implements Resumable {
  readonly network: Network
  readonly train: Dataset
  readonly epochs: number
  readonly options: TrainingOptions
  readonly data: { train: string; validation: string | null }
  readonly stepsPerEpoch: number
  readonly parts: TrainedParts
  readonly optimizer: Optimizer
  readonly ema: ExponentialMovingAverage | null
  /** The states that go on from batch to batch; null unless `train` is cut into segments. */
  readonly carried: CarriedSegments | null
  readonly progress: Progress
  readonly #given: FitOptions
  readonly #validation: Dataset | null
  readonly #yield = new Interval()
  readonly #report = new Interval(PROGRESS_EVERY)
  readonly #checkpoint: Interval
  readonly #started = performance.now()
  readonly #secondsBefore: number
  readonly #stepsBefore: number
  #epochStarted: number
  #hasGood = false
  #begun = false
  /** The batch of the last step. */
  #last: Sample | null = null

  /** @throws UsageError, MemoryError, and FormatError for a state that belongs to another run */
  constructor(network: Network, given: FitOptions) {
    checkNames(given)
    this.#given = given
    this.network = network
    this.train = checkedMasks('train', given.train)
    this.#validation = given.validation ? checkedMasks('validation', given.validation) : null
    this.epochs = given.epochs ?? 10
    this.carried = carriedSegments('fit option train', network, this.train)
    this.options = completeOptions({ ...given, batchSize: batchSizeOf(given) })
    requirePrecision(this.options, network.engine.precision)
    requireData(given)
    requireEmbedding(network, this.options)
    const batches = this.train.segments?.length ?? Math.ceil(this.train.size / this.options.batchSize)
    this.stepsPerEpoch = Math.ceil(batches / this.options.accumulationSteps)
    this.#checkpoint = new Interval((given.checkpoint?.everySeconds ?? Infinity) * 1000)
    const recorded = !!(given.checkpoint || given.resume)
    this.data = {
      train: recorded ? fingerprint(this.train) : '',
      validation: recorded && this.#validation ? fingerprint(this.#validation) : null,
    }
    const { optimizer, sparseEmbeddings, frozen, ema } = this.options
    this.parts = new TrainedParts(network, frozen)
    this.optimizer = new Optimizer(network, optimizer, sparseEmbeddings, frozen)
    this.ema = ema === null ? null : new ExponentialMovingAverage(network, ema, frozen)
    internalsOf(network).prepareTraining(GOOD_REGION, ...(this.#validation ? [BEST_REGION] : []))
    if (given.checkpointSteps !== undefined) network.checkpointSteps = given.checkpointSteps
    const sets = this.#validation ? [this.train, this.#validation] : [this.train]
    reserveFor(network, sets, this.options.batchSize)
    this.progress = given.resume ? restoreState(this, given.resume) : freshProgress(this.options.learningRate)
    this.optimizer.steps = this.progress.steps
    this.ema?.follow(this.progress.history, this.stepsPerEpoch)
    this.#secondsBefore = this.progress.seconds.total
    this.#stepsBefore = this.progress.steps
    this.#epochStarted = this.#started - this.progress.seconds.epoch * 1000
  }

  /** Regions of a checkpoint besides the weights. */
  get regions(): readonly string[] {
    const regions = optimizerRegions(this.optimizer.options)
    return this.ema ? [...regions, EMA_REGION] : regions
  }

  /** Options of an epoch's batches. */
  get batching(): BucketOptions {
    const { batchSize, pool, seed } = this.options
    return { batchSize, pool, shuffle: true, key: [seed, 'shuffle', this.progress.epoch] }
  }

  get aborted(): boolean {
    return this.#given.signal?.aborted ?? false
  }

  emit(event: TrainingEvent): void {
    this.#given.onEvent?.(event)
  }

  start(): void {
    const { epoch, step } = this.progress
    this.emit({
      type: 'start',
      epochs: this.epochs,
      stepsPerEpoch: this.stepsPerEpoch,
      sequences: this.train.size,
      validationSequences: this.#validation?.size ?? 0,
      parameters: this.network.parameterCount,
      engine: this.network.engine.name,
      precision: this.network.engine.precision,
      threads: this.network.engine.threads,
      threadsNote: this.network.engine.threadsNote,
      resumed: this.#given.resume ? { epochs: epoch, step } : null,
    })
  }

  /** The learning rate of the update after `step` others. */
  rateAt(step: number): number {
    const { options, progress } = this
    return learningRateAt(
      options.schedule,
      options.learningRate,
      { epoch: progress.epoch, step },
      progress.plateau,
    )
  }

  /** @throws DivergenceError if a step's loss or gradient is not finite; the last good weights are restored */
  check(loss: number, norm: number): void {
    if (!Number.isFinite(loss)) this.#diverge('a finite loss', `${loss}`)
    if (!Number.isFinite(norm))
      this.#diverge('a finite gradient', `a gradient norm of ${norm}`, () => this.#restoreGood(true))
    if (this.#hasGood && this.progress.steps % GOOD_EVERY !== 0) return
    this.#checkWeights()
    internalsOf(this.network).store.copy(GOOD_REGION, 'weights')
    this.#hasGood = true
  }

  /** The next step's loss shows only weights that its batch uses: all are checked before they are kept or shown. */
  #checkWeights(): void {
    const broken = findNonFinite(this.network)
    if (broken) this.#diverge('finite weights', `${broken.value} in ${broken.name}`)
  }

  /** The last update has no next step that would show its loss: its own batch does, unless validation data did. */
  #checkLast(): void {
    this.#checkWeights()
    const { network } = this
    if (!this.#last || this.progress.best) return
    network.forward(this.#last.batch)
    const { mean } = network.loss(this.#last.batch, this.#last.targets, true)
    if (!Number.isFinite(mean)) this.#diverge('a finite loss', `${mean}, after the last update`)
  }

  /** Adds a batch's loss. */
  record(sample: Sample, loss: LossValue): void {
    this.#last = sample
    const { sums } = this.progress
    sums.loss += loss.mean * loss.weight
    sums.weight += loss.weight
  }

  /** Adds a batch's correct predictions, before a backward pass takes the place of the outputs. */
  countCorrect(sample: Sample): void {
    if (!knowsClasses(this.network)) return
    const { sums } = this.progress
    eachPrediction(this.network, sample, (_, actual, predicted) => {
      if (actual < 0) return
      sums.counted++
      if (actual === predicted) sums.correct++
    })
  }

  /** Counts an update. */
  count(norm: number): void {
    this.progress.sums.norm += norm
    this.progress.step++
    this.progress.steps++
  }

  /** Between the batches of an update, when due: as between steps, with the gradients so far set aside. */
  betweenBatches(): Promise<void> | null {
    const now = performance.now()
    return this.#report.due(now) || this.#yield.due(now) ? this.#restAside(now) : null
  }

  /** Other code may run the network meanwhile and use its gradients. */
  async #restAside(now: number): Promise<void> {
    const { checkpointSteps } = this.network
    const restore = holdGradients(this.network)
    try {
      await this.#rest(now)
    } finally {
      restore()
      this.network.checkpointSteps = checkpointSteps
    }
  }

  /** Emits progress and yields to the event loop, when due. */
  #rest(now: number): Promise<void> | null {
    if (this.#report.passed(now)) this.#emitProgress(now)
    return this.#yield.passed(now) ? yieldToEventLoop() : null
  }

  /** Between steps: the same, and a checkpoint when due; after the first step, awaits the threads it started. */
  betweenSteps(): Promise<void> | null {
    const now = performance.now()
    const { checkpoint } = this.#given
    const everySteps = checkpoint?.everySteps ?? Infinity
    const save = checkpoint && (this.#checkpoint.passed(now) || this.progress.steps % everySteps === 0)
    const yielded = this.#rest(now)
    return save || !this.#begun ? this.#prepareNextStep(!!save, yielded) : yielded
  }

  /** Calls `onStep` after an update and awaits it. Null without `onStep`. */
  notify(loss: number, gradientNorm: number): Promise<void> | null {
    const { onStep } = this.#given
    if (onStep) this.#checkWeights()
    return onStep ? this.#callOnStep(onStep, loss, gradientNorm) : null
  }

  async #callOnStep(
    onStep: NonNullable<FitOptions['onStep']>,
    loss: number,
    gradientNorm: number,
  ): Promise<void> {
    const { epoch, step, steps: updates } = this.progress
    const { network, epochs, stepsPerEpoch } = this
    const { checkpointSteps } = network
    const learningRate = this.rateAt(updates - 1)
    const waiting = onStep({
      epoch: epoch + 1,
      epochs,
      step,
      steps: stepsPerEpoch,
      updates,
      loss,
      gradientNorm,
      learningRate,
    })
    if (waiting) await untilAborted(waiting, this.#given.signal)
    // Inspection switches gradient checkpointing off.
    network.checkpointSteps = checkpointSteps
  }

  async #prepareNextStep(save: boolean, yielded: Promise<void> | null): Promise<void> {
    if (!this.#begun) await internalsOf(this.network).engine.ready()
    this.#begun = true
    if (save) await this.save()
    await yielded
  }

  /** Writes a checkpoint, if the caller wants checkpoints. */
  async save(): Promise<void> {
    const { checkpoint } = this.#given
    if (!checkpoint) return
    this.#checkWeights()
    const begun = performance.now()
    this.#clock(begun)
    await checkpoint.write(captureState(this, this.progress))
    const { epoch, step } = this.progress
    this.emit({ type: 'checkpoint', epoch: epoch + 1, step, seconds: (performance.now() - begun) / 1000 })
  }

  #clock(now: number): void {
    const { seconds } = this.progress
    seconds.epoch = (now - this.#epochStarted) / 1000
    seconds.total = this.#secondsBefore + (now - this.#started) / 1000
  }

  /** Validates and records the epoch; returns why to stop, or null. */
  async finishEpoch(): Promise<StopReason | null> {
    const { progress, options } = this
    this.#checkWeights()
    const before = progress.best
    let evaluation: Evaluation | null
    try {
      evaluation = await this.#validate()
    } catch (error) {
      if (this.aborted && error === this.#given.signal?.reason) return 'aborted'
      throw error
    }
    const improved = progress.best !== before
    this.#record(evaluation, improved)
    const watched = evaluation?.loss ?? progress.history[progress.epoch].trainLoss
    progress.plateau = plateauAfter(options.schedule, progress.plateau, watched)
    progress.badEpochs = improved ? 0 : progress.badEpochs + 1
    this.ema?.follow(this.progress.history, this.stepsPerEpoch)
    progress.epoch++
    progress.step = 0
    progress.sums = emptySums()
    this.#epochStarted = performance.now()
    return options.patience !== null && progress.badEpochs >= options.patience ? 'patience' : null
  }

  /** Evaluates the weights that would be kept, and saves them if they are the best so far. */
  async #validate(): Promise<Evaluation | null> {
    if (!this.#validation) return null
    const { batchSize } = this.options
    const { progress, network } = this
    this.ema?.swap()
    try {
      const evaluation = await evaluate(network, this.#validation, { batchSize, signal: this.#given.signal })
      const { loss, accuracy } = evaluation
      if (!Number.isFinite(loss)) {
        // Weights and average are swapped, and will be swapped back.
        const restored = () => {
          this.ema?.swap()
          const kept = this.#restoreGood()
          this.ema?.swap()
          return kept
        }
        this.#diverge('a finite validation loss', `${loss}`, restored)
      }
      if (loss < (progress.best?.loss ?? Infinity)) {
        internalsOf(network).store.copy(BEST_REGION, 'weights')
        progress.best = { epoch: progress.epoch + 1, loss, accuracy }
      }
      return evaluation
    } finally {
      this.ema?.swap()
    }
  }

  #record(evaluation: Evaluation | null, best: boolean): void {
    const { progress } = this
    const { sums } = progress
    this.#clock(performance.now())
    const record = {
      epoch: progress.epoch + 1,
      trainLoss: sums.weight > 0 ? sums.loss / sums.weight : 0,
      trainAccuracy: sums.counted > 0 ? sums.correct / sums.counted : null,
      validationLoss: evaluation?.loss ?? null,
      validationAccuracy: evaluation?.accuracy ?? null,
      learningRate: this.rateAt(progress.steps - 1),
      gradientNorm: sums.norm / this.stepsPerEpoch,
      seconds: progress.seconds.epoch,
    }
    progress.history.push(record)
    this.emit({ type: 'epoch', ...record, epochs: this.epochs, best })
  }

  /** Copies the weights to keep into the network and returns the report. */
  finish(stopped: StopReason): FitReport {
    const { progress, network } = this
    const kept: KeptWeights = progress.best ? 'best' : this.ema ? 'ema' : 'last'
    if (kept !== 'last')
      internalsOf(network).store.copy('weights', kept === 'best' ? BEST_REGION : EMA_REGION)
    this.#checkLast()
    this.#clock(performance.now())
    const { epoch, step, steps, best, history, seconds } = progress
    const between = step === 0 && epoch > 0
    const at = between ? { epoch, step: this.stepsPerEpoch } : { epoch: epoch + 1, step }
    this.emit({ type: 'stop', reason: stopped, ...at, kept })
    return { epochs: epoch, steps, stopped, kept, best, history, seconds: seconds.total }
  }

  #emitProgress(now: number): void {
    const { epoch, step, steps, sums } = this.progress
    const seconds = Math.max(1e-9, (now - this.#started) / 1000)
    const perSecond = (steps - this.#stepsBefore) / seconds
    if (perSecond === 0) return
    const left = this.epochs * this.stepsPerEpoch - steps
    this.emit({
      type: 'progress',
      epoch: epoch + 1,
      epochs: this.epochs,
      step,
      steps: this.stepsPerEpoch,
      loss: sums.weight > 0 ? sums.loss / sums.weight : 0,
      accuracy: sums.counted > 0 ? sums.correct / sums.counted : null,
      learningRate: this.rateAt(steps - 1),
      sequencesPerSecond: (perSecond * this.train.size) / this.stepsPerEpoch,
      secondsLeft: left / perSecond,
    })
  }

  /** Restores the weights of the best epoch, else (unless `present` ones are good) the last ones with a finite loss. */
  #restoreGood(present = false): 'best' | 'last good' {
    const { store } = internalsOf(this.network)
    if (this.progress.best) {
      store.copy('weights', BEST_REGION)
      return 'best'
    }
    if (this.#hasGood && !present) store.copy('weights', GOOD_REGION)
    return 'last good'
  }

  /** A thread was lost during a step, which may have updated some of the weights. */
  onWorkerLost(): void {
    const { epoch, step } = this.progress
    const kept = this.#restoreGood()
    this.emit({ type: 'stop', reason: 'failed', epoch: epoch + 1, step, kept })
  }

  #diverge(expected: string, got: string, restore = () => this.#restoreGood()): never {
    const { epoch, step, best } = this.progress
    const kept = restore()
    this.emit({ type: 'stop', reason: 'diverged', epoch: epoch + 1, step, kept })
    throw divergenceError({
      expected,
      got,
      epoch: epoch + 1,
      step: Math.min(step + 1, this.stepsPerEpoch),
      steps: this.stepsPerEpoch,
      best,
      options: this.options,
    })
  }
}
