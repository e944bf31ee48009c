/**
 * Batches of rows and splits. A batch holds rows of similar length, so that packed sequences waste no step. Every order
 * is a pure function of its key, so that a resumed run gets the same batches.
 */
import { UsageError } from '../core/errors.ts'
import { Random } from '../core/random.ts'
import { requirePositiveInteger } from '../core/typedValues.ts'
import { append } from '../core/lists.ts'
import { assertKnownOptions, type Names } from '../core/knownNames.ts'

/** Options of `bucketedBatches`. */
export interface BucketOptions {
  batchSize: number
  /** Key of the order, for example `[seed, 'shuffle', epoch]`: the same key gives the same batches. */
  key: readonly (number | string)[]
  /** True for training. False for evaluation: all rows are sorted by length. */
  shuffle: boolean
  /** Batches per pool; within a pool rows are sorted by length. Default 20. */
  pool?: number
}

const BUCKETS: Names<BucketOptions> = { batchSize: 1, key: 1, shuffle: 1, pool: 1 }

/**
 * Batches of row numbers (from 0). Every row occurs exactly once; in each batch the longest row is first.
 *
 * Shuffled: rows in random order, sorted within pools of `pool` batches, cut into batches, the batches in random
 * order. Only one batch can be smaller than `batchSize`.
 *
 * @throws UsageError for a batch size or pool that is not a positive integer.
 */
export function bucketedBatches(lengths: ArrayLike<number>, options: BucketOptions): Int32Array[] {
  assertKnownOptions('bucketedBatches option', options, BUCKETS)
  const { batchSize, key, shuffle, pool = 20 } = options
  requirePositiveInteger('batchSize', batchSize)
  requirePositiveInteger('pool', pool)
  const rows = Int32Array.from(lengths, (_, row) => row)
  const random = new Random(...key)
  if (shuffle) random.shuffle(rows)
  const poolSize = shuffle ? pool * batchSize : Math.max(1, rows.length)
  const batches: Int32Array[] = []
  for (let start = 0; start < rows.length; start += poolSize) {
    const pooled = rows.slice(start, start + poolSize)
    pooled.sort((a, b) => lengths[b] - lengths[a])
    for (let from = 0; from < pooled.length; from += batchSize) {
      batches.push(pooled.slice(from, from + batchSize))
    }
  }
  return shuffle ? random.shuffle(batches) : batches
}

/** Row numbers (from 0) of the two parts, each in rising order. */
export interface Split {
  train: Int32Array
  validation: Int32Array
}

/**
 * Sets a fraction of every class aside for validation: round(fraction · n) of a class of n rows, at least one if
 * n ≥ 2, and at most n − 1. Both parts have their row numbers in rising order.
 *
 * @param labels a class number for each row, (rows)
 * @throws UsageError if the fraction is outside [0, 1).
 */
export function stratifiedSplit(
  labels: ArrayLike<number>,
  fraction: number,
  key: readonly (number | string)[],
): Split {
  if (!(fraction >= 0 && fraction < 1)) {
    throw new UsageError({
      where: 'validation',
      expected: 'a fraction from 0 to below 1',
      got: String(fraction),
    })
  }
  const random = new Random(...key)
  const validation: number[] = []
  for (const rows of rowsByClass(labels)) {
    random.shuffle(rows)
    const count = fraction === 0 || rows.length < 2 ? 0 : Math.max(1, Math.round(fraction * rows.length))
    append(validation, rows.slice(0, Math.min(count, rows.length - 1)))
  }
  const aside = new Set(validation)
  const train = Array.from(labels, (_, row) => row).filter((row) => !aside.has(row))
  return { train: Int32Array.from(train), validation: Int32Array.from(validation).sort() }
}

/** Row numbers of each class, classes in rising order, whatever the order of the rows. */
function rowsByClass(labels: ArrayLike<number>): number[][] {
  const groups = new Map<number, number[]>()
  for (let row = 0; row < labels.length; row++) {
    const group = groups.get(labels[row])
    if (group) group.push(row)
    else groups.set(labels[row], [row])
  }
  return [...groups].sort(([a], [b]) => a - b).map(([, rows]) => rows)
}
