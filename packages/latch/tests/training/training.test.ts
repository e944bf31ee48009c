/** What `fit` does around its steps: learns, stops, keeps, reports, fails with messages, and allocates nothing. */
import { internalsOf } from '../../src/model/network.ts'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { describe, expect, it } from 'vitest'
import { PackedBatch } from '../../src/tensors/packedBatch.ts'
import { network } from '../networks.ts'
import { DataError, DivergenceError, MemoryError, UsageError } from '../../src/core/errors.ts'
import { fingerprint, type Dataset } from '../../src/training/dataset.ts'
import { evaluate } from '../../src/training/evaluate.ts'
import type { TrainingEvent } from '../../src/training/events.ts'
import { fit, type FitOptions } from '../../src/training/fit.ts'
import { classificationReport } from '../../src/training/metrics.ts'
import { bitsOf, classifier, datasetOf, firstMark, VOCABULARY } from './trainingHelpers.ts'

const train = firstMark(400, 1)
const test = firstMark(200, 2)
const adam = { optimizer: { type: 'adam' }, learningRate: 0.01 } as const

async function failureOf(work: Promise<unknown>): Promise<Error> {
  return work.then(
    () => expect.fail('it should have failed'),
    (error: Error) => error,
  )
}

describe('learning', () => {
  it.each(['rnn', 'lstm', 'gru'] as const)('%s learns what order means', async (cell) => {
    const net = classifier({ cell, units: 12 })
    const report = await fit(net, { train, epochs: 25, clipNorm: 1, ...adam })
    const { accuracy, actual, predicted, loss, n } = await evaluate(net, test)
    expect(n).toBe(200)
    expect(Array.from(actual)).toEqual(Array.from(test.classes))
    expect(accuracy).toBeGreaterThan(0.95)
    const scores = classificationReport(['first', 'second'], actual, predicted, loss)
    expect(scores.accuracy).toBe(accuracy)
    expect(report).toMatchObject({ epochs: 25, steps: 25 * 13, stopped: 'epochs', kept: 'last', best: null })
    expect(report.history[24].trainLoss).toBeLessThan(report.history[0].trainLoss / 2)
  })

  it('one logit with binary cross-entropy learns the same', async () => {
    const net = classifier({ classes: 1, units: 12, loss: { type: 'binaryCrossEntropy' } })
    await fit(net, { train, epochs: 25, ...adam })
    expect((await evaluate(net, test)).accuracy).toBeGreaterThan(0.95)
  })

  it('a class a step: accuracy counts steps, steps left out do not count', async () => {
    const [layers, loss] = [
      [
        { type: 'embedding', vocabulary: VOCABULARY, size: 4 },
        { type: 'recurrent', cell: 'gru', units: 8 },
        { type: 'dense', units: 2 },
      ] as const,
      { type: 'softmaxCrossEntropy' } as const,
    ]
    // Has token 1 or 2 been seen yet? Last steps are left out.
    const sequences = Array.from({ length: 60 }, (_, i) =>
      Array.from({ length: 3 + (i % 4) }, (_, t) => 1 + ((i * 7 + t * 5) % 11)),
    )
    const tags = sequences.map((ids) =>
      ids.map((_, t) => (t === ids.length - 1 ? -100 : ids.slice(0, t + 1).some((id) => id < 3) ? 1 : 0)),
    )
    const tagged: Dataset = {
      size: 60,
      lengths: Int32Array.from(sequences, (ids) => ids.length),
      batch: (rows) => ({
        batch: PackedBatch.ofIds(Array.from(rows, (row) => sequences[row])),
        targets: { stepClasses: Array.from(rows, (row) => tags[row]) },
      }),
    }
    const net = network(layers, { loss })
    const { history } = await fit(net, {
      train: tagged,
      epochs: 30,
      batchSize: 10,
      ...adam,
      learningRate: 0.03,
    })
    const { accuracy, n } = await evaluate(net, tagged)
    expect(n).toBe(sequences.reduce((sum, ids) => sum + ids.length - 1, 0))
    expect(accuracy).toBe(1)
    expect(history[29].trainAccuracy).toBeGreaterThan(0.97)
  })

  it('regression has a loss and no accuracy', async () => {
    const numbers: Dataset = {
      size: 40,
      lengths: new Int32Array(40).fill(3),
      batch: (rows) => ({
        batch: PackedBatch.ofFeatures(
          Array.from(rows).flatMap((row) => [row / 40, 0, 1]),
          [rows.length, 3, 1],
        ),
        targets: { values: Array.from(rows, (row) => row / 40) },
      }),
    }
    const layers = [
      { type: 'features', width: 1 },
      { type: 'recurrent', cell: 'lstm', units: 6, returnSequences: false },
      { type: 'dense', units: 1 },
    ] as const
    const net = network(layers, { loss: { type: 'meanSquaredError' } })
    const { history } = await fit(net, {
      train: numbers,
      validation: numbers,
      epochs: 40,
      batchSize: 8,
      ...adam,
      learningRate: 0.02,
    })
    expect(history[39].trainAccuracy).toBeNull()
    expect(history[39].validationAccuracy).toBeNull()
    expect((await evaluate(net, numbers)).loss).toBeLessThan(0.01)
  })

  it('the seed decides', async () => {
    const bits = async (seed: number) => {
      const net = classifier({ dropout: 0.3 })
      await fit(net, { train, epochs: 1, seed })
      return bitsOf(net)
    }
    const first = await bits(1)
    expect(await bits(1)).toBe(first)
    expect(await bits(2)).not.toBe(first)
  })
})

