/** Batches of rows of similar length, and splits by class. */
import { describe, expect, test } from 'vitest'
import { bucketedBatches, stratifiedSplit } from '../../src/data/batches.ts'
import { UsageError } from '../../src/core/errors.ts'

describe('batches', () => {
  const lengths = Int32Array.from({ length: 1003 }, (_, i) => (i * 7919) % 41)
  const options = { batchSize: 32, key: [1, 'shuffle', 0], shuffle: true, pool: 5 }

  test('hold every row once, longest first, and depend on the key alone', () => {
    const batches = bucketedBatches(lengths, options)
    expect(batches.length).toBe(32)
    expect(batches.flatMap((batch) => Array.from(batch)).sort((a, b) => a - b)).toEqual([...lengths.keys()])
    for (const batch of batches) {
      for (let i = 1; i < batch.length; i++)
        expect(lengths[batch[i]]).toBeLessThanOrEqual(lengths[batch[i - 1]])
    }
    expect(bucketedBatches([...lengths], options)).toEqual(batches)
    expect(bucketedBatches(lengths, { ...options, key: [1, 'shuffle', 1] })).not.toEqual(batches)
    expect(batches.filter((batch) => batch.length < 32).length).toBe(1)
  })

  test('waste little: rows of one batch are of similar length', () => {
    const spread = (batch: Int32Array): number => lengths[batch[0]] - lengths[batch[batch.length - 1]]
    const mean =
      bucketedBatches(lengths, { ...options, pool: 20 }).reduce((sum, batch) => sum + spread(batch), 0) / 32
    expect(mean).toBeLessThan(6)
  })

  test('without shuffle are sorted throughout, equal lengths in order', () => {
    const order = bucketedBatches([2, 5, 2, 9, 5], { batchSize: 2, key: [], shuffle: false }).map((batch) =>
      Array.from(batch),
    )
    expect(order).toEqual([[3, 1], [4, 0], [2]])
    expect(bucketedBatches([], { batchSize: 2, key: [], shuffle: false })).toEqual([])
    expect(bucketedBatches([], { batchSize: 2, key: [], shuffle: true })).toEqual([])
  })

  test('refuse impossible sizes', () => {
    expect(() => bucketedBatches([1], { ...options, batchSize: 0 })).toThrow(
      /batchSize: expected a positive integer, got 0/,
    )
    expect(() => bucketedBatches([1], { ...options, pool: NaN })).toThrow(/pool/)
  })
})

describe('stratified split', () => {
  test('takes the fraction of every class, in order, and leaves something of each', () => {
    const labels = Int32Array.from({ length: 233 }, (_, i) => (i < 200 ? i % 2 : i < 231 ? 2 : i - 228))
    const { train, validation } = stratifiedSplit(labels, 0.1, [3, 'split'])
    const count = (rows: Int32Array, label: number): number =>
      [...rows].filter((row) => labels[row] === label).length
    expect([0, 1, 2, 3, 4].map((label) => count(validation, label))).toEqual([10, 10, 3, 0, 0])
    expect([...train, ...validation].sort((a, b) => a - b)).toEqual([...labels.keys()])
    expect([...train]).toEqual([...train].sort((a, b) => a - b))
    expect([...validation]).toEqual([...validation].sort((a, b) => a - b))
    expect(stratifiedSplit(labels, 0.1, [3, 'split'])).toEqual({ train, validation })
    expect(stratifiedSplit(labels, 0.1, [4, 'split']).validation).not.toEqual(validation)
  })

  test('at least one of two, never all, none at fraction 0', () => {
    expect(stratifiedSplit([0, 0, 1], 0.01, [1]).validation.length).toBe(1)
    expect(stratifiedSplit([0, 0, 1], 0.99, [1]).train.length).toBe(2)
    expect(stratifiedSplit([0, 0, 1], 0, [1]).validation.length).toBe(0)
    expect(() => stratifiedSplit([0], 1, [1])).toThrow(
      /validation: expected a fraction from 0 to below 1, got 1/,
    )
    expect(() => stratifiedSplit([0], NaN, [1])).toThrow(UsageError)
  })

  test('depends on the class numbers, not on which class comes first', () => {
    const [first, second] = [
      Array.from<number>({ length: 20 }).fill(0),
      Array.from<number>({ length: 20 }).fill(1),
    ]
    const from = (labels: number[], start: number) =>
      [...stratifiedSplit(labels, 0.3, [7]).validation]
        .filter((row) => labels[row] === 0)
        .map((row) => row - start)
    expect(from([...second, ...first], 20)).toEqual(from([...first, ...second], 0))
  })
})
