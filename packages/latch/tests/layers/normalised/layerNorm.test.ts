/** Layer normalisation inside cells: PyTorch's numbers, gradients, streams, threads, windows, inspection, and refusals. */
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { UnsupportedError } from '../../../src/core/errors.ts'
import type { EngineOptions } from '../../../src/engine/engine.ts'
import { writeModel } from '../../../src/formats/write.ts'
import { explain } from '../../../src/inspection/explain/explain.ts'
import { traceSequence } from '../../../src/inspection/trace/trace.ts'
import type { LayerOptions } from '../../../src/model/config.ts'
import type { Network } from '../../../src/model/network.ts'
import { PackedBatch } from '../../../src/tensors/packedBatch.ts'
import { fit } from '../../../src/training/fit.ts'
import { corpusDataset } from '../../../src/training/segments/corpusDataset.ts'
import { expectClose } from '../../closeTo.ts'
import { checkGradients } from '../../model/gradientCase.ts'
import { network } from '../../networks.ts'
import { bitsOf } from '../../training/trainingHelpers.ts'

interface Case {
  name: string
  options: object
  weight_ih: number[]
  weight_hh: number[]
  layer_norm: number[]
  x: number[][]
  slopes: number[][]
  outputs: number[][]
  gradients: { weight_ih: number[]; weight_hh: number[]; layer_norm: number[]; x: number[][] }
}

const golden = JSON.parse(readFileSync(new URL('../../golden/cellNorm.json', import.meta.url), 'utf8')) as {
  features: number
  units: number
  lengths: number[]
  cases: Case[]
}
const { features: F, units: H, lengths } = golden
const engines: (EngineOptions & { tolerance: number })[] = [
  { engine: 'simd', tolerance: 3e-5 },
  { engine: 'relaxed', tolerance: 3e-5 },
  { engine: 'reference', precision: 'float64', tolerance: 1e-11 },
]
const recurrent = (options: object): LayerOptions =>
  ({ type: 'recurrent', cell: 'lstm', units: 4, layerNorm: true, ...options }) as LayerOptions
const pass = { training: true, record: false, key: 5 }
const loss = { type: 'softmaxCrossEntropy' } as const
const embedding: LayerOptions = { type: 'embedding', vocabulary: 7, size: 5 }
const dense: LayerOptions = { type: 'dense', units: 7 }

describe.each(engines)('as PyTorch computes it, $engine', ({ tolerance, ...engine }) => {
  it.each(golden.cases.map((item) => [item.name, item] as const))('%s', (_, item) => {
    const weights = ({ name }: { name: string }) =>
      item[/\.(\w+)_l0$/.exec(name)![1] as 'weight_ih' | 'weight_hh' | 'layer_norm']
    const net = network([{ type: 'features', width: F }, recurrent({ ...item.options, units: H })], {
      ...engine,
      weights,
      inputGradients: true,
      loss: { type: 'meanSquaredError' },
    })
    expect(net.parameters.map(({ name, shape }) => [name, ...shape])).toEqual([
      ['recurrent.0.weight_ih_l0', item.weight_ih.length / F, F],
      ['recurrent.0.weight_hh_l0', item.weight_hh.length / H, H],
      ['recurrent.0.layer_norm_l0', item.layer_norm.length / H, H],
    ])
    const T = Math.max(...lengths)
    const padded = (rows: number[][], width: number) =>
      rows.flatMap((row) => [...row, ...new Array<number>(T * width - row.length).fill(0)])
    const batch = PackedBatch.ofFeatures(padded(item.x, F), [lengths.length, T, F], lengths)
    net.prepareTraining()
    net.forward(batch, pass)
    const output = net.readOutput(batch)
    expectClose(output, padded(item.outputs, H), tolerance, 'outputs')
    // The slope of the mean of (output − target)² at its target: what the golden's loss has, times a factor.
    const count = batch.rows * H
    const wanted = new Float64Array(count)
    batch.eachRow((row, b, t) => {
      for (let j = 0; j < H; j++)
        wanted[row * H + j] = output[(b * T + t) * H + j] - (item.slopes[b][t * H + j] * count) / 2
    })
    net.zeroGradients()
    net.backward(batch, { values: wanted }, pass)
    for (const name of ['weight_ih', 'weight_hh', 'layer_norm'] as const) {
      const gradient = net.readParameter(`recurrent.0.${name}_l0`, 'gradients')
      expectClose(gradient, item.gradients[name], tolerance * 10, name)
    }
    expectClose(net.readInputGradient(batch), padded(item.gradients.x, F), tolerance * 10, 'x')
  })
})