describe('what is kept', () => {
  const small = firstMark(30, 3, 0.3)
  const watch = firstMark(60, 4)

  it('early stopping restores the weights with the lowest validation loss', async () => {
    const net = classifier({ units: 16 })
    const options = {
      train: small,
      validation: watch,
      epochs: 60,
      patience: 3,
      batchSize: 8,
      ...adam,
      learningRate: 0.03,
    }
    const report = await fit(net, options)
    const losses = report.history.map(({ validationLoss }) => validationLoss!)
    const lowest = losses.indexOf(Math.min(...losses))
    expect(report).toMatchObject({ stopped: 'patience', kept: 'best', epochs: lowest + 1 + 3 })
    expect(report.best).toMatchObject({ epoch: lowest + 1, loss: losses[lowest] })
    const again = await evaluate(net, watch, { batchSize: 8 })
    expect([again.loss, again.accuracy]).toEqual([report.best!.loss, report.best!.accuracy])
  })

  it('averaged weights are validated and kept', async () => {
    const [raw, averaged] = [classifier(), classifier()]
    const options = { train: small, epochs: 3, batchSize: 8, ...adam }
    await fit(raw, options)
    const report = await fit(averaged, { ...options, ema: 0.99 })
    expect(report.kept).toBe('ema')
    expect(bitsOf(averaged)).not.toBe(bitsOf(raw))
    // The path of the raw weights is the same: they now lie where the average was made from.
    const watched = classifier()
    const validated = await fit(watched, { ...options, epochs: 1, ema: 0.99, validation: watch })
    expect((await evaluate(watched, watch, { batchSize: 8 })).loss).toBe(validated.best!.loss)
  })

  it('batch size of an evaluation does not change its result', async () => {
    const net = classifier()
    const [one, other] = [
      await evaluate(net, watch, { batchSize: 7 }),
      await evaluate(net, watch, { batchSize: 60 }),
    ]
    expect(one.loss).toBeCloseTo(other.loss, 12)
    expect(one.predicted).toEqual(other.predicted)
  })
})

describe('class weights and smoothing', () => {
  it('a class that weighs nothing is never predicted', async () => {
    const net = classifier({ loss: { type: 'softmaxCrossEntropy', classWeights: [0, 1] } })
    await fit(net, { train, epochs: 3, ...adam })
    expect(new Set((await evaluate(net, test)).predicted)).toEqual(new Set([1]))
  })

  it('smoothing raises the training loss, the plain validation loss is without', async () => {
    const net = classifier({ units: 12, loss: { type: 'softmaxCrossEntropy', labelSmoothing: 0.2 } })
    const { history } = await fit(net, { train, validation: train, epochs: 15, ...adam })
    // No network gets below the entropy of (0.9, 0.1), 0.325.
    expect(history[14].trainLoss).toBeGreaterThan(0.325)
    expect(history[14].validationLoss).toBeLessThan(0.25)
  })
})

