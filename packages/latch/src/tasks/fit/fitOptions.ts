/** The options of `fit` of every model, their defaults and their validation: JavaScript callers may pass any name and value. */
import { UsageError } from '../../core/errors.ts'
import { describeTyped } from '../../core/typedValues.ts'
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
import { assertKnownOptions, type Names } from '../../core/knownNames.ts'
import type { ColumnOptions, GivenColumns } from '../columns.ts'
import type { Averaging } from '../../training/ema.ts'
import type { CountsReport } from '../counts/report.ts'
import type { VectorsReport } from '../vectors/report.ts'
import type { ClassWeights } from './classLoss.ts'
import { CHECKPOINT } from '../../training/run.ts'

/** Options of `fit` of every model. All are optional. */
export interface FitOptions<Example extends object = object> {
  /** Fraction of the examples held out (stratified by class), or separate examples. 0: none. Default 0.1. */
  validation?: number | readonly Example[]
  /** Maximum number of epochs. Default 30. */
  epochs?: number
  /** Sequences per batch. Default 32. */
  batchSize?: number
  /** Gradient accumulation: number of batches per optimizer step. Steps count optimizer steps. Default 1. */
  accumulationSteps?: number
  /**
   * Gradient checkpointing: steps of a sequence whose activations are kept at once; older ones are computed again on
   * the backward pass. For sequences too long for memory; takes about a third more time and changes no bit. null: all.
   * Default null.
   */
  checkpointSteps?: number | null
  /** Default: that of the optimizer; for a text classifier 0.002, with a simple RNN 0.001, unless `adadelta` or `lion` is named. */
  learningRate?: number
  /** Default `adamw` with weight decay 0.01. */
  optimizer?: OptimizerOptions['type'] | OptimizerOptions
  /**
   * Update only embeddings of tokens in the batch, as PyTorch's SparseAdam does: faster for a large vocabulary, with
   * different results. Default false.
   */
  sparseEmbeddings?: boolean
  /**
   * Names of layers (`embedding.0`) or parameters whose weights do not change, to fine-tune the rest of a trained or
   * imported model; `summary()` lists the layers. Default none.
   */
  frozen?: readonly string[]
  /**
   * Epochs for which `frozen` holds; then all weights are trained, so that new layers do not disturb those below
   * them while they are still random. null: all epochs. Default null.
   */
  frozenEpochs?: number | null
  /** Default constant. */
  schedule?: ScheduleOptions
  /** Maximum global norm of the gradient; null: no limit. Default 1. */
  clipNorm?: number | null
  /** Maximum absolute value of each gradient element; null: no limit. Default null. */
  clipValue?: number | null
  /** `balanced`: inversely proportional to class frequencies; or a weight by label. Classification only. Default all 1. */
  classWeights?: ClassWeights
  /** Classification only. Default 0; for a text classifier 0.1. */
  labelSmoothing?: number
  /**
   * Decay of the exponential moving average of the weights; `ntAsgd`: once the validation loss is above the lowest of the epochs
   * more than five before, the mean of all weights from there on (Merity et al. 2018); null: no average. Default 0.99.
   */
  ema?: Averaging | null
  /** Early stopping: epochs without a lower validation loss before training stops; null: never. Default 5; with `ntAsgd` null. */
  patience?: number | null
  /**
   * On a trained text classifier: adds the tokens of these rows to its vocabulary, with new rows in its input weights.
   * The model then has a new network; open streams and references keep the previous one. Default false.
   */
  extendVocabulary?: boolean
  /** Seed of initial weights, split, order and dropout. Default 1. */
  seed?: number
  /** Stops training after the current step, with a last checkpoint. */
  signal?: AbortSignal
  onEvent?: (event: ModelFitEvent) => void
  /**
   * Called after each optimizer step and awaited: training can be paused, stepped, and the model inspected in between
   * (`model.trace` and all of `latch/inspection`). The result does not change by a bit. `signal` ends the wait too.
   */
  onStep?: (progress: StepProgress) => void | Promise<void>
  /** Writes checkpoints, from which training resumes exactly. */
  checkpoint?: {
    everySeconds?: number
    everySteps?: number
    write(bytes: Uint8Array): void | Promise<void>
  }
  /** The bytes of a checkpoint: training resumes from it with the same examples. */
  resume?: Uint8Array
}

