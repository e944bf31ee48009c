/** LSTMs with a projection: PyTorch's numbers and gradients, streams to the bit, training, files. */
import { backwardFrom } from '../../src/model/backwardFrom.ts'
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { FormatError, UnsupportedError } from '../../src/core/errors.ts'
import type { EngineOptions } from '../../src/engine/engine.ts'
import { parallelism } from '../../src/engine/threads/executor.ts'
import { dense } from '../../src/layers/dense.ts'
import { embedding } from '../../src/layers/embedding.ts'
import { features } from '../../src/layers/features.ts'
import { oneHot } from '../../src/layers/oneHot.ts'
import { lstm } from '../../src/layers/recurrent/factories.ts'
import { allLayers } from '../../src/model/allLayers.ts'
import { internalsOf, network as made, networkFromConfig, type Network } from '../../src/model/network.ts'
import { PackedBatch } from '../../src/tensors/packedBatch.ts'
import { fit } from '../../src/training/fit.ts'
import { expectClose } from '../closeTo.ts'
import { network } from '../networks.ts'
import { bitsOf, firstMark, VOCABULARY } from '../training/trainingHelpers.ts'

interface Tensor {
  shape: number[]
  data: number[]
}

interface Case {
  name: string
  options: { units: number; projectionSize: number; direction: 'forward' | 'bidirectional' }
  lengths: number[]
  x: Tensor
  coefficients: Tensor
  output: Tensor
  dx: Tensor
  weights: Record<string, Tensor>
  gradients: Record<string, Tensor>
}

const { cases } = JSON.parse(readFileSync(new URL('../golden/projection.json', import.meta.url), 'utf8')) as {
  cases: Case[]
}

const engines: (EngineOptions & { tolerance: number })[] = [
  { engine: 'simd', precision: 'float32', tolerance: 2e-5 },
  { engine: 'relaxed', precision: 'float32', tolerance: 2e-5 },
  { engine: 'reference', precision: 'float64', tolerance: 2e-10 },
]
const exact = { engine: 'reference', precision: 'float64' } as const
const pass = { training: true, record: false, key: 0 }
const own = (name: string) => name.replace(/^projectedLstm\.0\./, '')

describe.each(engines)('PyTorch, $engine $precision', ({ tolerance, ...engine }) => {
  it.each(cases.map((item) => [item.name, item] as const))('%s', (_, item) => {
    const layers = [
      { type: 'features', width: item.x.shape[2] },
      { type: 'projectedLstm', ...item.options },
    ] as const
    const weights = ({ name }: { name: string }) => item.weights[own(name)].data
    const net = network(layers, { ...engine, weights, inputGradients: true })
    net.prepareTraining()
    const batch = PackedBatch.ofFeatures(item.x.data, item.x.shape as [number, number, number], item.lengths)
    // Twice: nothing may remain of the pass before.
    for (let time = 0; time < 2; time++) {
      net.zeroGradients()
      net.forward(batch, pass)
      backwardFrom(net, batch, item.coefficients.data, pass)
    }
    expectClose(net.readOutput(batch), item.output.data, tolerance)
    expectClose(net.readInputGradient(batch), item.dx.data, tolerance)
    expect(net.parameters.map(({ name }) => own(name)).toSorted()).toEqual(
      Object.keys(item.weights).toSorted(),
    )
    for (const parameter of net.parameters) {
      const wanted = item.gradients[own(parameter.name)]
      expect(parameter.shape).toEqual(wanted.shape)
      expectClose(internalsOf(net).store.read(parameter, 'gradients'), wanted.data, tolerance, parameter.name)
    }
  })
})

const loss = { type: 'softmaxCrossEntropy' } as const
const build: Record<string, (options?: EngineOptions & { seed?: number }) => Network> = {
  embedding: (options) =>
    made(
      [
        embedding({ vocabulary: VOCABULARY, size: 4 }),
        lstm(7, { projectionSize: 3 }),
        lstm(6, { projectionSize: 2, returnSequences: false }),
        dense(2),
      ],
      { ...options, loss },
    ),
  'one-hot, both ways': (options) =>
    made(
      [
        oneHot({ vocabulary: VOCABULARY }),
        lstm(5, { projectionSize: 3, direction: 'bidirectional', returnSequences: false }),
        dense(2),
      ],
      { ...options, loss },
    ),
  'reverse over an LSTM': (options) =>
    made(
      [
        embedding({ vocabulary: VOCABULARY, size: 4 }),
        lstm(4),
        lstm(5, { projectionSize: 4, direction: 'reverse', returnSequences: false, bias: false }),
        dense(2),
      ],
      { ...options, loss },
    ),
}

