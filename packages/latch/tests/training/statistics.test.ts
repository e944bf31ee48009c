/** Running statistics of batchNorm in training: part of checkpoints, averages and frozen layers, the same bits on all threads. */
import { describe, expect, it } from 'vitest'
import { parallelism } from '../../src/engine/threads/executor.ts'
import { decodeModel, encodeModel } from '../../src/formats/latch/modelFile.ts'
import type { LayerOptions } from '../../src/model/config.ts'
import { CarriedStates } from '../../src/model/carriedStates.ts'
import type { Network } from '../../src/model/network.ts'
import { PackedBatch } from '../../src/tensors/packedBatch.ts'
import type { SavedState, TrainingState } from '../../src/training/checkpoint.ts'
import { EMA_REGION, ExponentialMovingAverage } from '../../src/training/ema.ts'
import { fit, type FitOptions } from '../../src/training/fit.ts'
import { corpusDataset } from '../../src/training/segments/corpusDataset.ts'
import { Random } from '../../src/core/random.ts'
import { internalsOf } from '../../src/model/network.ts'
import { network } from '../networks.ts'
import { bitsOf, firstMark, VOCABULARY, type ClassifierOptions } from './trainingHelpers.ts'

const layers: LayerOptions[] = [
  { type: 'embedding', vocabulary: VOCABULARY, size: 6 },
  { type: 'batchNorm' },
  { type: 'conv1d', filters: 8, kernelSize: 3, padding: 'same', groups: 2 },
  { type: 'batchNorm', momentum: 0.3, scale: false },
  { type: 'maxPool1d', kernelSize: 2, padding: 'same' },
  { type: 'recurrent', cell: 'gru', units: 5, returnSequences: false },
  { type: 'batchNorm' },
  { type: 'dense', units: 2 },
]

const model = ({ seed = 1, ...engine }: ClassifierOptions = {}): Network =>
  network(layers, { seed, loss: { type: 'softmaxCrossEntropy' }, ...engine })

const common = {
  train: firstMark(37, 1, 0.1),
  validation: firstMark(20, 2, 0.1),
  epochs: 2,
  batchSize: 8,
  ema: 0.9,
  optimizer: { type: 'adamw', weightDecay: 0.1 },
  clipNorm: 0.5,
  learningRate: 0.02,
} satisfies FitOptions

/** Parameters by name. */
const read = (net: Network) =>
  new Map(net.parameters.map(({ name }) => [name, Array.from(net.readParameter(name))]))

function throughBytes({ document, tensors }: TrainingState): SavedState {
  const bytes = encodeModel({ format: 'latch', version: 1, task: 'test', training: document }, tensors)
  const content = decodeModel(bytes)
  return { document: content.document.training, tensors: content.tensors.values() }
}

it('resume at every step to the same bits', async () => {
  const states: TrainingState[] = []
  const whole = model()
  await fit(whole, { ...common, checkpoint: { everySteps: 1, write: (state) => void states.push(state) } })
  const bits = bitsOf(whole)
  expect(states).toHaveLength(10)
  for (const state of states) {
    const resumed = model({ seed: 99 })
    await fit(resumed, { ...common, resume: throughBytes(state) })
    expect(bitsOf(resumed)).toBe(bits)
  }
})

it('are the same bits on 1, 2 and 3 threads', async () => {
  const before = { ...parallelism }
  Object.assign(parallelism, { minWork: 0, eager: true })
  try {
    const bits: string[] = []
    for (const threads of [1, 2, 3]) {
      const net = model({ threads })
      await fit(net, common)
      bits.push(bitsOf(net))
      net.dispose()
    }
    expect(bits[1]).toBe(bits[0])
    expect(bits[2]).toBe(bits[0])
  } finally {
    Object.assign(parallelism, before)
  }
})

