/** CTC equals PyTorch's, its gradient that of finite differences, and a network learns to label with it. */
import { maximum } from '../../src/core/lists.ts'
import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { DataError, FormatError, ShapeError, UnsupportedError } from '../../src/core/errors.ts'
import type { EngineOptions } from '../../src/engine/engine.ts'
import { traceBatch } from '../../src/inspection/trace/traceBatch.ts'
import { dense } from '../../src/layers/dense.ts'
import { features } from '../../src/layers/features.ts'
import type { LossOptions } from '../../src/layers/loss.ts'
import { gru } from '../../src/layers/recurrent/factories.ts'
import { internalsOf, network as made, type Network } from '../../src/model/network.ts'
import { PackedBatch } from '../../src/tensors/packedBatch.ts'
import { arrayDataset } from '../../src/training/arrayDataset.ts'
import { evaluate } from '../../src/training/evaluate.ts'
import { fit } from '../../src/training/fit.ts'
import { expectClose } from '../closeTo.ts'
import { network } from '../networks.ts'
import { bitsOf } from '../training/trainingHelpers.ts'

interface Tensor {
  shape: number[]
  data: number[]
}

interface Case {
  name: string
  loss: LossOptions
  lengths: number[]
  labels: number[][]
  classes: number
  logits: Tensor[]
  value: number
  grad: Tensor[]
}

const { cases } = JSON.parse(readFileSync(new URL('../golden/ctc.json', import.meta.url), 'utf8')) as {
  cases: Case[]
}

const engines: (EngineOptions & { tolerance: number })[] = [
  { engine: 'simd', precision: 'float32', tolerance: 1e-5 },
  { engine: 'relaxed', precision: 'float32', tolerance: 1e-5 },
  { engine: 'reference', precision: 'float64', tolerance: 1e-10 },
]
const pass = { training: true, record: false, key: 0 }
const exact = { engine: 'reference', precision: 'float64' } as const

/** (B, T, C) with zeros beyond each length. */
function padded(rows: readonly Tensor[], classes: number): number[] {
  const steps = maximum(rows.map(({ shape }) => shape[0]))
  return rows.flatMap(({ data }) => [
    ...data,
    ...Array.from({ length: steps * classes - data.length }, () => 0),
  ])
}

function batchOf({ logits, classes, lengths }: Pick<Case, 'logits' | 'classes' | 'lengths'>): PackedBatch {
  return PackedBatch.ofFeatures(padded(logits, classes), [lengths.length, maximum(lengths), classes], lengths)
}

function logitsNetwork(classes: number, loss: LossOptions, engine: EngineOptions): Network {
  const net = network([{ type: 'features', width: classes }], { ...engine, loss, inputGradients: true })
  net.prepareTraining()
  return net
}

describe.each(engines)('$engine $precision', ({ tolerance, ...engine }) => {
  it.each(cases.map((item) => [item.name, item] as const))('%s', (_, item) => {
    const net = logitsNetwork(item.classes, item.loss, engine)
    const batch = batchOf(item)
    net.forward(batch, pass)
    const { mean } = net.backward(batch, { labels: item.labels }, pass)
    expectClose([mean], [item.value], tolerance * Math.max(1, item.value))
    expectClose(net.readInputGradient(batch), padded(item.grad, item.classes), tolerance)
  })
})

const shared = new URL('../../../../../shared/conformance/torch/functions.json', import.meta.url)

