/** The options of `fit` of every model, their defaults and their check: callers without types may pass any name and value. */
import { UsageError } from '../../core/errors.ts'
import { describe } from '../../core/validation.ts'
import type {
  CheckpointEvent,
  EpochEvent,
  FitReport,
  ProgressEvent,
  StartEvent,
  StepProgress,
  StopEvent,
} from '../../training/events.ts'
import type { TrainingChoices } from '../../training/options.ts'
import { completeOptimizer, DEFAULT_LEARNING_RATES, type OptimizerOptions } from '../../training/optimizer.ts'
import { completeSchedule, type ScheduleOptions } from '../../training/schedule.ts'
import { refuseUnknown, type Names } from '../knownNames.ts'
import type { ColumnOptions } from '../columns.ts'
import type { ClassWeights } from './classLoss.ts'

/** Options of `fit` of every model. All are optional. */
export interface FitOptions<Example extends object = object> {
  /** Fraction of the examples held out (by class), or examples of their own. 0: none. Default 0.1. */
  validation?: number | readonly Example[]
  /** At most. Default 30. */
  epochs?: number
  /** Sequences per batch. Default 32. */
  batchSize?: number
  /** Gradient accumulation: number of batches per optimizer step. Steps count optimizer steps. Default 1. */
  accumulationSteps?: number
  /**
   * Gradient checkpointing: steps of a sequence whose activations are kept at once; older ones are computed again on
   * the way back. For sequences too long for memory; costs about a third more time and changes no bit. null: all.
   * Default null.
   */
  checkpointSteps?: number | null
  /** Default: by optimizer; of a text classifier 0.002, for a simple RNN 0.001, unless `adadelta` or `lion` is named. */
  learningRate?: number
  /** Default `adamw` with weight decay 0.01. */
  optimizer?: OptimizerOptions['type'] | OptimizerOptions
  /**
   * Update only embeddings of tokens in the batch, as PyTorch's SparseAdam does: faster for a large vocabulary, with
   * different results. Default false.
   */
  sparseEmbeddings?: boolean
  /** Default constant. */
  schedule?: ScheduleOptions
  /** Greatest global norm of a gradient; null: none. Default 1. */
  clipNorm?: number | null
  /** Greatest absolute value of a gradient's element; null: none. Default null. */
  clipValue?: number | null
  /** `balanced`: inversely to how often each class occurs; or a weight by label. Only for classes. Default all 1. */
  classWeights?: ClassWeights
  /** Only for classes. Default 0; of a text classifier 0.1. */
  labelSmoothing?: number
  /** Decay of the weights' exponential moving average; null: no average. Default 0.99. */
  ema?: number | null
  /** Epochs in a row without a lower validation loss before training stops; null: never. Default 5. */
  patience?: number | null
  /** Initial weights, split, order, dropout. Default 1. */
  seed?: number
  /** Stops at a step's end, after a last checkpoint. */
  signal?: AbortSignal
  onEvent?: (event: ModelFitEvent) => void
  /**
   * Called after each optimizer step and awaited: training can be paused, stepped, and the model inspected in between
   * (`model.trace` and all of `latch/inspection`). It changes no bit. A signal ends the wait too.
   */
  onStep?: (progress: StepProgress) => void | Promise<void>
  /** Saves what is needed to resume exactly. */
  checkpoint?: {
    everySeconds?: number
    everySteps?: number
    write(bytes: Uint8Array): void | Promise<void>
  }
  /** A checkpoint's bytes: resumes from there with the same examples. */
  resume?: Uint8Array
}

/** What is known of a run before its first step. */
export interface RunFacts {
  parameters: number
  /** Entries of the vocabulary; null where there is none. */
  vocabulary: number | null
  labels: string[]
  trainSize: number
  validationSize: number
  /** What was inferred, left out or cut, each a sentence. */
  warnings: string[]
}

/** What `onEvent` is called with; `type` tells which. All plain JSON. */
export type ModelFitEvent = (StartEvent & RunFacts) | ProgressEvent | EpochEvent | CheckpointEvent | StopEvent

/** What `fit` returns. */
export interface ModelFitReport extends FitReport, RunFacts {
  /**
   * Numbers, from 0, of the given examples that were trained on and of those held out for validation; without those
   * that were left out. `validation` is empty where there was none, or where it has examples of its own.
   */
  split: { train: number[]; validation: number[] }
}

const NAMES: Names<FitOptions> = {
  validation: 1,
  epochs: 1,
  batchSize: 1,
  accumulationSteps: 1,
  checkpointSteps: 1,
  sparseEmbeddings: 1,
  learningRate: 1,
  optimizer: 1,
  schedule: 1,
  clipNorm: 1,
  clipValue: 1,
  classWeights: 1,
  labelSmoothing: 1,
  ema: 1,
  patience: 1,
  seed: 1,
  signal: 1,
  onEvent: 1,
  onStep: 1,
  checkpoint: 1,
  resume: 1,
}
const CHECKPOINT: Names<NonNullable<FitOptions['checkpoint']>> = {
  everySeconds: 1,
  everySteps: 1,
  write: 1,
}

/** The column names among options. */
export function readColumns(
  options: object,
  { input, target }: ColumnOptions,
): { input?: string; target?: string } {
  const named = options as Record<string, string | undefined>
  return { input: named[input], target: named[target] }
}