/** What is known about a run before its first step. */
export interface RunFacts {
  parameters: number
  /** Number of tokens in the vocabulary; null without one. */
  vocabulary: number | null
  labels: string[]
  trainSize: number
  validationSize: number
  /** What the pretrained vectors cover; null without them, and where training goes on with weights that it had. */
  vectors: VectorsReport | null
  /** What was inferred, omitted or truncated, each a sentence. */
  warnings: string[]
}

/** The argument of `onEvent`, discriminated by `type`. All plain JSON. */
export type ModelFitEvent = (StartEvent & RunFacts) | ProgressEvent | EpochEvent | CheckpointEvent | StopEvent

/** What `fit` returns. */
export interface ModelFitReport extends FitReport, RunFacts {
  /**
   * Indices of the examples that were trained on and of those held out for validation, without omitted examples.
   * `validation` is empty without validation, or if it has separate examples.
   */
  split: { train: number[]; validation: number[] }
  /**
   * What counting words contributes; null for a model without counts, and for fewer than 20 validation rows, which
   * cannot weigh them. `best` and `history` are of the network alone.
   */
  counts: CountsReport | null
}

const NAMES: Names<FitOptions> = {
  validation: 1,
  epochs: 1,
  batchSize: 1,
  accumulationSteps: 1,
  checkpointSteps: 1,
  sparseEmbeddings: 1,
  frozen: 1,
  frozenEpochs: 1,
  learningRate: 1,
  optimizer: 1,
  schedule: 1,
  clipNorm: 1,
  clipValue: 1,
  classWeights: 1,
  labelSmoothing: 1,
  ema: 1,
  patience: 1,
  extendVocabulary: 1,
  seed: 1,
  signal: 1,
  onEvent: 1,
  onStep: 1,
  checkpoint: 1,
  resume: 1,
}

/** The column names among options. */
export function readColumns(options: object, { input, target }: ColumnOptions): GivenColumns {
  const named = options as Record<string, string | undefined>
  const given: unknown = named[input]
  return { ...(Array.isArray(given) ? { texts: given } : { input: named[input] }), target: named[target] }
}

/** The options that name the columns, for the check of option names. */
export function columnNames({ input, target }: ColumnOptions): Record<string, 1> {
  return { [input]: 1, [target]: 1 }
}

/** The column names among options that have no others. @throws UsageError naming the option */
export function namedColumns(
  where: string,
  options: object,
  columns: ColumnOptions & { required: boolean },
): GivenColumns {
  assertKnownOptions(`${where} option`, options, columnNames(columns))
  checkColumns(where, options, columns)
  return readColumns(options, columns)
}

/** Checks the options that training itself does not check. @throws UsageError naming the option */
export function checkFitOptions(options: FitOptions, columns: ColumnOptions & { required: boolean }): void {
  assertKnownOptions('fit option', options, { ...columnNames(columns), ...NAMES })
  checkColumns('fit', options, columns)
  const { validation, optimizer, schedule, checkpoint, onEvent, onStep, extendVocabulary } = options
  if (optimizer !== undefined) checkOptimizer(optimizer)
  if (schedule !== undefined) {
    if (!isObject(schedule)) throwInvalid('schedule', 'an object with a type', schedule)
    completeSchedule(schedule)
  }
  if (validation !== undefined && typeof validation !== 'number' && !Array.isArray(validation))
    throwInvalid('validation', 'a fraction of the rows, or an array of rows', validation)
  if (extendVocabulary !== undefined && typeof extendVocabulary !== 'boolean')
    throwInvalid('extendVocabulary', 'true or false', extendVocabulary)
  if (onEvent !== undefined && typeof onEvent !== 'function') throwInvalid('onEvent', 'a function', onEvent)
  if (onStep !== undefined && typeof onStep !== 'function') throwInvalid('onStep', 'a function', onStep)
  if (checkpoint !== undefined) checkCheckpoint(checkpoint)
}

