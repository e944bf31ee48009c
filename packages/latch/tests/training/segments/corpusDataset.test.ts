/** A corpus in segments: each token counts once, states go on, runs resume to the bit and threads change nothing. */
import { describe, expect, it } from 'vitest'
import { decodeModel, encodeModel } from '../../../src/formats/latch/modelFile.ts'
import { DataError, FormatError, UnsupportedError, UsageError } from '../../../src/core/errors.ts'
import { Random } from '../../../src/core/random.ts'
import type { LayerOptions } from '../../../src/model/config.ts'
import { CarriedStates } from '../../../src/model/carriedStates.ts'
import type { Network } from '../../../src/model/network.ts'
import { PackedBatch } from '../../../src/tensors/packedBatch.ts'
import type { SavedState, TrainingState } from '../../../src/training/checkpoint.ts'
import { corpusDataset } from '../../../src/training/segments/corpusDataset.ts'
import { evaluate } from '../../../src/training/evaluate.ts'
import { fit, type FitOptions } from '../../../src/training/fit.ts'
import { Optimizer } from '../../../src/training/optimizer.ts'
import { network } from '../../networks.ts'
import { bitsOf } from '../trainingHelpers.ts'

const VOCABULARY = 9
const random = new Random(3, 'corpus')
const ids = Array.from({ length: 2 + 5 * 17 }, (_, i) => (i % 3 ? (i * 2) % 7 : random.integer(VOCABULARY)))

const layers = (units = 6): LayerOptions[] => [
  { type: 'embedding', vocabulary: VOCABULARY, size: 4 },
  { type: 'recurrent', cell: 'lstm', units },
  { type: 'dropout', rate: 0.2 },
  { type: 'recurrent', cell: 'gru', units: 5 },
  { type: 'dense', units: VOCABULARY },
]

const model = (seed = 1, more: object = {}, units?: number) =>
  network(layers(units), { seed, loss: { type: 'softmaxCrossEntropy' }, ...more })

describe('a corpus in segments', () => {
  it('has every token but the first as a target once, in parts that go on', () => {
    for (const length of [6, 7, 40, 86, 87]) {
      const data = corpusDataset({ ids: ids.slice(0, length), batchSize: 5, steps: 4 })
      const parts: number[][] = []
      const targets: number[] = []
      data.segments!.forEach(({ rows, continues }, k) => {
        expect([...continues]).toEqual(Array.from(rows, (_, b) => (k === 0 ? -1 : b)))
        const sample = data.batch(rows)
        const { stepClasses } = sample.targets
        sample.batch.eachRow((row, b, t) => {
          ;(parts[b] ??= []).push(sample.batch.ids![row])
          targets.push(stepClasses![b][t])
        })
      })
      expect(targets).toHaveLength(length - 1)
      const lengths = parts.map((part) => part.length)
      expect(Math.max(...lengths) - Math.min(...lengths)).toBeLessThanOrEqual(1)
      const sorted = (list: readonly number[]) => [...list].sort((a, b) => a - b)
      expect(sorted(targets)).toEqual(sorted(ids.slice(1, length)))
      expect(sorted(parts.flat())).toEqual(sorted(ids.slice(0, length - 1)))
    }
  })

  it('evaluates as the whole parts do, whatever the length of the segments', async () => {
    const net = model(1, { engine: 'reference', precision: 'float64' })
    const losses: number[] = []
    for (const steps of [1, 3, 8, 100]) {
      const { loss, n } = await evaluate(net, corpusDataset({ ids, batchSize: 5, steps }))
      expect(n).toBe(ids.length - 1)
      losses.push(loss)
    }
    for (const loss of losses) expect(loss).toBeCloseTo(losses[3], 12)
  })

  it('has the gradient of truncated backpropagation: float64 differences with the states held', () => {
    const net = model(1, { engine: 'reference', precision: 'float64' })
    const data = corpusDataset({ ids, batchSize: 3, steps: 5 })
    const [first, second] = data.segments!.map(({ rows }) => data.batch(rows))
    const pass = { training: true, record: false, key: 4 }
    const carried = new CarriedStates(net)
    net.prepareTraining()
    net.forward(first.batch, pass)
    carried.read(first.batch)
    const loss = () => {
      carried.write(second.batch)
      net.forward(second.batch, pass)
      return net.loss(second.batch, second.targets).mean
    }
    const zero = (net.forward(second.batch, pass), net.loss(second.batch, second.targets).mean)
    expect(loss()).not.toBe(zero)
    net.zeroGradients()
    net.backward(second.batch, second.targets, pass)
    for (const { name } of net.parameters) {
      const gradient = net.readParameter(name, 'gradients')
      const weights = net.readParameter(name)
      for (let i = 0; i < weights.length; i += 1 + Math.floor(weights.length / 7)) {
        const [up, down] = [1e-5, -1e-5].map((h) => {
          const changed = weights.slice()
          changed[i] += h
          net.writeParameter(name, changed)
          return loss()
        })
        net.writeParameter(name, weights)
        expect(gradient[i]).toBeCloseTo((up - down) / 2e-5, 7)
      }
    }
  })

  it('trains as a loop by hand does, to the bit', async () => {
    const train = corpusDataset({ ids, batchSize: 5, steps: 4 })
    const [one, other] = [model(), model()]
    await fit(one, { train, epochs: 2, optimizer: { type: 'sgd' }, learningRate: 0.1, seed: 2 })
    const optimizer = new Optimizer(other, { type: 'sgd' })
    const { mixKey } = await import('../../../src/core/random.ts')
    for (let epoch = 0; epoch < 2; epoch++) {
      const carried = new CarriedStates(other)
      train.segments!.forEach(({ rows }, i) => {
        const { batch, targets } = train.batch(rows)
        const pass = { training: true, record: false, key: mixKey(2, epoch, i) }
        carried.write(batch)
        other.zeroGradients()
        other.forward(batch, pass)
        carried.read(batch)
        other.backward(batch, targets, pass)
        optimizer.update(0.1)
      })
    }
    expect(bitsOf(one)).toBe(bitsOf(other))
  })
})