describe.each(Object.keys(build))('%s', (name) => {
  const train = firstMark(48, 3)

  it('gradients are those of finite differences', () => {
    const net = build[name](exact)
    net.prepareTraining()
    const { batch, targets } = train.batch(Int32Array.of(0, 1, 2, 3))
    net.zeroGradients()
    net.forward(batch, pass)
    net.backward(batch, targets, pass)
    for (const parameter of net.parameters) {
      const gradient = internalsOf(net).store.read(parameter, 'gradients')
      const values = internalsOf(net).store.read(parameter)
      const lossWith = (i: number, by: number) => {
        internalsOf(net).store.write(parameter, values.with(i, values[i] + by))
        net.forward(batch)
        return net.loss(batch, targets).mean
      }
      const differences = values.map((_, i) => (lossWith(i, 1e-5) - lossWith(i, -1e-5)) / 2e-5)
      internalsOf(net).store.write(parameter, values)
      expectClose(gradient, differences, 1e-8, parameter.name)
    }
  })

  it('learns, with the same bits on any number of threads', async () => {
    const usual = { ...parallelism }
    Object.assign(parallelism, { minWork: 1, eager: true })
    const run = async (threads: number) => {
      const net = build[name]({ engine: 'simd', threads })
      const report = await fit(net, { train, epochs: 25, batchSize: 8, learningRate: 0.03 })
      const bits = bitsOf(net)
      net.dispose()
      return { bits, accuracy: report.history.at(-1)!.trainAccuracy! }
    }
    const [one, two] = [await run(1), await run(2)]
    Object.assign(parallelism, usual)
    expect(two.bits).toBe(one.bits)
    expect(one.accuracy).toBeGreaterThan(0.9)
  })
})

describe('streams', () => {
  it.each(['simd', 'relaxed', 'reference'] as const)('%s: the bits of forward', (engine) => {
    const net = made([features(3), lstm(6, { projectionSize: 2 }), dense(4)], { engine, seed: 4 })
    const steps = Array.from({ length: 7 }, (_, t) => [Math.sin(t), Math.cos(t), t / 7])
    const batch = PackedBatch.ofFeatures(steps.flat(), [1, 7, 3])
    net.forward(batch)
    const whole = net.readOutput(batch)
    const stream = net.stream()
    const pushed = steps.map((step) => Array.from(stream.push(step)))
    expect(pushed.flat()).toEqual(Array.from(whole))
  })

  it('many at once, saved and restored', () => {
    const net = made([embedding({ vocabulary: 5, size: 3 }), lstm(4, { projectionSize: 2 }), dense(2)], {
      engine: 'simd',
    })
    const one = net.stream()
    for (const id of [1, 2, 3]) one.push(id)
    const state = one.save()
    const after = Array.from(one.push(4))
    const other = net.stream()
    other.restore(state)
    expect(Array.from(other.push(4))).toEqual(after)
  })

  it('are refused from the end', () => {
    const net = made([features(2), lstm(4, { projectionSize: 2, direction: 'reverse' })])
    expect(() => net.stream()).toThrow(UnsupportedError)
  })
})

describe('as data', () => {
  it('survives the configuration; a projection is narrower than the units', () => {
    const net = build['one-hot, both ways']()
    expect(networkFromConfig(net.config, allLayers).config).toEqual(net.config)
    const of = (projectionSize: number) => () => made([features(2), lstm(4, { projectionSize })])
    for (const size of [4, 5, 0, -1, 1.5]) expect(of(size)).toThrow(FormatError)
    expect(() => made([features(2), lstm(4, { projectionSize: 2, merge: 'sum' } as never)])).toThrow(/merge/)
  })

  it('masked steps are refused', () => {
    const layers = [
      { type: 'features', width: 2 },
      { type: 'masking', value: 0 },
      { type: 'projectedLstm', units: 3, projectionSize: 2 },
    ] as never
    const net = network(layers)
    expect(() => net.forward(PackedBatch.ofFeatures([1, 2, 0, 0], [1, 2, 2]))).toThrow(
      /expected a batch without masked steps/,
    )
  })

  it('has its width in the summary', () => {
    const [, { type, outputShape, parameters }] = build.embedding().summary().layers
    expect({ type, outputShape }).toEqual({ type: 'projectedLstm', outputShape: ['batch', 'timesteps', 3] })
    expect(parameters).toBe(4 * 7 * (4 + 3 + 2) + 3 * 7)
  })
})
