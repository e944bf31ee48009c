/** Hyperparameters of a training run, and the same with every default filled in, as a checkpoint records them. */
import type { Precision } from '../engine/engine.ts'
import { internalsOf, Network } from '../model/network.ts'
import { describeTyped, requirePositiveInteger } from '../core/typedValues.ts'
import { UsageError } from '../core/errors.ts'
import type { Names } from '../core/knownNames.ts'
import { NON_MONOTONE_EPOCHS, type Averaging } from './ema.ts'
import type { ClipOptions } from './gradients/clip.ts'
import type { Dataset } from './dataset.ts'
import { requireNames } from './gradients/trainedParts.ts'
import {
  completeOptimizer,
  DEFAULT_LEARNING_RATES,
  type CompleteOptimizer,
  type OptimizerOptions,
} from './optimizer.ts'
import {
  completeSchedule,
  requireMinimumBelow,
  type CompleteSchedule,
  type ScheduleOptions,
} from './schedule.ts'

/** Hyperparameters of a training run. */
export interface TrainingChoices extends ClipOptions {
  /** Maximum number of epochs. Default 10. */
  epochs?: number
  /** Sequences per batch. Default 32. */
  batchSize?: number
  /**
   * Gradient accumulation: number of batches per optimizer step. The effective batch is `accumulationSteps` times
   * `batchSize`, in the memory of one batch. Steps, schedules and checkpoints count updates. Default 1.
   */
  accumulationSteps?: number
  /** Batches per bucketing pool; rows are sorted by length within a pool, to reduce padding. Default 20. */
  pool?: number
  /** Default `{ type: 'adam' }`. */
  optimizer?: OptimizerOptions
  /**
   * Update only the rows of an embedding that the batch used, as PyTorch's SparseAdam does: faster for a large
   * vocabulary, with different results (see `Optimizer`). Default false.
   */
  sparseEmbeddings?: boolean
  /**
   * Names of layers (`embedding.0`; `recurrent`: all of them) or parameters whose weights do not change (PyTorch
   * `requires_grad = False`, Keras `trainable = False`). Gradient norms leave them out. Default none.
   */
  frozen?: readonly string[]
  /**
   * Epochs for which `frozen` holds; then all weights are trained, so that new layers do not disturb those below
   * them while they are still random. null: all epochs. Default null.
   */
  frozenEpochs?: number | null
  /** Default: see DEFAULT_LEARNING_RATES. */
  learningRate?: number
  /** Default `{ type: 'constant' }`. */
  schedule?: ScheduleOptions
  /**
   * Decay of the weights' exponential moving average, for example 0.99; `ntAsgd`: once the validation loss is above the lowest
   * of the epochs more than five before, the mean of all weights from there on (Merity et al. 2018); null: no average.
   * Default null.
   */
  ema?: Averaging | null
  /** Early stopping: epochs in a row without a lower validation loss; null: never. Default null. */
  patience?: number | null
  /** Seed of the order and of dropout; initial weights have their own seed. Default 1. */
  seed?: number
  /**
   * Gradient checkpointing: number of timesteps whose activations are kept; earlier ones are recomputed during the
   * backward pass. Saves memory for long sequences, takes about a third more time, and gives the same bits.
   * null: keep all. Default null.
   */
  checkpointSteps?: number | null
}

/** Names of all hyperparameters. */
export const CHOICE_NAMES: Names<TrainingChoices> = {
  epochs: 1,
  batchSize: 1,
  accumulationSteps: 1,
  pool: 1,
  optimizer: 1,
  sparseEmbeddings: 1,
  frozen: 1,
  frozenEpochs: 1,
  learningRate: 1,
  schedule: 1,
  clipNorm: 1,
  clipValue: 1,
  ema: 1,
  patience: 1,
  seed: 1,
  checkpointSteps: 1,
}

/** Every hyperparameter that affects the result, with defaults filled in, in a fixed order. Plain JSON. */
export interface TrainingOptions {
  batchSize: number
  accumulationSteps: number
  pool: number
  optimizer: CompleteOptimizer
  sparseEmbeddings: boolean
  /** Sorted, each once. */
  frozen: readonly string[]
  /** Absent: all epochs, as in checkpoints of runs before there was a number. */
  frozenEpochs?: number
  learningRate: number
  schedule: CompleteSchedule
  clipNorm: number | null
  clipValue: number | null
  ema: Averaging | null
  patience: number | null
  seed: number
}

