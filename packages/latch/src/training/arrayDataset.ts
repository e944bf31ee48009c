/**
 * Datasets from arrays in memory: typed arrays with a shape, as tensors are stored, or nested arrays. Everything is
 * checked once, when the dataset is built; rows (sequences) and steps in messages count from 0.
 */
import { PackedBatch } from '../tensors/packedBatch.ts'
import { DataError, ShapeError, UsageError } from '../core/errors.ts'
import { isFiniteAt } from '../core/precision.ts'
import { assertList, copyNumbers, flatTable, isNested, nestedTable, type ArrayTable } from './arrayTable.ts'
import { readTargets, type ArrayTargets } from './arrayTargets.ts'
import type { Dataset } from './dataset.ts'
import { assertKnownOptions, type Names } from '../core/knownNames.ts'

/** Features of sequences: `(batch, timesteps, features)`. Give `features` or `ids`. */
export interface FeatureArrays {
  /**
   * One list per sequence with one list of numbers per step, or all numbers row-major with `shape`. A flat array is
   * not copied.
   */
  features: ArrayLike<number> | readonly (readonly ArrayLike<number>[])[]
  /** Of flat `features`: [batch, timesteps, features]. */
  shape?: readonly [number, number, number]
  ids?: never
}

/** Token ids of sequences: `(batch, timesteps)`. */
export interface IdArrays {
  /** One list per sequence, or all ids row-major with `shape`. A flat array is not copied. */
  ids: ArrayLike<number> | readonly ArrayLike<number>[]
  /** Of flat `ids`: [batch, timesteps]. */
  shape?: readonly [number, number]
  features?: never
}

/** Sequences and their targets. */
export type ArrayDatasetOptions = (FeatureArrays | IdArrays) & {
  /** Number of steps of each sequence (N). Default: the lengths of nested lists, or all steps of `shape`. */
  lengths?: ArrayLike<number>
  targets: ArrayTargets
}

const NAMES: Names<
  Pick<FeatureArrays & IdArrays, 'features' | 'ids' | 'shape'> & { lengths: 1; targets: 1 }
> = {
  features: 1,
  ids: 1,
  shape: 1,
  lengths: 1,
  targets: 1,
}

/**
 * A dataset for `fit` and `evaluate` from arrays.
 * @throws ShapeError for arrays whose sizes do not match; DataError for a number that is not finite, and for an id or
 * class that is not a whole number; UsageError for missing or contradictory options
 */
export function arrayDataset(options: ArrayDatasetOptions): Dataset {
  assertKnownOptions('arrayDataset option', options, NAMES)
  const table = options.features === undefined ? readIds(options) : readFeatures(options as FeatureArrays)
  const lengths = readLengths(table, options.lengths)
  checkNumbers(table, lengths, options.features === undefined ? 'id' : 'feature')
  const targetsOf = readTargets(options.targets, table, lengths)
  return {
    size: table.count,
    lengths,
    batch(rows) {
      const batch = table.kind === 'ids' ? idBatch(table, lengths, rows) : featureBatch(table, lengths, rows)
      return { batch, targets: targetsOf(rows, batch) }
    },
  }
}

function readIds({ ids, shape }: Partial<IdArrays>): ArrayTable {
  if (ids === undefined) {
    throw new UsageError({ where: 'arrayDataset', expected: '`features` or `ids`', got: 'neither' })
  }
  const where = 'arrayDataset ids'
  assertList(where, ids)
  if (!isNested(ids)) {
    if (shape !== undefined) assertList(`${where}, shape`, shape, 'an array [batch, timesteps]')
    return flatTable('ids', ids as ArrayLike<number>, shape && [...shape, 1], '[batch, timesteps]')
  }
  return nestedTable(where, 'ids', ids as readonly ArrayLike<number>[], 1, (data, at, sequence, row) => {
    copyNumbers(sequence, data, at, (t) => `${where}, row ${row}, step ${t}`)
  })
}