describe('divergence', () => {
  it('names the step, keeps the weights before it, says what to try', async () => {
    // Which step it is depends on how an engine treats infinities.
    const net = classifier({ engine: 'simd' })
    const before = bitsOf(net)
    const error = await failureOf(fit(net, { train, optimizer: { type: 'sgd' }, learningRate: 1e38 }))
    expect(error).toBeInstanceOf(DivergenceError)
    expect(error).toMatchObject({ epoch: 1, step: 2 })
    expect(error.message).toMatch(
      /^training, epoch 1, step 2 of 13: expected a finite loss, got NaN\. The network has the last good weights\. Look for very large numbers in the data too\. Pass `learningRate: 0\.01` to take smaller steps \(it is 1e\+38\)\. Pass `clipNorm: 1` to limit the gradients\.$/,
    )
    expect(bitsOf(net)).toBe(before)
  })

  it.each([NaN, Infinity, 1e300])(
    'refuses a feature or a target of %d before it learns from it',
    async (wrong) => {
      const layers = [
        { type: 'features', width: 2 },
        { type: 'recurrent', cell: 'gru', units: 3, returnSequences: false },
        { type: 'dense', units: 1 },
      ] as const
      const spoilt = (feature: number, target: number): Dataset => ({
        size: 4,
        lengths: new Int32Array(4).fill(3),
        batch: (rows) => ({
          batch: PackedBatch.ofFeatures(
            Array.from(rows).flatMap((row) => [0, 1, 2, 3, row === 2 ? feature : 4, 5]),
            [rows.length, 3, 2],
          ),
          targets: { values: Array.from(rows, (row) => (row === 3 ? target : 0)) },
        }),
      })
      const net = network(layers, { loss: { type: 'meanSquaredError' } })
      const before = bitsOf(net)
      const feature = await failureOf(fit(net, { train: spoilt(wrong, 0) }))
      expect(feature).toBeInstanceOf(DataError)
      expect(feature.message).toBe(`row 2, step 2, feature 0: expected a finite 32-bit number, got ${wrong}`)
      const target = await failureOf(fit(net, { train: spoilt(0, wrong) }))
      expect(target.message).toBe(`row 3, target: expected a finite 32-bit number, got ${wrong}`)
      expect(bitsOf(net)).toBe(before)
    },
  )

  it('keeps the best weights where there are any', async () => {
    let rowsRead = 0
    const layers = [
      { type: 'features', width: 1 },
      { type: 'recurrent', cell: 'rnn', units: 3, returnSequences: false },
      { type: 'dense', units: 2 },
    ] as const
    const numbers = (spoilt: boolean): Dataset => ({
      size: 20,
      lengths: new Int32Array(20).fill(2),
      batch(rows) {
        rowsRead += spoilt ? rows.length : 0
        // The dense layer's bias: data that is not finite is refused before it is learned from.
        if (spoilt && rowsRead > 140) internalsOf(net).store.write(net.parameters.at(-1)!, [NaN, 0])
        return {
          batch: PackedBatch.ofFeatures(
            Array.from(rows).flatMap((row) => [row % 2, 0.5]),
            [rows.length, 2, 1],
          ),
          targets: { classes: Array.from(rows, (row) => row % 2) },
        }
      },
    })
    const net = network(layers, { loss: { type: 'softmaxCrossEntropy' } })
    const validation = numbers(false)
    const events: TrainingEvent[] = []
    const error = await failureOf(
      fit(net, {
        train: numbers(true),
        validation,
        batchSize: 5,
        clipNorm: 1,
        ...adam,
        onEvent: (e) => events.push(e),
      }),
    )
    expect(error).toMatchObject({ epoch: 8, step: 1 })
    expect(error.message).toMatch(
      /The network has the best weights \(epoch \d\)\..* Pass `learningRate: 0\.001` to take smaller steps \(it is 0\.01\)\.$/,
    )
    const best = events.filter((event) => event.type === 'epoch').map((event) => event.validationLoss!)
    expect((await evaluate(net, validation, { batchSize: 5 })).loss).toBe(Math.min(...best))
    expect(events.at(-1)).toMatchObject({ type: 'stop', reason: 'diverged', kept: 'best' })
  })
})

describe('events', () => {
  it('start, epochs, stop; all JSON', async () => {
    const events: TrainingEvent[] = []
    const net = classifier()
    await fit(net, { train, validation: test, epochs: 2, onEvent: (event) => events.push(event) })
    expect(JSON.parse(JSON.stringify(events))).toEqual(events)
    const without = events.filter(({ type }) => type !== 'progress')
    expect(without.map(({ type }) => type)).toEqual(['start', 'epoch', 'epoch', 'stop'])
    expect(without[0]).toMatchObject({
      epochs: 2,
      stepsPerEpoch: 13,
      sequences: 400,
      validationSequences: 200,
    })
    const { name: engine, threads } = net.engine
    expect(without[0]).toMatchObject({ engine, precision: 'float32', threads, resumed: null })
    expect(threads).toBeGreaterThanOrEqual(1)
    expect(without[3]).toMatchObject({ reason: 'epochs', epoch: 2, step: 13, kept: 'best' })
  })

  it('an abort in the midst of an epoch: the checkpoint and the stop name epoch and step', async () => {
    const stop = new AbortController()
    const events: TrainingEvent[] = []
    await fit(classifier(), {
      train,
      epochs: 3,
      signal: stop.signal,
      checkpoint: { write: () => undefined },
      onEvent: (event) => events.push(event),
      onStep: ({ epoch, step }) => (epoch === 2 && step === 5 ? stop.abort() : undefined),
    })
    const at = { epoch: 2, step: 5 }
    expect(events.filter(({ type }) => type === 'checkpoint' || type === 'stop')).toMatchObject([
      { type: 'checkpoint', ...at },
      { type: 'stop', reason: 'aborted', ...at },
    ])
  })

  it('progress about ten times a second, with the time left', async () => {
    const slow: Dataset = {
      ...train,
      batch(rows) {
        const until = performance.now() + 15
        while (performance.now() < until);
        return train.batch(rows)
      },
    }
    const events: TrainingEvent[] = []
    await fit(classifier(), { train: slow, epochs: 2, onEvent: (event) => events.push(event) })
    const progress = events.filter((event) => event.type === 'progress')
    expect(progress.length).toBeGreaterThanOrEqual(2)
    expect(progress.length).toBeLessThanOrEqual(12)
    expect([progress[0].epoch, progress.at(-1)!.epoch]).toEqual([1, 2])
    for (const { epochs, step, steps, loss, sequencesPerSecond, secondsLeft } of progress) {
      expect([epochs, steps]).toEqual([2, 13])
      expect(step).toBeGreaterThanOrEqual(0)
      expect(step).toBeLessThanOrEqual(13)
      expect(loss).toBeGreaterThan(0)
      expect(sequencesPerSecond).toBeGreaterThan(10)
      expect(secondsLeft).toBeLessThan(60)
    }
    expect(progress.at(-1)!.secondsLeft).toBeLessThan(progress[0].secondsLeft)
  })
})