/** Fills in the defaults. @throws UsageError naming the option that does not fit. */
export function completeOptions(options: TrainingChoices): TrainingOptions {
  const { batchSize = 32, pool = 20, seed = 1, clipNorm = null, clipValue = null } = options
  const { accumulationSteps = 1, sparseEmbeddings = false, frozen = [], checkpointSteps = null } = options
  const { frozenEpochs = null } = options
  const { ema = null, patience = null, schedule = { type: 'constant' }, epochs = 10 } = options
  const optimizer = completeOptimizer(options.optimizer ?? { type: 'adam' })
  const { learningRate = DEFAULT_LEARNING_RATES[optimizer.type] } = options
  requirePositiveInteger('epochs', epochs)
  requirePositiveInteger('batchSize', batchSize)
  requirePositiveInteger('accumulationSteps', accumulationSteps)
  requirePositiveInteger('pool', pool)
  if (checkpointSteps !== null) requirePositiveInteger('checkpointSteps', checkpointSteps)
  assertOption('sparseEmbeddings', sparseEmbeddings, typeof sparseEmbeddings === 'boolean', 'true or false')
  requireNames(frozen)
  if (frozenEpochs !== null) {
    requirePositiveInteger('frozenEpochs', frozenEpochs)
    if (frozen.length === 0) throwNothingFrozen(frozenEpochs)
  }
  assertOption('learningRate', learningRate, learningRate > 0 && learningRate < Infinity, 'a number above 0')
  assertOption('clipNorm', clipNorm, clipNorm === null || clipNorm > 0, 'a number above 0, or null')
  assertOption('clipValue', clipValue, clipValue === null || clipValue > 0, 'a number above 0, or null')
  const decays = typeof ema === 'number' && ema > 0 && ema < 1
  const expected = 'a decay above 0 and below 1, ntAsgd, or null'
  assertOption('ema', ema, ema === null || ema === 'ntAsgd' || decays, expected)
  assertOption('seed', seed, Number.isSafeInteger(seed), 'a whole number')
  if (patience !== null) requirePositiveInteger('patience', patience)
  const waits = ema !== 'ntAsgd' || patience === null || patience > NON_MONOTONE_EPOCHS
  assertOption(
    'patience',
    patience,
    waits,
    `more than ${NON_MONOTONE_EPOCHS} epochs or null, as the mean of ntAsgd begins after them`,
  )
  const complete = completeSchedule(schedule)
  requireMinimumBelow(complete, learningRate)
  return {
    batchSize,
    accumulationSteps,
    pool,
    optimizer,
    sparseEmbeddings,
    frozen: [...new Set(frozen)].sort(),
    ...(frozenEpochs === null ? {} : { frozenEpochs }),
    learningRate,
    schedule: complete,
    clipNorm,
    clipValue,
    ema,
    patience,
    seed,
  }
}

/** An option without effect is a mistake. @throws UsageError */
function throwNothingFrozen(frozenEpochs: number): never {
  throw new UsageError({
    where: 'fit option frozenEpochs',
    expected: 'null for a run without frozen layers',
    got: String(frozenEpochs),
    fix: { option: 'frozen', value: ['embedding.0'], to: 'name the layers that are frozen' },
  })
}

/**
 * Kernels take rates as numbers of the engine's precision: 1e300 would be infinite, 1e-50 zero.
 * @throws UsageError for a rate or a number of the optimizer that float32 cannot hold
 */
export function requirePrecision({ learningRate, optimizer }: TrainingOptions, precision: Precision): void {
  if (precision === 'float64') return
  const [least, most] = ['1.4e-45', '3.4e+38']
  const rate = Math.fround(learningRate)
  if (!(rate > 0 && rate < Infinity)) {
    const value = DEFAULT_LEARNING_RATES[optimizer.type]
    throw new UsageError({
      where: 'fit option learningRate',
      expected: `a number that float32 can hold, from ${least} to ${most}`,
      got: String(learningRate),
      fix: [{ option: 'learningRate', value, to: `train at the default rate of ${optimizer.type}` }],
    })
  }
  for (const [name, value] of Object.entries(optimizer)) {
    const fits = typeof value !== 'number' || Number.isFinite(Math.fround(value))
    assertOption(`optimizer.${name}`, value, fits, `a number that float32 can hold, at most ${most}`)
  }
}

/** @throws UsageError unless the option fits. */
export function assertOption(where: string, value: unknown, fits: boolean, expected: string): void {
  if (!fits) throw new UsageError({ where: `fit option ${where}`, expected, got: String(value) })
}

/** @throws UsageError unless it is a network */
export function assertNetwork(where: string, network: unknown): asserts network is Network {
  if (network instanceof Network) return
  throw new UsageError({
    where,
    expected: 'a network, as `network([…])` makes it',
    got: describeTyped(network),
  })
}

/** An option without effect is a mistake. @throws UsageError */
export function requireEmbedding(network: Network, { sparseEmbeddings }: TrainingOptions): void {
  if (!sparseEmbeddings || internalsOf(network).regions.hasTables) return
  const isTied = internalsOf(network).layers[0].type === 'embedding'
  const what = isTied
    ? 'a tied embedding, of which every batch uses all rows'
    : 'a network without an embedding'
  assertOption('sparseEmbeddings', sparseEmbeddings, false, `false for ${what}`)
}

/** The data of a run. @throws UsageError for none, and for options that need validation data */
export function requireData({
  train,
  validation,
  patience,
  onStep,
  ema,
}: TrainingChoices & { train: Dataset; validation?: Dataset | null; onStep?: unknown }): void {
  assertOption('train', `${train.size} sequences`, train.size > 0, 'at least one sequence')
  assertOption(
    'validation',
    '0 sequences',
    !validation || validation.size > 0,
    'at least one sequence, or no `validation`',
  )
  assertOption('onStep', typeof onStep, onStep === undefined || typeof onStep === 'function', 'a function')
  assertOption('patience', 'no validation data', !patience || !!validation, '`validation` data to monitor')
  assertOption('ema', 'no validation data', ema !== 'ntAsgd' || !!validation, '`validation` data for ntAsgd')
}
