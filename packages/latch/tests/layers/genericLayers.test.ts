/** Layers beyond the core: float64 finite differences for each and for what they make together. */
import { backwardFrom } from '../../src/model/backwardFrom.ts'
import { internalsOf } from '../../src/model/network.ts'
import { describe, expect, it } from 'vitest'
import { ACTIVATION_NAMES } from '../../src/cells/activations.ts'
import { PackedBatch } from '../../src/tensors/packedBatch.ts'
import type { LayerOptions } from '../../src/model/config.ts'
import { network } from '../networks.ts'
import { checkGradients, VOCABULARY } from '../model/gradientCase.ts'
import { expectClose } from '../closeTo.ts'

const features: LayerOptions = { type: 'features', width: 3 }
const embedding: LayerOptions = { type: 'embedding', vocabulary: VOCABULARY, size: 5 }
const masked: LayerOptions = { type: 'embedding', vocabulary: VOCABULARY, size: 5, maskZero: true }
const lstm: LayerOptions = { type: 'recurrent', cell: 'lstm', units: 4 }
const two: LayerOptions = { type: 'dense', units: 2 }
const norm: LayerOptions = { type: 'layerNorm' }
const last: LayerOptions = { type: 'pool', pooling: 'last' }

const cases: Record<string, LayerOptions[]> = {
  'softmax of every step': [features, lstm, { type: 'activation', activation: 'softmax' }, last, two],
  'log-softmax of a sequence': [features, lstm, last, { type: 'activation', activation: 'logSoftmax' }],
  'softmax right on the features': [features, { type: 'activation', activation: 'softmax' }, last, two],
  'layer normalisation of steps': [features, lstm, norm, { ...lstm, returnSequences: false }, two],
  'layer normalisation of features': [features, { ...norm, epsilon: 1e-3 }, lstm, last, two],
  'layer normalisation without factor': [features, two, { ...norm, scale: false }, last],
  'layer normalisation without summand': [features, two, lstm, { ...norm, centre: false }, last],
  'layer normalisation without either': [features, lstm, { ...norm, scale: false, centre: false }, last, two],
  reversed: [features, lstm, { type: 'reverse' }, { ...lstm, returnSequences: false }, two],
  'reversed features': [features, { type: 'reverse' }, lstm, last, two],
  'first step': [features, lstm, { type: 'pool', pooling: 'first' }, two],
  'first step, both directions': [
    embedding,
    { ...lstm, direction: 'bidirectional' },
    { type: 'pool', pooling: 'first' },
    two,
  ],
  'sum over time': [features, lstm, { type: 'pool', pooling: 'sum' }, two],
  attention: [features, lstm, { type: 'pool', pooling: 'attention' }, two],
  'attention over features': [features, { type: 'pool', pooling: 'attention' }, two],
  'attention over an embedding': [embedding, { type: 'pool', pooling: 'attention' }, norm, two],
  'sum over the steps that count': [masked, lstm, { type: 'pool', pooling: 'sum' }, two],
  'attention over the steps that count': [masked, lstm, { type: 'pool', pooling: 'attention' }, two],
  'zeros at masked steps': [
    masked,
    lstm,
    { type: 'zeroMasked' },
    norm,
    { type: 'pool', pooling: 'sum' },
    two,
  ],
  'dropout above and below': [
    embedding,
    { type: 'dropout', rate: 0.3 },
    { type: 'activation', activation: 'elu' },
    { type: 'dropout', rate: 0.3 },
    norm,
    lstm,
    { type: 'pool', pooling: 'attention' },
    two,
  ],
  'dense of every kind in a row': [
    features,
    { type: 'dense', units: 5, activation: 'mish' },
    { type: 'dense', units: 4, activation: { type: 'scaledTanh', alpha: 1.7, beta: 0.6 }, bias: false },
    { type: 'dense', units: 4, activation: 'tanh' },
    last,
    { type: 'dense', units: 2, activation: 'softplus' },
  ],
}