describe('refusals', () => {
  const refused: [string, Partial<FitOptions>, RegExp][] = [
    ['epochs', { epochs: 0 }, /epochs: expected a positive integer, got 0/],
    ['batch size', { batchSize: 1.5 }, /batchSize/],
    ['learning rate', { learningRate: -1 }, /fit option learningRate: expected a number above 0, got -1/],
    ['ema', { ema: 1 }, /fit option ema/],
    ['clip norm', { clipNorm: 0 }, /fit option clipNorm/],
    ['no rows', { train: datasetOf([], []) }, /fit option train: expected at least one sequence/],
    ['patience alone', { patience: 3 }, /fit option patience: expected `validation` data to monitor/],
  ]
  it.each(refused)('%s', async (_, options, message) => {
    const error = await failureOf(fit(classifier(), { train, ...options }))
    expect(error).toBeInstanceOf(UsageError)
    expect(error.message).toMatch(message)
  })

  it('a batch that does not fit memory, before any work; a smaller one then works', async () => {
    const net = classifier()
    const endless: Dataset = {
      size: 1,
      lengths: Int32Array.of(1.2e9),
      batch: () => expect.fail('no work may start'),
    }
    const error = await failureOf(fit(net, { train: endless }))
    expect(error).toBeInstanceOf(MemoryError)
    expect(error.message).toMatch(
      /a batch of 1 sequences of up to 1200000000 steps.*request for [\d,]+ MiB\. Shorter sequences, .*memory\. Pass `checkpointSteps: 34642` to keep fewer timesteps in memory\.$/,
    )
    await fit(net, { train, epochs: 1 })
  })
})

describe('memory', () => {
  it('stays flat over hundreds of steps', async () => {
    setFlagsFromString('--expose-gc')
    const collect = runInNewContext('gc') as () => void
    const net = classifier({ dropout: 0.2, units: 16 })
    const used: number[] = []
    const heap: number[] = []
    let steps = 0
    const counted: Dataset = {
      ...train,
      batch(rows) {
        if (++steps % 50 === 0) {
          collect()
          heap.push(process.memoryUsage().heapUsed)
        }
        used.push(internalsOf(net).engine.memory.used)
        return train.batch(rows)
      },
    }
    await fit(net, { train: counted, epochs: 72, ema: 0.99, clipNorm: 1, ...adam })
    expect(new Set(used).size).toBe(1)
    expect(heap).toHaveLength(18)
    // From step 450, when most code has been compiled, to step 900: less than a kilobyte a step would be.
    expect(heap[17] - heap[8]).toBeLessThan(450_000)
  })
})

describe('fingerprints', () => {
  it('differ for any change of data', () => {
    const [ids, labels] = [
      [
        [3, 4],
        [5, 6, 7],
      ],
      [0, 1],
    ]
    const of = (sequences: number[][], classes: number[]) => fingerprint(datasetOf(sequences, classes))
    const prints = [
      of(ids, labels),
      of(
        [
          [3, 4],
          [5, 6, 8],
        ],
        labels,
      ),
      of(ids, [1, 1]),
      of([...ids].reverse(), labels),
      of(
        [
          [3, 4, 5],
          [6, 7],
        ],
        labels,
      ),
    ]
    expect(new Set(prints).size).toBe(prints.length)
    expect(of(ids, labels)).toBe(prints[0])
    expect(prints[0]).toMatch(/^[0-9a-f]{16}$/)
  })
})
