/** The row of `paddingIdx`: zeros at first, without a gradient, kept by every optimizer; PyTorch's numbers. */
import { backwardFrom } from '../../src/model/backwardFrom.ts'
import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { FormatError, ShapeError } from '../../src/core/errors.ts'
import { dense } from '../../src/layers/dense.ts'
import { embedding } from '../../src/layers/embedding.ts'
import { gru } from '../../src/layers/recurrent/factories.ts'
import { allLayers } from '../../src/model/allLayers.ts'
import { internalsOf, network as made, networkFromConfig, type Network } from '../../src/model/network.ts'
import { PackedBatch } from '../../src/tensors/packedBatch.ts'
import { fit } from '../../src/training/fit.ts'
import { expectClose } from '../closeTo.ts'
import { network } from '../networks.ts'
import { everyOptimizer } from '../training/optimizers/everyOptimizer.ts'
import { datasetOf } from '../training/trainingHelpers.ts'

const SHARED = new URL('../../../../../shared/conformance/torch/functions.json', import.meta.url)
const there = existsSync(SHARED)
const exact = { engine: 'reference', precision: 'float64' } as const
const loss = { type: 'softmaxCrossEntropy' } as const

const make = (paddingIdx?: number, options = {}) =>
  made([embedding({ vocabulary: 6, size: 3, paddingIdx }), gru(4, { returnSequences: false }), dense(2)], {
    loss,
    ...options,
  })
const row = (net: Network, id: number, region?: string) => {
  const width = net.parameters[0].shape[1]
  return Array.from(
    internalsOf(net)
      .store.read(net.parameters[0], region)
      .subarray(id * width, (id + 1) * width),
  )
}
const train = datasetOf(
  [
    [0, 1, 2, 0],
    [3, 0, 4],
    [5, 1, 0, 2, 0],
    [4, 2],
  ],
  [0, 1, 1, 0],
)

interface Tensor {
  shape: number[]
  data: number[]
}

describe.skipIf(!there)('PyTorch', () => {
  it.each([
    ['simd float32', { engine: 'simd' }, 1e-5],
    ['reference float64', exact, 1e-12],
  ] as const)('%s', (_, engine, tolerance) => {
    const { cases } = JSON.parse(readFileSync(SHARED, 'utf8')) as {
      cases: {
        name: string
        inputs: { weight: Tensor }
        integers: { ids: Tensor }
        expected_f64: { value: Tensor; grad: { weight: Tensor } }
      }[]
    }
    const {
      inputs,
      integers,
      expected_f64: wanted,
    } = cases.find(({ name }) => name === 'embedding_padding_idx_0')!
    const [vocabulary, size] = inputs.weight.shape
    const net = network([{ type: 'embedding', vocabulary, size, paddingIdx: 0 }], {
      ...engine,
      weights: () => inputs.weight.data,
    })
    net.prepareTraining()
    const [count, steps] = integers.ids.shape
    const batch = PackedBatch.ofIds(
      Array.from({ length: count }, (_unused, i) => integers.ids.data.slice(i * steps, (i + 1) * steps)),
    )
    const pass = { training: true, record: false, key: 0 }
    net.forward(batch, pass)
    expectClose(net.readOutput(batch), wanted.value.data, tolerance)
    backwardFrom(
      net,
      batch,
      wanted.value.data.map((_value, i) => 0.5 + 0.1 * i),
      pass,
    )
    expectClose(
      internalsOf(net).store.read(net.parameters[0], 'gradients'),
      wanted.grad.weight.data,
      10 * tolerance,
    )
  })
})

describe('training', () => {
  it.each(everyOptimizer)('%s leaves the row at zero', async (_, optimizer) => {
    for (const sparseEmbeddings of [false, true]) {
      const net = make(0)
      expect(row(net, 0)).toEqual([0, 0, 0])
      const before = row(net, 1)
      await fit(net, { train, epochs: 3, batchSize: 2, accumulationSteps: 2, optimizer, sparseEmbeddings })
      expect(row(net, 0).map(Math.abs)).toEqual([0, 0, 0])
      expect(row(net, 1)).not.toEqual(before)
    }
  })

  it('a row that was given stays as it was', async () => {
    const net = make(4, { weights: ({ size }: { size: number }) => new Float32Array(size).fill(0.5) })
    await fit(net, { train, epochs: 2, optimizer: { type: 'adam' } })
    expect(row(net, 4)).toEqual([0.5, 0.5, 0.5])
    expect(row(net, 2)).not.toEqual([0.5, 0.5, 0.5])
  })

  it('other rows have the gradients that they have without it', () => {
    const [padded, plain] = [make(2, exact), make(undefined, exact)]
    internalsOf(padded).store.write(padded.parameters[0], internalsOf(plain).store.read(plain.parameters[0]))
    const { batch, targets } = train.batch(Int32Array.of(0, 1, 2, 3))
    const pass = { training: true, record: false, key: 0 }
    for (const net of [padded, plain]) {
      net.prepareTraining()
      net.forward(batch, pass)
      net.backward(batch, targets, pass)
    }
    for (const id of [0, 1, 3, 4, 5])
      expect(row(padded, id, 'gradients')).toEqual(row(plain, id, 'gradients'))
    expect(row(padded, 2, 'gradients')).toEqual([0, 0, 0])
  })
})

describe('as data', () => {
  it('survives the configuration, with masks too', () => {
    const net = make(3)
    const copy = networkFromConfig(net.config, allLayers)
    expect(copy.config).toEqual(net.config)
    expect(row(copy, 3)).toEqual([0, 0, 0])
    const masked = network([{ type: 'embedding', vocabulary: 4, size: 2, paddingIdx: 0, maskZero: true }])
    expect(row(masked, 0)).toEqual([0, 0])
  })

  it('is refused where the row does not exist', () => {
    expect(() => make(6)).toThrow(ShapeError)
    expect(() => make(-1)).toThrow(FormatError)
    expect(() => make(1.5)).toThrow(FormatError)
  })
})