describe('frozen', () => {
  it.each([
    [['batchNorm.0'], /^batchNorm\.0\./],
    [['batchNorm.1.running_mean'], /^batchNorm\.1\.running_/],
    [['batchNorm'], /^batchNorm/],
    [['dense.0'], /^dense/],
  ])('%o keep their bits, and are used', async (frozen, pattern) => {
    const net = model()
    const before = read(net)
    await fit(net, { ...common, frozen })
    const after = read(net)
    const kept = [...after].filter(([name, values]) => values.join() === before.get(name)!.join())
    expect(kept.map(([name]) => name)).toEqual([...before.keys()].filter((name) => pattern.test(name)))
  })

  it('train the rest as over an affine layer', async () => {
    const features: LayerOptions = { type: 'features', width: 3 }
    const top: LayerOptions[] = [
      { type: 'recurrent', cell: 'gru', units: 4, returnSequences: false },
      { type: 'dense', units: 2 },
    ]
    const make = (between: LayerOptions[]) =>
      network([features, ...between, ...top], { loss: { type: 'softmaxCrossEntropy' }, seed: 1 })
    const [frozen, plain] = [make([{ type: 'batchNorm' }]), make([])]
    // Mean 0 and variance 1 − epsilon: the identity.
    frozen.writeParameter('batchNorm.0.running_var', new Array<number>(3).fill(1 - 1e-5))
    for (const { name } of plain.parameters) plain.writeParameter(name, frozen.readParameter(name))
    const random = new Random(2, 'rows')
    const rows = Array.from({ length: 12 }, () => Array.from({ length: 5 * 3 }, () => random.normal()))
    const train = {
      size: rows.length,
      lengths: new Int32Array(rows.length).fill(5),
      batch: (chosen: Int32Array) => ({
        batch: PackedBatch.ofFeatures(
          Array.from(chosen).flatMap((row) => rows[row]),
          [chosen.length, 5, 3],
        ),
        targets: { classes: chosen.map((row) => row % 2) },
      }),
    }
    for (const net of [frozen, plain])
      await fit(net, { train, epochs: 2, batchSize: 4, frozen: net === frozen ? ['batchNorm'] : [] })
    for (const [name, values] of read(plain))
      read(frozen)
        .get(name)!
        .forEach((value, i) => expect(value).toBeCloseTo(values[i], 5))
  })

  it('leave something to train', async () => {
    const net = network(
      [
        { type: 'features', width: 2 },
        { type: 'batchNorm', scale: false, centre: false },
        { type: 'dense', units: 2 },
      ],
      { loss: { type: 'softmaxCrossEntropy' } },
    )
    await expect(fit(net, { ...common, frozen: ['dense.0'] })).rejects.toThrow(
      /expected at least one parameter to train/,
    )
  })
})

it('are copied, not averaged again', () => {
  const net = model()
  const ema = new ExponentialMovingAverage(net, 0.9)
  for (const { name, size } of net.parameters) net.writeParameter(name, new Array<number>(size).fill(3))
  ema.update(100)
  const { store } = internalsOf(net)
  const averages = store.all.map(
    (parameter) => [parameter.name, store.read(parameter, EMA_REGION)[0]] as const,
  )
  expect(averages.filter(([, average]) => average === 3).map(([name]) => name)).toEqual(
    store.all.map(({ name }) => name).filter((name) => /running_/.test(name)),
  )
})

describe('layers without states', () => {
  const ids = Array.from({ length: 2 + 4 * 9 }, (_, i) => (i * i) % 7)
  const between: [string, LayerOptions][] = [
    ['batchNorm', { type: 'batchNorm' }],
    ['merge', { type: 'merge', operation: 'multiply', inputs: ['recurrent.0', 'recurrent.0'] }],
    ['concat', { type: 'concat', inputs: ['recurrent.0', 'recurrent.0'] }],
    ['zeroMasked', { type: 'zeroMasked' }],
  ]
  const make = (layer: LayerOptions) =>
    network(
      [
        { type: 'embedding', vocabulary: 7, size: 3 },
        { type: 'recurrent', cell: 'lstm', units: 4 },
        layer,
        { type: 'recurrent', cell: 'gru', units: 4 },
        { type: 'dense', units: 7 },
      ],
      { loss: { type: 'softmaxCrossEntropy' } },
    )

  it.each(between)('%s goes on from segment to segment', async (_, layer) => {
    const net = make(layer)
    const train = corpusDataset({ ids, batchSize: 2, steps: 4 })
    await fit(net, { train, epochs: 1 })
    const whole = PackedBatch.ofIds([ids.slice(0, 8)])
    net.forward(whole)
    const wanted = Array.from(net.readOutput(whole).slice(4 * 7))
    const carried = new CarriedStates(net)
    const [first, second] = [ids.slice(0, 4), ids.slice(4, 8)].map((part) => PackedBatch.ofIds([part]))
    net.forward(first)
    carried.read(first)
    carried.write(second)
    net.forward(second)
    expect(Array.from(net.readOutput(second))).toEqual(wanted)
  })

  it('conv1d and local poolings have some', async () => {
    const train = corpusDataset({ ids, batchSize: 2, steps: 4 })
    for (const layer of [
      { type: 'conv1d', filters: 4, kernelSize: 2, padding: 'causal' },
      { type: 'averagePool1d', kernelSize: 3, stride: 1, padding: 'same' },
    ] as const)
      await expect(fit(make(layer), { train, epochs: 1 })).rejects.toThrow(
        `expected layers that read forwards and answer at every step, got ${layer.type}.0`,
      )
  })
})
