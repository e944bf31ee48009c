/** The options of a classifier's `fit`, and their check: callers without types may give any name and form. */
import { UsageError } from '../../core/errors.ts'
import { describe } from '../../core/validation.ts'
import type { StepProgress } from '../../training/events.ts'
import { completeOptimizer, type OptimizerOptions } from '../../training/optimizer.ts'
import { completeSchedule, type ScheduleOptions } from '../../training/schedule.ts'
import type { ClassifierEvent } from './events.ts'
import type { ClassWeights } from './classLoss.ts'
import { refuseNoColumns, refuseUnknown, type Names } from '../knownNames.ts'

/** What `fit` can be told. Only the columns have no default. */
export interface ClassifierFitOptions<Row extends object = Record<string, unknown>> {
  /** Name of the column with the text. */
  text: keyof Row & string
  /** Name of the column with the label. */
  label: keyof Row & string
  /** Share of the rows put aside (by class), or rows of their own. 0: none. Default 0.1. */
  validation?: number | readonly Row[]
  /** At most. Default 30. */
  epochs?: number
  /** Texts a batch. Default 32. */
  batchSize?: number
  /**
   * Gradient accumulation: number of batches per optimizer step. The effective batch is `accumulationSteps` times
   * `batchSize`, in the memory of one batch. Steps count updates. Default 1.
   */
  accumulationSteps?: number
  /**
   * Gradient checkpointing: number of timesteps whose activations are kept; earlier ones are recomputed during the
   * backward pass. Saves memory for long texts, takes about a third more time, and gives the same bits. null: keep
   * all. Default null.
   */
  checkpointSteps?: number | null
  /** Default 0.002; for a simple RNN 0.001. */
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
  /** `balanced`: inversely to how often each class occurs. Default all 1. */
  classWeights?: ClassWeights
  /** Default 0.1. */
  labelSmoothing?: number
  /** Decay of the weights' exponential moving average; null: no average. Default 0.99. */
  ema?: number | null
  /** Epochs in a row without a lower validation loss before training stops; null: never. Default 5. */
  patience?: number | null
  /** Initial weights, split, order, dropout. Default 1. */
  seed?: number
  /** Stops at a step's end, after a last checkpoint. */
  signal?: AbortSignal
  onEvent?: (event: ClassifierEvent) => void
  /**
   * called after each update and awaited: training can be paused, stepped, and the model looked into in
   * between (`model.trace` and all of `latch/inspection`). It changes no bit. A signal ends the wait too.
   */
  onStep?: (progress: StepProgress) => void | Promise<void>
  /** Keeps what is needed to go on exactly. */
  checkpoint?: {
    everySeconds?: number
    everySteps?: number
    write(bytes: Uint8Array): void | Promise<void>
  }
  /** A checkpoint's bytes: goes on from there with the same rows. */
  resume?: Uint8Array
}

const NAMES: Names<ClassifierFitOptions> = {
  text: 1,
  label: 1,
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
const CHECKPOINT: Names<NonNullable<ClassifierFitOptions['checkpoint']>> = {
  everySeconds: 1,
  everySteps: 1,
  write: 1,
}

/** What of the options training itself does not check. @throws UsageError naming the option */
export function checkFitOptions(options: ClassifierFitOptions): void {
  refuseUnknown('fit option', options, NAMES)
  refuseNoColumns('fit', options)
  const { validation, optimizer, schedule, checkpoint, onEvent, onStep } = options
  if (optimizer !== undefined) checkOptimizer(optimizer)
  if (schedule !== undefined) {
    if (!isObject(schedule)) refuse('schedule', 'an object with a type', schedule)
    refuseUnknown('fit option schedule', schedule, completeSchedule(schedule))
  }
  if (validation !== undefined && typeof validation !== 'number' && !Array.isArray(validation))
    refuse('validation', 'a share of the rows, or an array of rows', validation)
  if (onEvent !== undefined && typeof onEvent !== 'function') refuse('onEvent', 'a function', onEvent)
  if (onStep !== undefined && typeof onStep !== 'function') refuse('onStep', 'a function', onStep)
  if (checkpoint !== undefined) checkCheckpoint(checkpoint)
}

/** What an optimizer of this type can be told is what it has when complete. */
function checkOptimizer(optimizer: OptimizerOptions['type'] | OptimizerOptions): void {
  if (typeof optimizer === 'string') return
  if (!isObject(optimizer)) refuse('optimizer', 'a name, or an object with a type', optimizer)
  const known = completeOptimizer(optimizer)
  refuseUnknown(`fit option optimizer (${known.type})`, optimizer, known)
}

function checkCheckpoint(checkpoint: NonNullable<ClassifierFitOptions['checkpoint']>): void {
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
