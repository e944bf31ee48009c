/** A run stopped at any step and resumed from its checkpoint ends with the same bits as one never stopped. */
import { describe, expect, it } from 'vitest'
import { decodeModel, encodeModel } from '../../src/formats/latch/modelFile.ts'
import { FormatError } from '../../src/core/errors.ts'
import type { Network } from '../../src/model/network.ts'
import type { SavedState, TrainingState } from '../../src/training/checkpoint.ts'
import type { EpochRecord, FitReport } from '../../src/training/events.ts'
import { fit, type FitOptions } from '../../src/training/fit.ts'
import { everyOptimizer } from './optimizers/everyOptimizer.ts'
import { bitsOf, classifier, firstMark } from './trainingHelpers.ts'

const train = firstMark(37, 1, 0.1)
const validation = firstMark(20, 2, 0.1)

/** Everything that has a state, switched on: 5 steps an epoch, at most 4 epochs. */
const common = {
  train,
  validation,
  epochs: 4,
  batchSize: 8,
  pool: 2,
  ema: 0.9,
  patience: 2,
  clipNorm: 0.5,
  seed: 5,
} satisfies FitOptions

const runs: [string, Partial<FitOptions>][] = [
  [
    'sgd',
    { optimizer: { type: 'sgd' }, learningRate: 0.5, schedule: { type: 'step', stepSize: 1, gamma: 0.7 } },
  ],
  [
    'sgd with nesterov momentum',
    {
      optimizer: { type: 'sgd', momentum: 0.9, nesterov: true, weightDecay: 0.001 },
      learningRate: 0.1,
      schedule: { type: 'oneCycle', totalSteps: 20 },
    },
  ],
  [
    'rmsprop',
    { optimizer: { type: 'rmsprop' }, schedule: { type: 'exponential', gamma: 0.95, per: 'step' } },
  ],
  [
    'adagrad',
    { optimizer: { type: 'adagrad' }, learningRate: 0.1, schedule: { type: 'constant', warmup: 7 } },
  ],
  [
    'adam',
    {
      optimizer: { type: 'adam' },
      learningRate: 0.02,
      schedule: { type: 'plateau', patience: 0, threshold: 0.5 },
    },
  ],
  [
    'adamw',
    { optimizer: { type: 'adamw' }, learningRate: 0.02, schedule: { type: 'cosine', tMax: 4, warmup: 3 } },
  ],
  [
    'adam, plateau with cooldown',
    {
      optimizer: { type: 'adam' },
      learningRate: 0.05,
      schedule: { type: 'plateau', patience: 0, threshold: 0.5, cooldown: 2, thresholdMode: 'abs' },
      patience: null,
    },
  ],
  ['adam, milestones', { schedule: { type: 'multiStep', milestones: [2, 5], per: 'step' } }],
  ...everyOptimizer.map(([name, optimizer]): [string, Partial<FitOptions>] => [
    `${name}, sparse`,
    { optimizer, learningRate: 0.02, epochs: 2, sparseEmbeddings: true },
  ]),
]

const network = (seed = 1) => classifier({ dropout: 0.4, seed })

/** As a checkpoint goes through a file. */
function throughBytes({ document, tensors }: TrainingState): SavedState {
  const bytes = encodeModel({ format: 'latch', version: 1, task: 'test', training: document }, tensors)
  const content = decodeModel(bytes)
  return { document: content.document.training, tensors: content.tensors.values() }
}

function withoutSeconds(history: EpochRecord[]): Omit<EpochRecord, 'seconds'>[] {
  return history.map(({ seconds: _, ...rest }) => rest)
}

function expectSame(got: FitReport, gotNetwork: Network, wanted: FitReport, wantedBits: string): void {
  expect(bitsOf(gotNetwork)).toBe(wantedBits)
  expect(withoutSeconds(got.history)).toEqual(withoutSeconds(wanted.history))
  expect({ ...got, history: 0, seconds: 0 }).toEqual({ ...wanted, history: 0, seconds: 0 })
}

describe('resumed at every step', () => {
  it.each(runs)('%s', async (_, options) => {
    const whole = network()
    const report = await fit(whole, { ...common, ...options })
    const bits = bitsOf(whole)

    const states: TrainingState[] = []
    const watched = network()
    const write = (state: TrainingState) => void states.push(state)
    expectSame(
      await fit(watched, { ...common, ...options, checkpoint: { everySteps: 1, write } }),
      watched,
      report,
      bits,
    )
    expect(states).toHaveLength(report.steps)

    for (const state of states) {
      // Other initial weights: everything must come from the state.
      const resumed = network(99)
      const again = await fit(resumed, { ...common, ...options, resume: throughBytes(state) })
      expectSame(again, resumed, report, bits)
    }
  })

  it('covers early stopping and runs to the end', async () => {
    const reports = await Promise.all(runs.map(([, options]) => fit(network(), { ...common, ...options })))
    expect(new Set(reports.map(({ stopped }) => stopped))).toEqual(new Set(['epochs', 'patience']))
  })

  it('on the reference engine in float64', async () => {
    const make = (seed: number) =>
      classifier({ dropout: 0.4, seed, engine: 'reference', precision: 'float64' })
    const whole = make(1)
    const states: TrainingState[] = []
    const checkpoint = { everySteps: 7, write: (state: TrainingState) => void states.push(state) }
    const report = await fit(whole, { ...common, checkpoint })
    for (const state of states) {
      const resumed = make(2)
      expectSame(
        await fit(resumed, { ...common, resume: throughBytes(state) }),
        resumed,
        report,
        bitsOf(whole),
      )
    }
  })
})

