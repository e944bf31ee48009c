/** Streams through layers beyond the core: the bits of the whole sequence so far; weights, saving, threads. */
import { backwardFrom } from '../../../src/model/backwardFrom.ts'
import { describe, expect, it } from 'vitest'
import { ACTIVATION_NAMES } from '../../../src/cells/activations.ts'
import { PackedBatch } from '../../../src/tensors/packedBatch.ts'
import type { LayerOptions } from '../../../src/model/config.ts'
import { internalsOf, type Network } from '../../../src/model/network.ts'
import { configuredNetwork } from '../../networks.ts'
import { Random } from '../../../src/core/random.ts'
import { build, offered } from './streamCase.ts'
const [F, T] = [5, 11]
const random = new Random(3, 'steps')
const STEPS = Array.from({ length: T }, () => Array.from({ length: F }, () => random.normal()))

const features: LayerOptions = { type: 'features', width: F }
const lstm: LayerOptions = { type: 'recurrent', cell: 'lstm', units: 7 }
const three: LayerOptions = { type: 'dense', units: 3 }
const norm: LayerOptions = { type: 'layerNorm' }
const concat = (...of: string[]): LayerOptions => ({ type: 'concat', inputs: of })

const stacks: Record<string, LayerOptions[]> = {
  softmax: [features, lstm, { type: 'activation', activation: 'softmax' }],
  'log-softmax': [features, lstm, three, { type: 'activation', activation: 'logSoftmax' }],
  'layer normalisation': [features, norm, lstm, norm, three],
  'layer normalisation, plain': [
    features,
    lstm,
    { ...norm, scale: false, epsilon: 1e-3 },
    { ...norm, centre: false },
  ],
  'every dense': [
    features,
    { type: 'dense', units: 13, activation: 'gelu' },
    lstm,
    { type: 'dense', units: 12, activation: { type: 'leakyRelu', alpha: 0.2 }, bias: false },
    { type: 'dense', units: 3, activation: 'tanh' },
  ],
  first: [features, lstm, { type: 'pool', pooling: 'first' }, three],
  sum: [features, lstm, { type: 'pool', pooling: 'sum' }, three],
  attention: [features, lstm, { type: 'pool', pooling: 'attention' }, three],
  'attention over features': [features, { type: 'pool', pooling: 'attention' }],
  skips: [
    features,
    lstm,
    { type: 'dropout', rate: 0.3 },
    lstm,
    concat('features.0', 'recurrent.0', 'recurrent.1'),
    { type: 'recurrent', cell: 'gru', units: 4 },
    concat('recurrent.2', 'dropout.0'),
    { type: 'pool', pooling: 'max' },
    { type: 'activation', activation: 'selu' },
    concat('pool.0', 'activation.0'),
    three,
  ],
}

/** The network's outputs for every beginning of the sequence. */
function prefixes(net: Network): number[][] {
  return STEPS.map((_, t) => {
    const batch = PackedBatch.ofFeatures(STEPS.slice(0, t + 1).flat(), [1, t + 1, F])
    net.forward(batch)
    return Array.from(net.readOutput(batch).subarray(-net.output.width))
  })
}

const cases = offered.flatMap(([engine, options]) =>
  Object.entries(stacks).map(([name, layers]) => [`${name}, ${engine}`, layers, options] as const),
)