describe.skipIf(!existsSync(shared)).each(engines)(
  'shared case, $engine $precision',
  ({ tolerance, ...engine }) => {
    it('PyTorch’s value and gradient', () => {
      const { cases: all } = JSON.parse(readFileSync(shared, 'utf8')) as {
        cases: {
          name: string
          inputs: { x: Tensor }
          integers: { targets: { shape: number[]; data: number[] } }
          expected_f64: { value: number; grad: { x: Tensor } }
        }[]
      }
      const { inputs, integers, expected_f64: wanted } = all.find(({ name }) => name === 'ctc')!
      const [T, N, C] = inputs.x.shape
      /** (T, N, C) as (N, T, C). */
      const bySequence = ({ data }: Tensor) =>
        Array.from({ length: N }, (_, n) =>
          Array.from({ length: T }, (__, t) => data.slice((t * N + n) * C, (t * N + n + 1) * C)).flat(),
        ).flat()
      const net = logitsNetwork(C, { type: 'ctc', reduction: 'sum' }, engine)
      const batch = PackedBatch.ofFeatures(bySequence(inputs.x), [N, T, C], [7, 6])
      const width = integers.targets.shape.at(-1)!
      const labels = [3, 2].map((count, n) =>
        integers.targets.shape.length > 1
          ? integers.targets.data.slice(n * width, n * width + count)
          : integers.targets.data.slice(n * 3, n * 3 + count),
      )
      net.forward(batch, pass)
      const { mean } = net.backward(batch, { labels }, pass)
      expectClose([mean], [wanted.value], tolerance * wanted.value)
      // Steps beyond a length have no gradient.
      expectClose(net.readInputGradient(batch), bySequence(wanted.grad.x), tolerance)
    })
  },
)

describe('gradients', () => {
  it('through a network, by finite differences', () => {
    const layers = [
      { type: 'features', width: 2 },
      { type: 'recurrent', cell: 'lstm', units: 3 },
      { type: 'dense', units: 4 },
    ] as const
    const net = network(layers, { ...exact, loss: { type: 'ctc', blank: 3 } })
    net.prepareTraining()
    const x = Array.from({ length: 2 * 6 * 2 }, (_, i) => Math.sin(i * 1.3))
    const batch = PackedBatch.ofFeatures(x, [2, 6, 2], [6, 4])
    const targets = {
      labels: [
        [0, 1, 1],
        [2, 0],
      ],
    }
    net.zeroGradients()
    net.forward(batch, pass)
    net.backward(batch, targets, pass)
    const lossAt = () => {
      net.forward(batch)
      return net.loss(batch, targets).mean
    }
    for (const parameter of net.parameters) {
      const gradient = internalsOf(net).store.read(parameter, 'gradients')
      const values = internalsOf(net).store.read(parameter)
      const differences = values.map((value, i) => {
        const moved = (by: number) => {
          internalsOf(net).store.write(parameter, values.with(i, value + by))
          return lossAt()
        }
        const difference = (moved(1e-5) - moved(-1e-5)) / 2e-5
        internalsOf(net).store.write(parameter, values)
        return difference
      })
      expectClose(gradient, differences, 1e-8, parameter.name)
    }
  })

  it('of batches add up: the sum over parts is that of the whole', () => {
    const item = cases[0]
    const net = logitsNetwork(item.classes, item.loss, exact)
    const whole = batchOf(item)
    net.forward(whole, pass)
    const { mean, weight } = net.backward(whole, { labels: item.labels }, pass)
    let sum = 0
    item.logits.forEach((logits, i) => {
      const part = batchOf({ ...item, logits: [logits], lengths: [item.lengths[i]] })
      net.forward(part, pass)
      const value = net.backward(part, { labels: [item.labels[i]] }, pass, false, 'sum')
      sum += value.mean * value.weight
    })
    expect(sum / weight).toBeCloseTo(mean, 12)
  })
})

describe('training', () => {
  // Marks of one or two steps each, with noise between them, in an order to be read off.
  const make = (count: number, seed: number) => {
    const rows = Array.from({ length: count }, (_, i) => {
      const labels = [(i + seed) % 2, (i >> 1) % 2, (i >> 2) % 2].map((mark) => mark + 1)
      const steps = labels.flatMap((label) => [[0, 0], label === 1 ? [1, 0] : [0, 1], [0, 0]])
      return { labels, steps }
    })
    return arrayDataset({
      features: rows.map(({ steps }) => steps),
      targets: { labels: rows.map(({ labels }) => labels) },
    })
  }
  const train = make(16, 0)
  const layers = () => [features(2), gru(8), dense(3)]
  const options = { train, epochs: 40, batchSize: 8, learningRate: 0.03 } as const

  it('a network made by hand learns the labels', async () => {
    const net = made(layers(), { loss: { type: 'ctc' }, engine: 'simd' })
    const before = await evaluate(net, train)
    await fit(net, options)
    const { loss, accuracy } = await evaluate(net, train)
    expect(before.loss).toBeGreaterThan(1)
    expect(loss).toBeLessThan(0.1)
    expect(accuracy).toBeNull()
  })

  it('in several batches an update, resumed, with the same bits', async () => {
    const one = made(layers(), { loss: { type: 'ctc' }, engine: 'simd' })
    const states: Parameters<NonNullable<Parameters<typeof fit>[1]['checkpoint']>['write']>[0][] = []
    const half = { ...options, epochs: 4, batchSize: 4, accumulationSteps: 2 }
    await fit(one, { ...half, checkpoint: { everySteps: 3, write: (state) => void states.push(state) } })
    const two = made(layers(), { loss: { type: 'ctc' }, engine: 'simd', seed: 9 })
    await fit(two, { ...half, resume: states[0] })
    expect(bitsOf(two)).toBe(bitsOf(one))
    await expect(fit(two, { ...half, train: make(16, 1), resume: states[0] })).rejects.toThrow(FormatError)
  })
})

