/** NT-ASGD: when its mean begins, what it is the mean of, resumes to the bit, and what is refused. */
import { describe, expect, it } from 'vitest'
import { decodeModel, encodeModel } from '../../../src/formats/latch/modelFile.ts'
import { UsageError } from '../../../src/core/errors.ts'
import { languageModel } from '../../../src/tasks/languageModel/languageModel.ts'
import type { TrainingState } from '../../../src/training/checkpoint.ts'
import { meanBegins } from '../../../src/training/ema.ts'
import { fit } from '../../../src/training/fit.ts'
import { corpusDataset } from '../../../src/training/segments/corpusDataset.ts'
import { network } from '../../networks.ts'
import { bitsOf } from '../trainingHelpers.ts'

describe('the mean begins', () => {
  it.each([
    [[5, 4, 3, 2, 1, 1, 1, 1], null],
    [[5, 4, 3, 2, 1, 1, 6], 7],
    [[5, 4, 3, 2, 1, 1, 5], null],
    [[1, 2, 2, 2, 2, 2, 1, 1.5], 8],
    [[1, 2, 2, 2, 2, 2, 1.1, 1], 7],
    [[1, 2, 3, 4, 5, 6], null],
  ])('%j: after epoch %s', (losses, epoch) => {
    expect(meanBegins(losses, 10)).toBe(epoch === null ? null : epoch * 10)
  })
})

const ids = Array.from({ length: 90 }, (_, i) => (i * i + (i % 5)) % 7)
const model = (seed = 1) =>
  network(
    [
      { type: 'embedding', vocabulary: 7, size: 4 },
      { type: 'recurrent', cell: 'gru', units: 5 },
      { type: 'dense', units: 7 },
    ],
    { seed, loss: { type: 'softmaxCrossEntropy' } },
  )
const options = {
  train: corpusDataset({ ids, batchSize: 4, steps: 6 }),
  // Of other data: its loss soon rises.
  validation: corpusDataset({ ids: ids.map((id) => 6 - id), batchSize: 2, steps: 6 }),
  epochs: 9,
  optimizer: { type: 'sgd' },
  learningRate: 1,
  ema: 'ntAsgd',
} as const

describe('training with it', () => {
  it('keeps the mean of all weights since then, and validates it', async () => {
    const net = model()
    const seen: Float64Array[] = []
    const onStep = () => {
      seen.push(Float64Array.from(net.readParameter('dense.0.weight')))
    }
    const { history, kept } = await fit(net, { ...options, onStep, validation: options.validation })
    const perEpoch = options.train.segments!.length
    const begins = meanBegins(
      history.map(({ validationLoss }) => validationLoss),
      perEpoch,
    )
    expect(begins).toBe(7 * perEpoch)
    expect(kept).toBe('best')
    // The last validation was of the mean: a network with it has the same loss.
    const states: TrainingState[] = []
    const write = (state: TrainingState) => void states.push(state)
    await fit(model(), { ...options, checkpoint: { everySteps: 9 * perEpoch, write } })
    const average = [...states.at(-1)!.tensors].find(({ name }) => name === 'ema/dense.0.weight')!
    const mean = seen
      .slice(begins!)
      .reduce((sum, weights) => sum.map((x, i) => x + weights[i]), new Float64Array(35))
      .map((x) => x / (9 * perEpoch - begins!))
    const found = average.data as ArrayLike<number>
    mean.forEach((x, i) => expect(found[i]).toBeCloseTo(x, 5))
  })

  it('resumes before and after it begins to the same bits', async () => {
    const states: TrainingState[] = []
    const whole = model()
    const write = (state: TrainingState) => void states.push(state)
    await fit(whole, { ...options, checkpoint: { everySteps: 5, write } })
    for (const { document, tensors } of states) {
      const bytes = encodeModel({ format: 'latch', version: 1, task: 'test', training: document }, tensors)
      const content = decodeModel(bytes)
      const resumed = model(9)
      await fit(resumed, {
        ...options,
        resume: { document: content.document.training, tensors: content.tensors.values() },
      })
      expect(bitsOf(resumed)).toBe(bitsOf(whole))
    }
  })

  it('is an option of models, which then have no patience by default', async () => {
    const one = languageModel({ units: 4, embedding: 3, engine: 'simd', threads: 1 })
    const report = await one.fit('abcabcabdabc'.repeat(6), { epochs: 8, batchSize: 2, ema: 'ntAsgd' })
    expect(report.epochs).toBe(8)
  })

  it('refuses runs in which it cannot begin', async () => {
    const refused = async (more: object, message: RegExp) => {
      const run = () => fit(model(), { ...options, ...more })
      await expect(run()).rejects.toThrow(UsageError)
      await expect(run()).rejects.toThrow(message)
    }
    await refused({ validation: null }, /ema: expected `validation` data for ntAsgd, got no validation data/)
    await refused({ patience: 5 }, /patience: expected more than 5 epochs or null.*got 5/)
    await refused({ ema: 'mean' }, /ema: expected a decay above 0 and below 1, ntAsgd, or null, got mean/)
  })
})
