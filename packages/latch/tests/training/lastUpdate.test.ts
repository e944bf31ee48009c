/** A training never ends with weights that are not finite: the last update is checked as the ones before it are. */
import { internalsOf } from '../../src/model/network.ts'
import { describe, expect, it } from 'vitest'
import { DivergenceError, UsageError } from '../../src/core/errors.ts'
import { parallelism } from '../../src/engine/threads/executor.ts'
import type { TrainingState } from '../../src/training/checkpoint.ts'
import type { TrainingEvent } from '../../src/training/events.ts'
import { evaluate } from '../../src/training/evaluate.ts'
import { fit, type FitOptions } from '../../src/training/fit.ts'
import { Optimizer, type OptimizerOptions } from '../../src/training/optimizer.ts'
import { bitsOf, classifier, datasetOf, firstMark } from './trainingHelpers.ts'

const train = firstMark(24, 1)
const large = 1e38

async function failureOf(promise: Promise<unknown>): Promise<Error> {
  return promise.then(
    () => {
      throw new Error('nothing was refused')
    },
    (error: Error) => error,
  )
}

/** One update in all, whose weights are too large. */
const once = { train, epochs: 1, batchSize: 24, learningRate: large } satisfies FitOptions

const optimizers: OptimizerOptions[] = [
  { type: 'sgd' },
  { type: 'sgd', momentum: 0.9 },
  { type: 'rmsprop' },
  { type: 'adagrad' },
  { type: 'adam' },
  { type: 'adamw' },
]

/** Aborts in the midst of the first step. */
function stopped(): Partial<FitOptions> {
  const stop = new AbortController()
  const batch = (rows: Int32Array) => {
    stop.abort()
    return train.batch(rows)
  }
  return { epochs: 5, signal: stop.signal, train: { ...train, batch } }
}

const kinds: [string, Partial<FitOptions>][] = [
  ['alone', {}],
  ['with an average', { ema: 0.9 }],
  ['of several batches', { batchSize: 8, accumulationSteps: 3 }],
  ['of used rows only', { sparseEmbeddings: true }],
  [
    'of used rows only, with an average',
    { sparseEmbeddings: true, ema: 0.5, batchSize: 8, accumulationSteps: 3 },
  ],
  ['then stopped by a signal', { epochs: 5 }],
]

describe('the last update', () => {
  describe.each(kinds)('%s', (name, kind) => {
    it.each(optimizers)('$type: the weights before it, and an error', async (optimizer) => {
      const net = classifier({ engine: 'simd' })
      const before = bitsOf(net)
      const events: TrainingEvent[] = []
      const onEvent = (event: TrainingEvent) => void events.push(event)
      const error = await failureOf(
        fit(net, { ...once, ...kind, ...(name.includes('signal') && stopped()), optimizer, onEvent }),
      )
      expect(error).toBeInstanceOf(DivergenceError)
      expect(error.message).toContain('The network has the last good weights.')
      expect(bitsOf(net)).toBe(before)
      expect(events.at(-1)).toMatchObject({ type: 'stop', reason: 'diverged', kept: 'last good' })
    })
  })

  it('on several threads', async () => {
    const eager = { ...parallelism }
    Object.assign(parallelism, { minWork: 1, eager: true })
    const net = classifier({ engine: 'simd', threads: 2 })
    const before = bitsOf(net)
    const error = await failureOf(fit(net, once))
    Object.assign(parallelism, eager)
    expect(error).toBeInstanceOf(DivergenceError)
    expect(bitsOf(net)).toBe(before)
    net.dispose()
  })

  it('names a weight that is not finite, though no batch reads it', async () => {
    // Token 11 occurs in the first batch only.
    const data = datasetOf(
      Array.from({ length: 8 }, (_, i) => [i === 0 ? 11 : 3, 4]),
      Array.from({ length: 8 }, (_, i) => i % 2),
    )
    const net = classifier({ engine: 'simd' })
    const spoil = (): void => {
      const table = internalsOf(net).store.find('embedding.0.weight')
      const values = internalsOf(net).store.read(table)
      values[5 * 7 + 2] = Infinity
      internalsOf(net).store.write(table, values)
    }
    let steps = 0
    const onStep = () => {
      if (++steps === 3) spoil()
    }
    const error = await failureOf(fit(net, { train: data, batchSize: 4, epochs: 2, onStep }))
    expect(error.message).toMatch(/expected finite weights, got (NaN|Infinity) in embedding\.0\.weight/)
    expect(
      internalsOf(net).store.read(internalsOf(net).store.find('embedding.0.weight')).every(Number.isFinite),
    ).toBe(true)
  })

  it('is not written as a checkpoint', async () => {
    const states: TrainingState[] = []
    const checkpoint = { everySteps: 1, write: (state: TrainingState) => void states.push(state) }
    const net = classifier({ engine: 'simd' })
    const overflow = { ...once, epochs: 3, checkpoint } as const
    const error = await failureOf(fit(net, { ...overflow, learningRate: 3e38 }))
    expect(error).toBeInstanceOf(DivergenceError)
    const finite = states.every(({ tensors }) => tensors.every(({ data }) => data.every(Number.isFinite)))
    expect(finite).toBe(true)
  })

  it('after validation: the best weights', async () => {
    const net = classifier({ engine: 'simd' })
    let best: number | null = null
    const onEvent = (event: TrainingEvent) => {
      if (event.type === 'epoch') best = event.validationLoss
    }
    // The first epochs' rates are small: warm-up.
    const options = {
      ...once,
      learningRate: 3e38,
      schedule: { type: 'oneCycle', totalSteps: 1e9, divFactor: 1e39, per: 'step' },
    } as const
    const validation = firstMark(8, 2)
    const error = await failureOf(
      fit(net, { ...options, validation, epochs: 9, onEvent, optimizer: { type: 'sgd' } }),
    )
    expect(error.message).toContain('The network has the best weights (epoch')
    expect((await evaluate(net, validation, { batchSize: 24 })).loss).toBeCloseTo(best!, 6)
  })
})

describe('rates that float32 cannot hold', () => {
  const refused: [string, Partial<FitOptions>, RegExp][] = [
    [
      'infinite',
      { learningRate: 1e300 },
      /learningRate: expected a number that float32 can hold, .* got 1e\+300/,
    ],
    ['zero', { learningRate: 1e-60 }, /learningRate: expected a number that float32 can hold/],
    [
      'decay',
      { optimizer: { type: 'adamw', weightDecay: 1e39 } },
      /optimizer\.weightDecay: expected a number that float32/,
    ],
    [
      'epsilon',
      { optimizer: { type: 'adam', epsilon: 1e200 } },
      /optimizer\.epsilon: expected a number that float32/,
    ],
  ]

  it.each(refused)('%s', async (_, options, message) => {
    const error = await failureOf(fit(classifier({ engine: 'simd' }), { train, ...options }))
    expect(error).toBeInstanceOf(UsageError)
    expect(error.message).toMatch(message)
  })

  it.each([1e300, NaN, Infinity])('%s in a custom loop', (rate) => {
    const net = classifier({ engine: 'simd' })
    const before = bitsOf(net)
    const optimizer = new Optimizer(net, { type: 'sgd' })
    expect(() => optimizer.update(rate)).toThrow(/expected a learning rate that is finite in float32/)
    expect(bitsOf(net)).toBe(before)
  })

  it('float64 holds them', async () => {
    const exact = classifier({ engine: 'reference', precision: 'float64' })
    const report = await fit(exact, { train, epochs: 1, learningRate: 1e-60 })
    expect(report.stopped).toBe('epochs')
  })
})