describe('refusals', () => {
  const [item] = cases
  const failure = (loss: LossOptions, labels: number[][] | undefined, lengths = item.lengths) => {
    const net = logitsNetwork(item.classes, loss, exact)
    const batch = batchOf({ ...item, lengths, logits: item.logits.slice(0, lengths.length) })
    net.forward(batch, pass)
    return () => net.backward(batch, labels ? { labels } : { classes: [1] }, pass)
  }

  it('labels that are missing, unknown, or the blank', () => {
    expect(failure({ type: 'ctc' }, undefined)).toThrow(/targets\.labels: a list of labels for each of 3/)
    expect(failure({ type: 'ctc' }, [[1], [2]])).toThrow(ShapeError)
    expect(failure({ type: 'ctc' }, [[1], [5], [1]])).toThrow(
      /sequence 1, label 0: expected a class from 0 to 4/,
    )
    expect(failure({ type: 'ctc' }, [[1], [1, 0], [1]])).toThrow(/other than the blank \(0\), got 0/)
    expect(failure({ type: 'ctc' }, [[1], [1.5], [1]])).toThrow(DataError)
  })

  it('more labels than steps, with what helps', () => {
    const long = [[1, 1, 2, 3, 4, 1, 2], [1], [1]]
    expect(failure({ type: 'ctc' }, long)).toThrow(
      /sequence 0: expected at least 8 steps for its 7 labels, got 7\. Pass `zeroInfinity: true`/,
    )
    expect(failure({ type: 'ctc', zeroInfinity: true }, long)).not.toThrow()
  })

  it('an output per sequence, a blank without a class, probabilities', () => {
    const head = (...more: Parameters<typeof network>[0]) =>
      network([{ type: 'features', width: 3 }, ...more], { loss: { type: 'ctc' } })
    expect(() => head({ type: 'pool', pooling: 'last' })).toThrow(/expected an output at every step/)
    expect(() => logitsNetwork(3, { type: 'ctc', blank: 3 }, exact)).toThrow(/one for the blank \(3\)/)
    expect(() => head({ type: 'activation', activation: 'softmax' })).toThrow(/expected logits/)
    expect(() => head({ type: 'activation', activation: 'logSoftmax' })).not.toThrow()
    expect(() => logitsNetwork(3, { type: 'ctc', delta: 1 } as LossOptions, exact)).toThrow(FormatError)
    expect(() => logitsNetwork(3, { type: 'ctc', reduction: 'none' as never }, exact)).toThrow(
      /mean, sum|"mean"/,
    )
  })

  it('masked steps, and traces', () => {
    const layers = [
      { type: 'features', width: 3 },
      { type: 'masking', value: 0 },
    ] as never
    const masked = () => {
      const net = network(layers, { loss: { type: 'ctc' } })
      const batch = PackedBatch.ofFeatures([1, 2, 3, 0, 0, 0], [1, 2, 3])
      net.forward(batch)
      net.loss(batch, { labels: [[1]] })
    }
    expect(masked).toThrow(UnsupportedError)
    const net = made([features(2), gru(3), dense(3)], { loss: { type: 'ctc' } })
    const batch = PackedBatch.ofFeatures([1, 2, 3, 4], [1, 2, 2])
    expect(() => traceBatch(net, batch, { labels: [[1]] })).toThrow(/CTC, whose paths/)
  })
})
