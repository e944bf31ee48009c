/**
 * The choices that decide a training run's bits, and the same with every default filled in, as a
 * checkpoint records them.
 */
import { requirePositiveInteger } from '../data/checks.ts'
import { UsageError } from '../tensor/errors.ts'
import type { ClipOptions } from './clip.ts'
import {
  completeOptimizer,
  DEFAULT_LEARNING_RATES,
  type CompleteOptimizer,
  type OptimizerOptions,
} from './optimizer.ts'
import { completeSchedule, type CompleteSchedule, type ScheduleOptions } from './schedule.ts'

/** The choices of a run, apart from its data. */
export interface TrainingChoices extends ClipOptions {
  /** At most. Default 10. */
  epochs?: number
  /** Sequences an update. Default 32. */
  batchSize?: number
  /** Batches a pool: inside one, rows are sorted by length. Default 20. */
  pool?: number
  /** Default `{ type: 'adam' }`. */
  optimizer?: OptimizerOptions
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
}

/** What decides the bits, complete, in one order. Plain JSON. */
export interface TrainingOptions {
  batchSize: number
  pool: number
  optimizer: CompleteOptimizer
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
  const { averaging = null, patience = null, schedule = { type: 'constant' }, epochs = 10 } = options
  const optimizer = completeOptimizer(options.optimizer ?? { type: 'adam' })
  const { learningRate = DEFAULT_LEARNING_RATES[optimizer.type] } = options
  requirePositiveInteger('epochs', epochs)
  requirePositiveInteger('batchSize', batchSize)
  requirePositiveInteger('pool', pool)
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
  return {
    batchSize, pool, optimizer, learningRate, schedule: completeSchedule(schedule),
    clipNorm, clipValue, averaging, patience, seed,
  } // prettier-ignore
}

/** @throws UsageError unless the option fits. */
export function demand(where: string, value: unknown, fits: boolean, expected: string): void {
  if (!fits) throw new UsageError({ where: `fit option ${where}`, expected, got: String(value) })
}