/** @throws UsageError for a required column without a name, or a name that is not a string */
export function checkColumns(
  where: string,
  options: object,
  columns: ColumnOptions & { required: boolean },
): void {
  for (const part of ['input', 'target'] as const) {
    const name = columns[part]
    const value = (options as Record<string, unknown>)[name]
    if (value === undefined && !columns.required) continue
    if (name === 'texts') {
      checkPair(where, value)
      continue
    }
    if (typeof value === 'string') continue
    const isText = name === 'text'
    if (isText && Array.isArray(value) && value.length > 0 && value.every((one) => typeof one === 'string'))
      continue
    const expected = `the name of the column with the ${name}${isText ? ', or a list of names' : ''}`
    throw new UsageError({ where: `${where} option ${name}`, expected, got: describe(value) })
  }
}

function checkPair(where: string, value: unknown): void {
  const isPair = Array.isArray(value) && value.length === 2 && value.every((one) => typeof one === 'string')
  if (isPair && value[0] !== value[1]) return
  throw new UsageError({
    where: `${where} option texts`,
    expected: 'a list of two different column names, those of the texts',
    got: isPair ? `${describe(value[0])} twice` : describe(value),
  })
}

/** Checks the options of the optimizer against those of its type. */
function checkOptimizer(optimizer: OptimizerOptions['type'] | OptimizerOptions): void {
  if (typeof optimizer === 'string') return
  if (!isObject(optimizer)) throwInvalid('optimizer', 'a name, or an object with a type', optimizer)
  completeOptimizer(optimizer)
}

function checkCheckpoint(checkpoint: NonNullable<FitOptions['checkpoint']>): void {
  assertKnownOptions('fit option checkpoint', checkpoint, CHECKPOINT)
  const { everySeconds, everySteps, write } = checkpoint
  if (typeof write !== 'function') throwInvalid('checkpoint.write', 'a function', write)
  if (everySeconds !== undefined && !(typeof everySeconds === 'number' && everySeconds > 0))
    throwInvalid('checkpoint.everySeconds', 'a number above 0', everySeconds)
  if (everySteps !== undefined && !(Number.isSafeInteger(everySteps) && everySteps > 0))
    throwInvalid('checkpoint.everySteps', 'a whole number above 0', everySteps)
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null
}

function throwInvalid(name: string, expected: string, got: unknown): never {
  throw new UsageError({ where: `fit option ${name}`, expected, got: describeTyped(got) })
}

/** Optimizers whose rates are of another size than those of the rest. */
const OWN_RATES: readonly OptimizerOptions['type'][] = ['adadelta', 'lion']

/** The optimizer by its options, where it was named too. */
export function chosenOptimizer({ optimizer = 'adamw' }: FitOptions): OptimizerOptions {
  return typeof optimizer === 'string' ? { type: optimizer } : optimizer
}

/** The training options with the defaults of models; `defaults` are those of the task. */
export function resolveTraining(
  options: FitOptions,
  defaults: Partial<FitOptions>,
  validated: boolean,
): TrainingChoices {
  const all = { ...defaults, ...withoutUndefined(options) }
  // The mean of ntAsgd begins where five epochs got no better.
  const { ema = 0.99, checkpointSteps = null } = all
  const { patience = ema === 'ntAsgd' ? null : 5 } = all
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
    ema,
    learningRate,
    schedule: all.schedule,
    clipValue: all.clipValue,
    seed: all.seed,
    accumulationSteps: all.accumulationSteps,
    sparseEmbeddings: all.sparseEmbeddings,
    frozen: all.frozen,
    frozenEpochs: all.frozenEpochs,
  }
}

function withoutUndefined<T extends object>(options: T): T {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as T
}

/** The options that a checkpoint stores: no examples, no functions, and only options that affect the result. */
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