describe('a stream gives the bits of the whole sequence', () => {
  it.each(cases)('%s', (_, layers, options) => {
    const net = build(layers, options)
    const wanted = prefixes(net)
    const stream = net.stream()
    expect(STEPS.map((step) => [...stream.push(step)])).toEqual(wanted)
    net.dispose()
  })

  it.each(offered)('every activation, %s', (_, options) => {
    const layers = ACTIVATION_NAMES.map((activation): LayerOptions => ({ type: 'activation', activation }))
    for (const layer of layers) {
      const net = build([features, lstm, layer], options)
      const wanted = prefixes(net)
      const stream = net.stream()
      expect(STEPS.map((step) => [...stream.push(step)])).toEqual(wanted)
      net.dispose()
    }
  })

  it('a saved state goes on with the same bits, and streams at once are streams one by one', () => {
    for (const [name, layers] of Object.entries(stacks)) {
      const net = build(layers, { engine: 'simd', threads: 1 })
      const wanted = prefixes(net)
      const first = net.stream()
      for (const step of STEPS.slice(0, 6)) first.push(step)
      const second = net.stream()
      second.restore(JSON.parse(JSON.stringify(first.save())))
      expect(
        STEPS.slice(6).map((step) => [...second.push(step)]),
        name,
      ).toEqual(wanted.slice(6))
      const many = net.streams(2)
      STEPS.forEach((step, t) => {
        const out = many.push([...step, ...step.map((x) => -x)])
        expect([...out.subarray(0, net.output.width)], name).toEqual(wanted[t])
      })
      net.dispose()
    }
  })

  it('an attention stream sees new weights at once', () => {
    const net = build(stacks.attention, { engine: 'simd', threads: 1 })
    const stream = net.stream()
    stream.push(STEPS[0])
    stream.reset()
    internalsOf(net).store.write(internalsOf(net).store.find('pool.0.weight'), [3, -2, 1, 0, 5, -1, 2])
    const wanted = prefixes(net)
    expect(STEPS.map((step) => [...stream.push(step)])).toEqual(wanted)
  })

  it('a reverse layer fails with a message', () => {
    const net = build([features, { type: 'reverse' }, lstm], {})
    expect(() => net.stream()).toThrow(
      'network.stream: expected layers that read forwards, step by step, got a reverse layer, whose first step is the last one.',
    )
  })
})

describe('masked steps', () => {
  const V = 4
  const IDS = [1, 0, 3, 0, 0, 2, 1, 0]
  const lead = [0, 0, 2, 0, 1]
  const masked: LayerOptions = { type: 'embedding', vocabulary: V, size: 6, maskZero: true }
  const gru: LayerOptions = { type: 'recurrent', cell: 'gru', reset: 'before', units: 5 }
  const tops: Record<string, LayerOptions[]> = {
    'layers and last': [masked, lstm, gru, { ...lstm, returnSequences: false }, three],
    'every step': [masked, { ...lstm, cell: 'rnn' }, three],
    mean: [masked, lstm, { type: 'pool', pooling: 'mean' }, three],
    max: [masked, lstm, { type: 'pool', pooling: 'max' }],
    sum: [masked, gru, { type: 'pool', pooling: 'sum' }, three],
    attention: [masked, lstm, { type: 'pool', pooling: 'attention' }, three],
    'first of the embedding': [masked, { type: 'pool', pooling: 'first' }],
    'zeros at masked steps': [masked, lstm, { type: 'zeroMasked' }, norm, gru, { type: 'zeroMasked' }],
    'a general cell': [masked, { ...lstm, gateActivation: 'hardSigmoid', peepholes: true }, three],
  } as Record<string, LayerOptions[]>
  const all = offered.flatMap(([engine, options]) =>
    Object.entries(tops).map(([name, layers]) => [`${name}, ${engine}`, layers, options] as const),
  )

  it.each(all)('%s', (_, layers, options) => {
    const net = build(layers, options)
    for (const ids of [IDS, lead]) {
      const wanted = ids.map((__, t) => {
        const batch = PackedBatch.ofIds([ids.slice(0, t + 1)])
        net.forward(batch)
        return Array.from(net.readOutput(batch).subarray(-net.output.width))
      })
      const stream = net.stream()
      expect(ids.map((id) => [...stream.push(id)])).toEqual(wanted)
    }
    net.dispose()
  })

  it.each(offered)('a masking layer, by its value in the engine’s precision: %s', (_, options) => {
    const steps = [
      [0.1, 0.1],
      [0.1, 0.2],
      [0.1, 0.1],
      [1, 2],
    ]
    const layers: LayerOptions[] = [
      { type: 'features', width: 2 },
      { type: 'masking', value: 0.1 },
      lstm,
      { type: 'pool', pooling: 'mean' },
    ]
    const net = build(layers, options)
    const wanted = steps.map((__, t) => {
      const batch = PackedBatch.ofFeatures(steps.slice(0, t + 1).flat(), [1, t + 1, 2])
      net.forward(batch)
      return Array.from(net.readOutput(batch))
    })
    expect(wanted[0]).toEqual(new Array(7).fill(0))
    expect(wanted[2]).toEqual(wanted[1])
    const stream = net.stream()
    expect(steps.map((step) => [...stream.push(step)])).toEqual(wanted)
  })

  it('rows of several streams are masked one by one', () => {
    const net = build(tops['zeros at masked steps'], { engine: 'simd', threads: 1 })
    const one = (ids: number[]) => {
      const stream = net.stream()
      return ids.map((id) => [...stream.push(id)])
    }
    const [a, b] = [one(IDS), one(IDS.toReversed())]
    const both = net.streams(2)
    IDS.forEach((id, t) => {
      expect([...both.push([id, IDS[IDS.length - 1 - t]])]).toEqual([...a[t], ...b[t]])
    })
  })
})

