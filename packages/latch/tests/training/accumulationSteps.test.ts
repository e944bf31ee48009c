/** Gradients added up over batches: an update equals that of one large batch, and a run can stop at any update. */
import { describe, expect, it } from 'vitest'
import type { LossOptions } from '../../src/layers/loss.ts'
import { PackedBatch } from '../../src/tensors/packedBatch.ts'
import { internalsOf, type Network } from '../../src/model/network.ts'
import { network } from '../networks.ts'
import type { TrainingState } from '../../src/training/checkpoint.ts'
import type { Dataset } from '../../src/training/dataset.ts'
import type { TrainingEvent } from '../../src/training/events.ts'
import { fit, type FitOptions } from '../../src/training/fit.ts'
import { bitsOf, classifier, firstMark } from './trainingHelpers.ts'

const exact = { engine: 'reference', precision: 'float64' } as const
const train = firstMark(37, 1, 0.2)

/** Greatest difference of any weight, or of another region. */
function distance(one: Network, other: Network, region = 'weights'): number {
  return Math.max(
    ...one.parameters.map((parameter) => {
      const [a, b] = [
        internalsOf(one).store.read(parameter, region),
        internalsOf(other).store.read(parameter, region),
      ]
      return Math.max(...a.map((value, i) => Math.abs(value - b[i])))
    }),
  )
}

const losses: [string, LossOptions, number][] = [
  ['softmax', { type: 'softmaxCrossEntropy' }, 2],
  [
    'softmax, class weights, smoothing',
    { type: 'softmaxCrossEntropy', classWeights: [0.2, 5], labelSmoothing: 0.1 },
    2,
  ],
  ['sigmoid, class weights', { type: 'binaryCrossEntropy', classWeights: [3, 0.5] }, 1],
]
const clips: [string, Partial<FitOptions>][] = [
  ['unclipped', {}],
  ['clipped by norm', { clipNorm: 0.01 }],
  ['clipped by value, then by norm', { clipValue: 0.002, clipNorm: 0.004 }],
]

describe('an update of several batches', () => {
  describe.each(losses)('%s', (_, loss, classes) => {
    it.each(clips)('%s: equals that of one batch, also where batches are unequal', async (__, clip) => {
      const [small, large] = [1, 2].map(() => classifier({ ...exact, loss, classes }))
      const start = classifier({ ...exact, loss, classes })
      // 37 rows: batches of 8, 8, 8, 8 and 5 in one update, or all in one batch.
      const options = {
        train,
        epochs: 1,
        pool: 1,
        optimizer: { type: 'sgd' },
        learningRate: 1,
        ...clip,
      } as const
      const one = await fit(large, { ...options, batchSize: 37 })
      const report = await fit(small, { ...options, batchSize: 8, accumulationSteps: 5 })
      expect(report.steps).toBe(1)
      expect(distance(small, large)).toBeLessThan(1e-12)
      expect(distance(large, start)).toBeGreaterThan(1e-4)
      expect(report.history[0].gradientNorm).toBeCloseTo(one.history[0].gradientNorm, 12)
      expect(report.history[0].trainLoss).toBeCloseTo(one.history[0].trainLoss, 12)
      expect(report.history[0].trainAccuracy).toBe(one.history[0].trainAccuracy)
    })
  })

  it('regression likewise', async () => {
    const numbers: Dataset = {
      size: 11,
      lengths: new Int32Array(11).fill(2),
      batch: (rows) => ({
        batch: PackedBatch.ofFeatures(
          Array.from(rows).flatMap((row) => [row / 11, 1]),
          [rows.length, 2, 1],
        ),
        targets: { values: Array.from(rows, (row) => Math.sin(row)) },
      }),
    }
    const layers = [
      { type: 'features', width: 1 },
      { type: 'recurrent', cell: 'gru', units: 3, returnSequences: false },
      { type: 'dense', units: 1 },
    ] as const
    const make = () => network(layers, { ...exact, loss: { type: 'huber', delta: 0.5 } })
    const [small, large] = [make(), make()]
    const options = { train: numbers, epochs: 1, optimizer: { type: 'sgd' }, learningRate: 1 } as const
    await fit(large, { ...options, batchSize: 11 })
    await fit(small, { ...options, batchSize: 3, accumulationSteps: 4 })
    expect(distance(small, large)).toBeLessThan(1e-12)
  })

  it('rows that weigh nothing do not turn into NaN', async () => {
    const net = classifier({ ...exact, loss: { type: 'softmaxCrossEntropy', classWeights: [0, 0] } })
    const before = bitsOf(net)
    await fit(net, { train, epochs: 1, batchSize: 8, accumulationSteps: 2, optimizer: { type: 'sgd' } })
    expect(bitsOf(net)).toBe(before)
  })
})

describe('a run', () => {
  const options = { train, epochs: 3, batchSize: 4, accumulationSteps: 3, pool: 2, clipNorm: 1, ema: 0.9 }
  const make = (seed = 1) => classifier({ dropout: 0.3, seed })

  it('counts updates: the last of an epoch has what batches are left', async () => {
    const events: TrainingEvent[] = []
    const report = await fit(make(), { ...options, onEvent: (event) => events.push(event) })
    // 10 batches: 3, 3, 3, 1.
    expect(report.steps).toBe(3 * 4)
    expect(events[0]).toMatchObject({ type: 'start', stepsPerEpoch: 4 })
    expect(events.at(-1)).toMatchObject({ type: 'stop', epoch: 3, step: 4 })
  })

  it('of one batch an update has the bits of a run that does not know of it', async () => {
    const [one, plain] = [make(), make()]
    await fit(one, { ...options, accumulationSteps: 1 })
    const { accumulationSteps: _, ...rest } = options
    await fit(plain, rest)
    expect(bitsOf(one)).toBe(bitsOf(plain))
  })

  it('masks differ from batch to batch of an update', async () => {
    // Every row alike: only masks can make two batches of an update differ from one taken twice.
    const alike: Dataset = {
      ...train,
      size: 8,
      lengths: new Int32Array(8).fill(3),
      batch: (rows) => ({
        batch: PackedBatch.ofIds(Array.from(rows, () => [3, 1, 2])),
        targets: { classes: new Int32Array(rows.length) },
      }),
    }
    const [twice, once] = [make(), make()]
    const rest = { epochs: 1, batchSize: 4, optimizer: { type: 'sgd' }, learningRate: 1 } as const
    await fit(twice, { ...rest, train: alike, accumulationSteps: 2 })
    await fit(once, { ...rest, train: { ...alike, size: 4, lengths: alike.lengths.slice(4) } })
    expect(distance(twice, once)).toBeGreaterThan(1e-4)
  })

  it('resumed at every update ends with the same bits', async () => {
    const whole = make()
    const states: TrainingState[] = []
    const report = await fit(whole, {
      ...options,
      checkpoint: { everySteps: 1, write: (s) => void states.push(s) },
    })
    expect(states).toHaveLength(report.steps)
    for (const state of states) {
      const resumed = make(99)
      await fit(resumed, { ...options, resume: state })
      expect(bitsOf(resumed)).toBe(bitsOf(whole))
    }
    await expect(fit(make(), { ...options, accumulationSteps: 2, resume: states[0] })).rejects.toThrow(
      /document\.options\.accumulationSteps: expected 2, got 3/,
    )
  })

  it.each([0, 1.5, -1])('%s batches an update are refused', async (accumulationSteps) => {
    await expect(fit(make(), { ...options, accumulationSteps })).rejects.toThrow(
      /accumulationSteps: expected a positive/,
    )
  })
})
