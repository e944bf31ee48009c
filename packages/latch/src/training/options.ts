/**
 * The choices that decide a training run's bits, and the same with every default filled in, as a
 * checkpoint records them.
 */
import { requirePositiveInteger } from '../core/validation.ts'
import { UsageError } from '../core/errors.ts'
import type { ClipOptions } from './clip.ts'
import {
  completeOptimizer,
  DEFAULT_LEARNING_RATES,
  type CompleteOptimizer,
  type EmbeddingUpdates,
  type OptimizerOptions,
} from './optimizer.ts'
import {
  completeSchedule,
  requireMinimumBelow,
  type CompleteSchedule,
  type ScheduleOptions,
} from './schedule.ts'

/** The choices of a run, apart from its data. */
export interface TrainingChoices extends ClipOptions {
  /** At most. Default 10. */
  epochs?: number
  /** Sequences a batch. Default 32. */
  batchSize?: number
  /**
   * Batches an update: gradients are added up, so that an update's gradient is that of one batch so many
   * times as large, in the memory of one. Steps, schedules and checkpoints count updates. Default 1.
   */
  accumulate?: number
  /** Batches a pool: inside one, rows are sorted by length. Default 20. */
  pool?: number
  /** Default `{ type: 'adam' }`. */
  optimizer?: OptimizerOptions
  /**
   * `lazy`: an update leaves rows of an embedding alone that were not used; its results differ from the
   * dense optimizer's (see EmbeddingUpdates). Default `dense`.
   */
  embeddingUpdates?: EmbeddingUpdates
  /** Default: see DEFAULT_LEARNING_RATES. */
  learningRate?: number
  /** Default `{ type: 'constant' }`. */
  schedule?: ScheduleOptions
  /** Greatest decay of the weights' moving average, for example 0.99; null: none. Default null. */
  averaging?: number | null
  /** Stop after so many epochs in a row without a lower validation loss; null: never. Default null. */
  patience?: number | null
  /** Decides order, dropout and word dropout; initial weights have a seed of their own. Default 1. */
  seed?: number
  /**
   * Steps whose tape is kept at once; older ones are computed again on the way back, for sequences whose
   * tape would not fit. It costs about a third more time and changes no bit. null: the whole tape. Default null.
   */
  segment?: number | null
}

/** What decides the bits, complete, in one order. Plain JSON. */
export interface TrainingOptions {
  batchSize: number
  accumulate: number
  pool: number
  optimizer: CompleteOptimizer
  embeddingUpdates: EmbeddingUpdates
  learningRate: number
  schedule: CompleteSchedule
  clipNorm: number | null
  clipValue: number | null
  averaging: number | null
  patience: number | null
  seed: number
}

/** Fills in the defaults. @throws UsageError naming the option that does not fit. */
export function completeOptions(options: TrainingChoices): TrainingOptions {
  const { batchSize = 32, pool = 20, seed = 1, clipNorm = null, clipValue = null } = options
  const { accumulate = 1, embeddingUpdates = 'dense', segment = null } = options
  const { averaging = null, patience = null, schedule = { type: 'constant' }, epochs = 10 } = options
  const optimizer = completeOptimizer(options.optimizer ?? { type: 'adam' })
  const { learningRate = DEFAULT_LEARNING_RATES[optimizer.type] } = options
  requirePositiveInteger('epochs', epochs)
  requirePositiveInteger('batchSize', batchSize)
  requirePositiveInteger('accumulate', accumulate)
  requirePositiveInteger('pool', pool)
  if (segment !== null) requirePositiveInteger('segment', segment)
  const known = embeddingUpdates === 'dense' || embeddingUpdates === 'lazy'
  demand('embeddingUpdates', embeddingUpdates, known, "'dense' or 'lazy'")
  demand('learningRate', learningRate, learningRate > 0 && learningRate < Infinity, 'a number above 0')
  demand('clipNorm', clipNorm, clipNorm === null || clipNorm > 0, 'a number above 0, or null')
  demand('clipValue', clipValue, clipValue === null || clipValue > 0, 'a number above 0, or null')
  demand(
    'averaging',
    averaging,
    averaging === null || (averaging > 0 && averaging < 1),
    'a decay above 0 and below 1, or null',
  )
  demand('seed', seed, Number.isSafeInteger(seed), 'a whole number')
  if (patience !== null) requirePositiveInteger('patience', patience)
  const complete = completeSchedule(schedule)
  requireMinimumBelow(complete, learningRate)
  return {
    batchSize,
    accumulate,
    pool,
    optimizer,
    embeddingUpdates,
    learningRate,
    schedule: complete,
    clipNorm,
    clipValue,
    averaging,
    patience,
    seed,
  }
}

/** @throws UsageError unless the option fits. */
export function demand(where: string, value: unknown, fits: boolean, expected: string): void {
  if (!fits) throw new UsageError({ where: `fit option ${where}`, expected, got: String(value) })
}