describe('whole networks', () => {
  const layers: LayerOptions[] = [
    ...stacks.skips.slice(0, 7),
    { type: 'reverse' },
    norm,
    { type: 'pool', pooling: 'attention' },
    three,
  ]
  const lengths = [11, 4, 7, 11, 1, 9]
  const batch = PackedBatch.ofFeatures(
    Float64Array.from({ length: 6 * T * F }, (_, i) => Math.sin(i)),
    [6, T, F],
    lengths,
  )

  it('comes back from its weights by name', () => {
    const net = build(layers, { engine: 'simd', threads: 1 })
    expect(net.parameters.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['layerNorm.0.weight', 'layerNorm.0.bias', 'pool.0.weight']),
    )
    expect(internalsOf(net).store.find('pool.0.weight').shape).toEqual([1, 11])
    const config = JSON.parse(JSON.stringify(net.config)) as Network['config']
    const again = configuredNetwork(config, {
      engine: 'simd',
      threads: 1,
      weights: ({ name }) => internalsOf(net).store.read(internalsOf(net).store.find(name)),
    })
    net.forward(batch)
    again.forward(batch)
    expect(again.readOutput(batch)).toEqual(net.readOutput(batch))
    expect(again.config).toEqual(net.config)
  })

  it('threads change no bit, of output or gradient', () => {
    const run = (threads: number) => {
      const net = build(layers, { engine: 'simd', threads })
      net.prepareTraining()
      const pass = { training: true, record: false, key: 5 }
      const seed = Float64Array.from({ length: 6 * 3 }, (_, i) => Math.cos(i))
      net.forward(batch, pass)
      const output = net.readOutput(batch)
      net.zeroGradients()
      backwardFrom(net, batch, seed, pass)
      return [output, ...net.parameters.map((p) => internalsOf(net).store.read(p, 'gradients'))]
    }
    expect(run(2)).toEqual(run(1))
  })

  it('a sequence means the same alone as among others, and memory stays as it is', () => {
    const net = build(layers, { engine: 'reference', precision: 'float64' })
    net.forward(batch)
    const all = net.readOutput(batch)
    const { used } = internalsOf(net).engine.memory
    lengths.forEach((length, b) => {
      const rows = Float64Array.from({ length: length * F }, (_, i) => Math.sin(b * T * F + i))
      const alone = PackedBatch.ofFeatures(rows, [1, length, F])
      net.forward(alone)
      expect(net.readOutput(alone)).toEqual(all.slice(b * 3, b * 3 + 3))
    })
    expect(internalsOf(net).engine.memory.used).toBe(used)
  })
})