describe('gradients agree with finite differences', () => {
  it.each([
    ['lstm', {}],
    [
      'lstm, both ways, with zoneout and weight dropout',
      { direction: 'bidirectional', zoneout: 0.3, weightDropout: 0.2 },
    ],
    ['lstm, reversed', { direction: 'reverse' }],
    ['gru', { cell: 'gru' }],
    ['gru, reset before', { cell: 'gru', reset: 'before', zoneout: 0.2 }],
    ['rnn of relu, last step', { cell: 'rnn', activation: 'relu', returnSequences: false }],
  ])('%s', (_, options) => {
    checkGradients([embedding, recurrent(options), { type: 'dense', units: 2 }])
    checkGradients([{ type: 'features', width: 3 }, recurrent(options), { type: 'dense', units: 2 }])
  })
})

describe('a network with it', () => {
  const layers = (options: object = {}) => [embedding, recurrent(options), recurrent({ cell: 'gru' }), dense]
  const ids = [
    [1, 2, 3, 4, 4, 1],
    [5, 6, 0],
  ]

  it.each([{}, { zoneout: 0.2 }, { reset: 'before', cell: 'gru' }])(
    'streams to the same bits: %o',
    (options) => {
      const net = network(layers(options), { seed: 4 })
      const batch = PackedBatch.ofIds(ids)
      net.forward(batch)
      const all = net.readOutput(batch)
      const stream = net.stream()
      const rows = ids[0].flatMap((id) => [...stream.push(id)])
      expect(rows).toEqual([...all.subarray(0, rows.length)])
    },
  )

  it('begins with gains of 1, and a bias of 1 for the forget gate', () => {
    const net = network(layers(), { seed: 4 })
    const values = net.readParameter('recurrent.0.layer_norm_l0')
    const rows = Array.from({ length: 14 }, (_, r) => [...new Set(values.subarray(r * 4, r * 4 + 4))])
    expect(rows.flat()).toEqual([1, 1, 1, 1, 1, 1, 1, 1, 0, 1, 0, 0, 1, 0])
  })

  it('trains to the same bits on 1, 2 and 3 threads, with fewer steps in memory, and resumes', async () => {
    const train = corpusDataset({
      ids: Array.from({ length: 120 }, (_, i) => (i * i) % 7),
      batchSize: 6,
      steps: 8,
    })
    const run = async (options: EngineOptions, more: object = {}): Promise<Network> => {
      const net = network(layers({ weightDropout: 0.2, zoneout: 0.1 }), { seed: 4, loss, ...options })
      await fit(net, { train, epochs: 2, ...more })
      return net
    }
    const plain = await run({ threads: 1 })
    for (const threads of [2, 3]) expect(bitsOf(await run({ threads }))).toBe(bitsOf(plain))
    expect(bitsOf(await run({ threads: 1 }, { checkpointSteps: 3 }))).toBe(bitsOf(plain))
  })

  it('is traced, and its states can be set; gates cannot, and no equation explains it', () => {
    const net = network([{ type: 'features', width: 2 }, recurrent({}), { type: 'dense', units: 2 }], {
      loss,
      seed: 2,
    })
    const batch = PackedBatch.ofFeatures([1, 2, 3, 4], [1, 2, 2])
    const trace = traceSequence(net, batch, { stepClasses: [[0, 1]] })
    expect(trace.layers[0].steps).toHaveLength(2)
    const call = () => explain(trace, { layer: 0, direction: 'forward', step: 1, value: 'hidden', unit: 0 })
    expect(call).toThrow(UnsupportedError)
    expect(call).toThrow(/layerNorm/)
  })

  it('is refused by other formats, with what to do', async () => {
    const source = {
      network: network(layers(), { loss }),
      outputActivation: 'softmax',
      input: { kind: 'ids', width: 7, steps: null },
      labels: null,
      vocabulary: null,
      tokens: null,
      document: null,
      name: 'normed',
    } as const
    for (const to of ['onnx', 'torch', 'keras', 'tfjs'] as const)
      await expect(writeModel(source, to)).rejects.toThrow(
        /recurrent\.0: .*got layerNorm inside a cell.*Train without/,
      )
  })
})

it('refuses a bias of its own, and other functions', () => {
  expect(() => network([embedding, recurrent({ bias: false })])).toThrow(/no `bias` beside layerNorm/)
  const call = () => network([embedding, recurrent({ peepholes: true })])
  expect(call).toThrow(UnsupportedError)
  expect(call).toThrow(/layerNorm of lstm: expected tanh and sigmoid, without clip, peepholes/)
})