describe('stopped by a signal', () => {
  it.each([0, 1, 4, 5, 11])('after %i steps: checkpoint, then the same bits', async (steps) => {
    const whole = network()
    const report = await fit(whole, common)
    const stop = new AbortController()
    let saved: TrainingState | undefined
    if (steps === 0) stop.abort()
    const write = (state: TrainingState) => {
      if (state.document.progress.steps === steps) stop.abort()
      saved = state
    }
    const checkpoint = { everySteps: 1, write }
    const partly = await fit(network(), { ...common, signal: stop.signal, checkpoint })
    expect(partly.stopped).toBe('aborted')
    expect(partly.steps).toBe(steps)
    const resumed = network(3)
    expectSame(
      await fit(resumed, { ...common, resume: throughBytes(saved!) }),
      resumed,
      report,
      bitsOf(whole),
    )
  })

  it('yielding to the event loop does not change results', async () => {
    const [one, other] = [network(), network()]
    const ticking = setInterval(() => {}, 1)
    await Promise.all([fit(one, common), fit(other, common)])
    clearInterval(ticking)
    expect(bitsOf(one)).toBe(bitsOf(other))
  })

  it('more epochs can follow', async () => {
    const states: TrainingState[] = []
    const options = { ...common, patience: null, validation: null }
    const checkpoint = { everySteps: 5, write: (state: TrainingState) => void states.push(state) }
    await fit(network(), { ...options, epochs: 2, checkpoint })
    const [resumed, whole] = [network(2), network()]
    await fit(resumed, { ...options, epochs: 4, resume: states[states.length - 1] })
    await fit(whole, { ...options, epochs: 4 })
    expect(bitsOf(resumed)).toBe(bitsOf(whole))
  })
})

describe('rejects a state of another run', () => {
  const states: TrainingState[] = []
  const checkpoint = { everySteps: 7, write: (state: TrainingState) => void states.push(state) }
  const saved = fit(network(), { ...common, checkpoint })

  async function refusal(
    change: (state: TrainingState) => void,
    options: Partial<FitOptions> = {},
    net = network(),
  ) {
    await saved
    const state = structuredClone(states[0])
    change(state)
    const before = bitsOf(net)
    const error = await fit(net, { ...common, ...options, resume: state }).then(
      () => null,
      (e: unknown) => e,
    )
    expect(error).toBeInstanceOf(FormatError)
    // Nothing was written before all was checked.
    expect(bitsOf(net)).toBe(before)
    return (error as Error).message
  }
  const same = () => {}

  it('other data', async () => {
    expect(await refusal(same, { train: firstMark(37, 8) })).toMatch(/document\.data\.train.*same train data/)
    expect(await refusal(same, { validation: firstMark(20, 8) })).toMatch(/document\.data\.validation/)
  })

  it('other options', async () => {
    expect(await refusal(same, { batchSize: 9 })).toMatch(/document\.options\.batchSize: expected 9, got 8/)
    expect(await refusal(same, { optimizer: { type: 'sgd' } })).toMatch(
      /document\.options\.optimizer.*sgd.*adam/,
    )
    expect(await refusal(same, { seed: 6 })).toMatch(/document\.options\.seed: expected 6, got 5/)
  })

  it('another network or engine', async () => {
    expect(await refusal(same, {}, classifier({ dropout: 0.3 }))).toMatch(/document\.network/)
    const other = network().engine.name === 'reference' ? 'simd' : 'reference'
    expect(await refusal(same, {}, classifier({ dropout: 0.4, engine: other }))).toMatch(
      new RegExp(`document\\.engine: expected "${other}", got`),
    )
  })

  it('tensors that are missing, misshapen or of another type', async () => {
    expect(await refusal((s) => void s.tensors.pop())).toMatch(
      /tensor best\/dense\.0\.bias: expected a tensor/,
    )
    expect(await refusal((s) => void (s.tensors[0].shape = [5, 12]))).toMatch(
      /expected shape \(12,5\), got shape \(5,12\)/,
    )
    expect(await refusal((s) => void (s.tensors[0].data = new Float32Array(3)))).toMatch(
      /expected 60 numbers, got 3/,
    )
    expect(await refusal((s) => void (s.tensors[0].data = new Float64Array(60)))).toMatch(
      /expected a Float32Array/,
    )
  })

  it('every field that is absent or wrong', async () => {
    await saved
    const walk = (value: object, path: string[]): string[][] =>
      Object.entries(value).flatMap(([key, item]) =>
        item !== null && typeof item === 'object'
          ? [[...path, key], ...walk(item as object, [...path, key])]
          : [[...path, key]],
      )
    const nullable = ['best', 'trainAccuracy', 'validationLoss', 'validationAccuracy', 'accuracy']
    for (const path of walk(states[0].document, [])) {
      const name = path[path.length - 1]
      const at = (state: TrainingState) =>
        path
          .slice(0, -1)
          .reduce<Record<string, unknown>>(
            (o, key) => o[key] as Record<string, unknown>,
            state.document as never,
          )
      await refusal((state) => void (at(state)[name] = { strange: true }))
      if (path[0] === 'progress' && !nullable.includes(name))
        await refusal((state) => void (at(state)[name] = null))
    }
    expect(await refusal((s) => void (s.document.progress.step = 6))).toMatch(
      /progress\.step: expected a whole number from 0 to 5/,
    )
    expect(await refusal((s) => void (s.document.progress.steps = 6))).toMatch(/progress\.steps: expected 7/)
  })
})