describe('gradients of layers beyond the core', () => {
  it.each(Object.entries(cases))('%s', (_, layers) => checkGradients(layers))

  it.each(ACTIVATION_NAMES)('%s, as a layer and in a dense layer', (activation) => {
    checkGradients([features, { type: 'activation', activation }, last, two])
    checkGradients([features, { type: 'dense', units: 5, activation }, last, two])
  })
})

describe('what they compute', () => {
  const x = [
    [1, -2, 0.5],
    [3, 0, -1],
    [0.25, 2, 2],
  ]
  const outputOf = (layers: LayerOptions[], weights: Record<string, number[]> = {}) => {
    const net = network([features, ...layers], { engine: 'reference', precision: 'float64' })
    for (const [name, values] of Object.entries(weights))
      internalsOf(net).store.write(internalsOf(net).store.find(name), values)
    // Together with a shorter sequence, so that a wrong row would show.
    const batch = PackedBatch.ofFeatures([9, 9, 9, 0, 0, 0, 0, 0, 0, ...x.flat()], [2, 3, 3], [1, 3])
    net.forward(batch)
    const out = net.readOutput(batch)
    return Array.from(out.subarray(out.length / 2))
  }
  const expectNear = (got: number[], wanted: number[]) => expectClose(got, wanted, 5e-13)

  it('reverse turns each sequence round by its own length', () => {
    expectNear(outputOf([{ type: 'reverse' }]), x.toReversed().flat())
  })

  it('first, sum and attention', () => {
    expectNear(outputOf([{ type: 'pool', pooling: 'first' }]), x[0])
    expectNear(outputOf([{ type: 'pool', pooling: 'sum' }]), [4.25, 0, 1.5])
    const w = [0.5, -1, 2]
    const scores = x.map((row) => Math.exp(row.reduce((sum, v, j) => sum + v * w[j], 0)))
    const all = scores.reduce((a, b) => a + b)
    const wanted = [0, 1, 2].map((j) => x.reduce((sum, row, t) => sum + (scores[t] / all) * row[j], 0))
    expectNear(outputOf([{ type: 'pool', pooling: 'attention' }], { 'pool.0.weight': w }), wanted)
  })

  it('steps that do not count are neither summed nor attended to', () => {
    const net = network([features, { type: 'masking' }, { type: 'pool', pooling: 'sum' }], {
      engine: 'reference',
      precision: 'float64',
    })
    const batch = PackedBatch.ofFeatures([1, 2, 3, 0, 0, 0, 4, 4, 4, 0, 0, 0], [2, 2, 3])
    net.forward(batch)
    expect([...net.readOutput(batch)]).toEqual([1, 2, 3, 4, 4, 4])
  })

  it('a sequence whose steps are all masked gives zeros', () => {
    const net = network([masked, { type: 'pool', pooling: 'attention' }], { engine: 'simd', threads: 1 })
    const batch = PackedBatch.ofIds([[0, 0], [0, 2], [2]])
    net.prepareTraining()
    net.forward(batch, { training: true, record: false, key: 0 })
    const out = net.readOutput(batch)
    expect([...out.subarray(0, 5)]).toEqual([0, 0, 0, 0, 0])
    expect(out.subarray(5, 10)).toEqual(out.subarray(10))
    net.zeroGradients()
    backwardFrom(
      net,
      batch,
      out.map(() => 1),
      { training: true, record: false, key: 0 },
    )
    const gradient = internalsOf(net).store.read(
      internalsOf(net).store.find('embedding.0.weight'),
      'gradients',
    )
    expect([...gradient.subarray(0, 15)]).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 2, 2, 2, 2])
  })

  it('attention does not overflow', () => {
    const out = outputOf([{ type: 'pool', pooling: 'attention' }], { 'pool.0.weight': [1000, 0, 0] })
    expectNear(out, x[1])
  })

  it('layer normalisation begins as the plain one', () => {
    const out = outputOf([
      { type: 'pool', pooling: 'first' },
      { type: 'layerNorm', epsilon: 1e-9 },
    ])
    expectNear([out.reduce((a, b) => a + b)], [0])
    expect(out.reduce((a, b) => a + b * b, 0)).toBeCloseTo(3, 6)
  })
})