/** Names of the columns' options, for checks of names. */
export function columnNames({ input, target }: ColumnOptions): Record<string, 1> {
  return { [input]: 1, [target]: 1 }
}

/** Checks what training itself does not check. @throws UsageError naming the option */
export function checkFitOptions(options: FitOptions, columns: ColumnOptions & { required: boolean }): void {
  refuseUnknown('fit option', options, { ...columnNames(columns), ...NAMES })
  checkColumns('fit', options, columns)
  const { validation, optimizer, schedule, checkpoint, onEvent, onStep } = options
  if (optimizer !== undefined) checkOptimizer(optimizer)
  if (schedule !== undefined) {
    if (!isObject(schedule)) refuse('schedule', 'an object with a type', schedule)
    refuseUnknown('fit option schedule', schedule, completeSchedule(schedule))
  }
  if (validation !== undefined && typeof validation !== 'number' && !Array.isArray(validation))
    refuse('validation', 'a fraction of the rows, or an array of rows', validation)
  if (onEvent !== undefined && typeof onEvent !== 'function') refuse('onEvent', 'a function', onEvent)
  if (onStep !== undefined && typeof onStep !== 'function') refuse('onStep', 'a function', onStep)
  if (checkpoint !== undefined) checkCheckpoint(checkpoint)
}

/** @throws UsageError unless columns that have no default are named, and all that are named are names */
export function checkColumns(
  where: string,
  options: object,
  columns: ColumnOptions & { required: boolean },
): void {
  for (const part of ['input', 'target'] as const) {
    const name = columns[part]
    const value = (options as Record<string, unknown>)[name]
    if (typeof value === 'string' || (value === undefined && !columns.required)) continue
    const expected = `the name of the column with the ${name}`
    throw new UsageError({ where: `${where} option ${name}`, expected, got: describe(value) })
  }
}

/** The options of an optimizer of this type are those it has when complete. */
function checkOptimizer(optimizer: OptimizerOptions['type'] | OptimizerOptions): void {
  if (typeof optimizer === 'string') return
  if (!isObject(optimizer)) refuse('optimizer', 'a name, or an object with a type', optimizer)
  const known = completeOptimizer(optimizer)
  refuseUnknown(`fit option optimizer (${known.type})`, optimizer, known)
}

function checkCheckpoint(checkpoint: NonNullable<FitOptions['checkpoint']>): void {
  refuseUnknown('fit option checkpoint', checkpoint, CHECKPOINT)
  const { everySeconds, everySteps, write } = checkpoint
  if (typeof write !== 'function') refuse('checkpoint.write', 'a function', write)
  if (everySeconds !== undefined && !(typeof everySeconds === 'number' && everySeconds > 0))
    refuse('checkpoint.everySeconds', 'a number above 0', everySeconds)
  if (everySteps !== undefined && !(Number.isSafeInteger(everySteps) && everySteps > 0))
    refuse('checkpoint.everySteps', 'a whole number above 0', everySteps)
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null
}

function refuse(name: string, expected: string, got: unknown): never {
  throw new UsageError({ where: `fit option ${name}`, expected, got: describe(got) })
}

/** Optimizers whose rates are of another size than those of the rest. */
const OWN_RATES: readonly OptimizerOptions['type'][] = ['adadelta', 'lion']

/** The optimizer by its options, where it was named too. */
export function chosenOptimizer({ optimizer = 'adamw' }: FitOptions): OptimizerOptions {
  return typeof optimizer === 'string' ? { type: optimizer } : optimizer
}

/** The options of training, with the defaults of models; `defaults` are the task's own. */
export function resolveTraining(
  options: FitOptions,
  defaults: Partial<FitOptions>,
  validated: boolean,
): TrainingChoices {
  const all = { ...defaults, ...withoutUndefined(options) }
  const { patience = 5, checkpointSteps = null } = all
  const optimizer = chosenOptimizer(all)
  // A task's own rate is of the size that most optimizers take.
  const isOwn = OWN_RATES.includes(optimizer.type)
  const { learningRate = DEFAULT_LEARNING_RATES[optimizer.type] } = isOwn ? options : all
  return {
    optimizer,
    checkpointSteps,
    patience: validated ? patience : null,
    epochs: all.epochs ?? 30,
    batchSize: all.batchSize ?? 32,
    clipNorm: all.clipNorm === undefined ? 1 : all.clipNorm,
    ema: all.ema === undefined ? 0.99 : all.ema,
    learningRate,
    schedule: all.schedule,
    clipValue: all.clipValue,
    seed: all.seed,
    accumulationSteps: all.accumulationSteps,
    sparseEmbeddings: all.sparseEmbeddings,
  }
}

function withoutUndefined<T extends object>(options: T): T {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as T
}

/** The options that a checkpoint can keep: no examples, no functions, nothing that changes no bit. */
export function plainOptions(options: FitOptions): object {
  const {
    signal: _signal,
    onEvent: _onEvent,
    onStep: _onStep,
    checkpoint: _checkpoint,
    resume: _resume,
    checkpointSteps: _checkpointSteps,
    validation,
    ...rest
  } = options
  return typeof validation === 'number' ? { ...rest, validation } : rest
}