const common = {
  train: corpusDataset({ ids, batchSize: 5, steps: 4 }),
  validation: corpusDataset({ ids: ids.slice(0, 30), batchSize: 2, steps: 6 }),
  epochs: 3,
  clipNorm: 1,
  ema: 0.9,
  patience: 3,
} satisfies FitOptions

function throughBytes({ document, tensors }: TrainingState): SavedState {
  const bytes = encodeModel({ format: 'latch', version: 1, task: 'test', training: document }, tensors)
  const content = decodeModel(bytes)
  return { document: content.document.training, tensors: content.tensors.values() }
}

async function watched(net: Network, options: Partial<FitOptions> = {}): Promise<TrainingState[]> {
  const states: TrainingState[] = []
  const checkpoint = { everySteps: 1, write: (state: TrainingState) => void states.push(state) }
  await fit(net, { ...common, ...options, checkpoint })
  return states
}

describe('training on segments', () => {
  it.each([1, 2, 3])('resumes at every step to the same bits, with %i batches an update', async (count) => {
    const options = { accumulationSteps: count }
    const whole = model()
    const states = await watched(whole, options)
    expect(states).toHaveLength(3 * Math.ceil(5 / count))
    for (const state of states) {
      const resumed = model(99)
      await fit(resumed, { ...common, ...options, resume: throughBytes(state) })
      expect(bitsOf(resumed)).toBe(bitsOf(whole))
    }
  })

  it('refuses a state without the carried ones, or with those of another shape', async () => {
    const [, state] = await watched(model())
    const saved = throughBytes(state)
    const tensors = [...saved.tensors]
    const names = tensors.flatMap(({ name }) => (name.startsWith('states/') ? [name] : []))
    expect(names.sort()).toEqual([
      'states/recurrent.0.cell',
      'states/recurrent.0.hidden',
      'states/recurrent.1.hidden',
    ])
    const without = { ...saved, tensors: tensors.filter(({ name }) => name !== names[0]) }
    const resume = (given: SavedState) => fit(model(), { ...common, resume: given })
    await expect(resume(without)).rejects.toThrow(/tensor states\/recurrent\.0\.cell: .*none/)
    const other = {
      ...saved,
      tensors: tensors.map((t) => (t.name === names[2] ? { ...t, shape: [5, 4] } : t)),
    }
    await expect(resume(other)).rejects.toBeInstanceOf(FormatError)
  })

  it('has the same bits with 1, 2 and 3 threads', async () => {
    const bits: string[] = []
    for (const threads of [1, 2, 3]) {
      const net = model(1, { threads }, 48)
      await fit(net, { ...common, train: corpusDataset({ ids, batchSize: 16, steps: 5 }), epochs: 1 })
      bits.push(bitsOf(net))
      net.dispose()
    }
    expect(bits[1]).toBe(bits[0])
    expect(bits[2]).toBe(bits[0])
  })

  it('has the same bits when a step’s onStep runs the network, and with fewer steps in memory', async () => {
    const [plain, disturbed, sparing] = [model(), model(), model()]
    await fit(plain, common)
    const batch = PackedBatch.ofIds([[1, 2, 3]])
    await fit(disturbed, { ...common, onStep: () => void disturbed.forward(batch) })
    await fit(sparing, { ...common, checkpointSteps: 2 })
    expect(bitsOf(disturbed)).toBe(bitsOf(plain))
    expect(bitsOf(sparing)).toBe(bitsOf(plain))
  })

  it('refuses networks that cannot carry states, and another batch size', async () => {
    const reversed = network(
      [
        { type: 'embedding', vocabulary: VOCABULARY, size: 4 },
        { type: 'recurrent', cell: 'gru', units: 4, direction: 'bidirectional' },
        { type: 'dense', units: VOCABULARY },
      ],
      { loss: { type: 'softmaxCrossEntropy' } },
    )
    await expect(fit(reversed, common)).rejects.toThrow(UnsupportedError)
    await expect(evaluate(reversed, common.train)).rejects.toThrow(/read forwards.*recurrent\.0/)
    await expect(fit(model(), { ...common, batchSize: 6 })).rejects.toThrow(
      /batchSize: expected 5, the batch size of the dataset of segments, got 6/,
    )
  })

  it('refuses bad corpora and options', () => {
    const refused = (options: object, error: object, message: RegExp) => {
      const call = () => corpusDataset({ ids, ...options })
      expect(call).toThrow(error as never)
      expect(call).toThrow(message)
    }
    refused({ ids: [1] }, DataError, /at least 33 tokens.*got 1. Add text/)
    refused({ ids: ids.slice(0, 9) }, DataError, /corpus: expected at least 33 tokens.*got 9/)
    refused({ ids: [1, 2.5, 3] }, DataError, /token 1: expected a token id .*got 2\.5/)
    refused({ ids: [1, -1] }, DataError, /token 1: .*got -1/)
    refused({ ids: 'abc' }, DataError, /an array of token ids/)
    refused({ batchSize: 0 }, UsageError, /batchSize/)
    refused({ steps: 1.5 }, UsageError, /steps/)
    refused({ step: 1 }, UsageError, /corpusDataset option step/)
  })
})