function readFeatures({
  features,
  shape,
  ids,
}: {
  features: FeatureArrays['features']
  shape?: readonly number[]
  ids?: unknown
}): ArrayTable {
  if (ids !== undefined) {
    throw new UsageError({ where: 'arrayDataset', expected: '`features` or `ids`', got: 'both' })
  }
  const where = 'arrayDataset features'
  assertList(where, features)
  if (!isNested(features)) {
    return flatTable('features', features as ArrayLike<number>, shape, '[batch, timesteps, features]')
  }
  const sequences = features as readonly (readonly ArrayLike<number>[])[]
  const width = sequences.find((sequence) => sequence?.length > 0)?.[0]?.length ?? 0
  return nestedTable(where, 'features', sequences, width, (data, at, sequence, row) => {
    sequence.forEach((step, t) => {
      assertList(`${where}, row ${row}, step ${t}`, step, 'an array of features')
      if (step.length !== width) {
        const expected = `${width} features per step, as in the first`
        throw new ShapeError({
          where: `${where}, row ${row}, step ${t}`,
          expected,
          got: `${step.length}`,
        })
      }
      copyNumbers(step, data, (at + t) * width, (j) => `${where}, row ${row}, step ${t}, feature ${j}`)
    })
  })
}

function readLengths({ kind, count, steps }: ArrayTable, given: ArrayLike<number> | undefined): Int32Array {
  if (given !== undefined) assertList('arrayDataset lengths', given)
  if (given && given.length !== count) {
    const expected = `${count} lengths (one per sequence)`
    throw new ShapeError({ where: 'arrayDataset lengths', expected, got: `${given.length}` })
  }
  return Int32Array.from({ length: count }, (_, row) => {
    const length = given ? given[row] : steps[row]
    if (Number.isInteger(length) && length >= 1 && length <= steps[row]) return length
    const where = given ? `arrayDataset lengths, row ${row}` : `arrayDataset ${kind}, row ${row}`
    const expected = given ? `a whole number from 1 to ${steps[row]}` : 'at least one step'
    throw new ShapeError({ where, expected, got: String(length) })
  })
}

function checkNumbers({ kind, width, data, starts }: ArrayTable, lengths: Int32Array, name: string): void {
  const isWhole = kind === 'ids'
  lengths.forEach((length, row) => {
    for (let i = starts[row] * width; i < (starts[row] + length) * width; i++) {
      if (isWhole ? Number.isInteger(data[i]) && data[i] >= 0 : isFiniteAt('float32', data[i])) continue
      const step = Math.floor(i / width) - starts[row]
      const feature = isWhole ? '' : `, ${name} ${i % width}`
      throw new DataError({
        where: `arrayDataset ${kind}, row ${row}, step ${step}${feature}`,
        expected: isWhole ? 'a token id (a whole number, 0 or more)' : 'a finite number',
        got: String(data[i]),
      })
    }
  })
}

function idBatch({ data, starts }: ArrayTable, lengths: Int32Array, rows: Int32Array): PackedBatch {
  return PackedBatch.ofIds(
    Array.from(rows, (row) => Int32Array.from({ length: lengths[row] }, (_, t) => data[starts[row] + t])),
  )
}

function featureBatch(
  { data, starts, width }: ArrayTable,
  lengths: Int32Array,
  rows: Int32Array,
): PackedBatch {
  const own = Int32Array.from(rows, (row) => lengths[row])
  const T = own.reduce((a, b) => Math.max(a, b), 0)
  const Kind = data instanceof Float32Array ? Float32Array : Float64Array
  const padded = new Kind(rows.length * T * width)
  rows.forEach((row, b) => {
    const from = starts[row] * width
    for (let i = 0; i < own[b] * width; i++) padded[b * T * width + i] = data[from + i]
  })
  return PackedBatch.ofFeatures(padded, [rows.length, T, width], own)
}
