/** Skip connections: what concat reads and, on the way back, adds to layers below. */
import { internalsOf } from '../../src/model/network.ts'
import { describe, expect, it } from 'vitest'
import type { LayerOptions } from '../../src/model/config.ts'
import { PackedBatch } from '../../src/tensors/packedBatch.ts'
import { network } from '../networks.ts'
import { Optimizer } from '../../src/training/optimizer.ts'
import { checkGradients, IDS, VOCABULARY } from '../model/gradientCase.ts'

const features: LayerOptions = { type: 'features', width: 3 }
const embedding: LayerOptions = { type: 'embedding', vocabulary: VOCABULARY, size: 5 }
const lstm: LayerOptions = { type: 'recurrent', cell: 'lstm', units: 4 }
const gru: LayerOptions = { type: 'recurrent', cell: 'gru', units: 3 }
const dropout: LayerOptions = { type: 'dropout', rate: 0.4 }
const two: LayerOptions = { type: 'dense', units: 2 }
const last: LayerOptions = { type: 'pool', pooling: 'last' }
const concat = (...of: string[]): LayerOptions => ({ type: 'concat', inputs: of })

const cases: Record<string, LayerOptions[]> = {
  'around a layer': [embedding, lstm, concat('embedding.0', 'recurrent.0'), last, two],
  'from the features': [features, lstm, concat('features.0', 'recurrent.0'), last, two],
  'two consumers of one layer': [
    embedding,
    lstm,
    gru,
    concat('recurrent.0', 'recurrent.1'),
    gru,
    concat('recurrent.2', 'recurrent.0', 'embedding.0'),
    last,
    two,
  ],
  'attention over concat': [
    embedding,
    lstm,
    concat('embedding.0', 'recurrent.0'),
    { type: 'pool', pooling: 'attention' },
    two,
  ],
  'the layer right below is no part': [embedding, lstm, gru, concat('recurrent.0', 'embedding.0'), last, two],
  'the same layer twice': [
    features,
    lstm,
    concat('recurrent.0', 'recurrent.0', 'features.0', 'features.0'),
    last,
  ],
  'dropout shares its gradient': [
    embedding,
    dropout,
    lstm,
    dropout,
    concat('embedding.0', 'dropout.0', 'recurrent.0', 'dropout.1'),
    dropout,
    last,
    two,
  ],
  'an activation shares its gradient': [
    features,
    lstm,
    { type: 'activation', activation: 'gelu' },
    gru,
    concat('recurrent.0', 'activation.0', 'recurrent.1'),
    last,
    two,
  ],
  'sequences beside sequences': [
    features,
    lstm,
    { type: 'pool', pooling: 'max' },
    { type: 'dense', units: 3, activation: 'silu' },
    concat('dense.0', 'pool.0'),
    two,
  ],
  'two poolings of one layer': [
    features,
    lstm,
    { type: 'pool', pooling: 'max' },
    concat('recurrent.0'),
    { type: 'pool', pooling: 'mean' },
    concat('pool.0', 'pool.1'),
    two,
  ],
  'back to the steps': [features, lstm, last, concat('recurrent.0', 'features.0'), gru, last, two],
  'concat of concats': [
    embedding,
    lstm,
    concat('embedding.0', 'recurrent.0'),
    gru,
    concat('concat.0', 'recurrent.1'),
    last,
    two,
  ],
}

describe('gradients through skip connections', () => {
  it.each(Object.entries(cases))('%s', (_, layers) => checkGradients(layers))
})

describe('concat', () => {
  it('puts layers side by side, for ragged batches on every engine', () => {
    for (const engine of ['reference', 'simd'] as const) {
      const net = network([features, lstm, concat('recurrent.0', 'features.0')], { engine, threads: 1 })
      const batch = PackedBatch.ofFeatures([1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 0, 0], [2, 2, 3], [2, 1])
      net.forward(batch)
      const rows = net.readOutput(batch)
      const parts = [...rows].filter((_, i) => i % 7 > 3)
      expect(parts, engine).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 0, 0])
      expect(rows.slice(0, 4).every((x) => x !== 0 && Math.abs(x) < 1)).toBe(true)
    }
  })

  it('rejects inputs that do not fit', () => {
    const make =
      (...layers: LayerOptions[]) =>
      () =>
        network(layers)
    expect(make(embedding, lstm, concat('recurrent.1'))).toThrow(
      'network.layers[2].inputs[0]: expected the name of a layer below (embedding.0, recurrent.0), got "recurrent.1"',
    )
    expect(make(embedding, lstm, last, concat('recurrent.0', 'pool.0'))).toThrow(
      'concat.0, pool.0: expected a row for each step, as the first layer has, got one row a sequence. Pool the steps first, or give recurrent layers returnSequences: true.',
    )
    expect(make({ type: 'oneHot', vocabulary: 4 }, lstm, concat('oneHot.0'))).toThrow(
      'concat.0, oneHot.0: expected a layer with values below it, got one-hot input',
    )
    expect(make(embedding, concat())).toThrow('network.layers[1].inputs: expected 1 to 1000 items, got 0')
  })
})

describe('training', () => {
  const layers: LayerOptions[] = [
    embedding,
    lstm,
    concat('embedding.0', 'recurrent.0'),
    { type: 'layerNorm' },
    gru,
    concat('recurrent.0', 'recurrent.1'),
    { type: 'pool', pooling: 'attention' },
    { type: 'dense', units: 6, activation: 'gelu' },
    two,
  ]
  const batch = PackedBatch.ofIds(IDS)
  const targets = { classes: [0, 1, 1, 0] }
  const loss = { type: 'softmaxCrossEntropy' } as const

  it('gradient checkpointing gives the same bits', () => {
    const gradients = (checkpointSteps: number | null) => {
      const net = network(layers, { engine: 'simd', threads: 1, loss })
      net.prepareTraining()
      net.checkpointSteps = checkpointSteps
      const pass = { training: true, record: false, key: 3 }
      net.forward(batch, pass)
      net.zeroGradients()
      net.backward(batch, targets, pass)
      return net.parameters.map((p) => internalsOf(net).store.read(p, 'gradients'))
    }
    expect(gradients(1)).toEqual(gradients(null))
  })

  it('learns, every parameter of it', () => {
    const net = network(layers, { engine: 'simd', threads: 1, loss, copies: 4 })
    const before = net.parameters.map((p) => internalsOf(net).store.read(p).slice())
    net.prepareTraining()
    const optimizer = new Optimizer(net, { type: 'adam' })
    const pass = { training: true, record: false, key: 3 }
    const losses = Array.from({ length: 60 }, () => {
      net.forward(batch, pass)
      net.zeroGradients()
      const { mean } = net.backward(batch, targets, pass)
      optimizer.update(0.03)
      return mean
    })
    expect(losses[59]).toBeLessThan(0.05 * losses[0])
    net.parameters.forEach((p, i) => expect(internalsOf(net).store.read(p), p.name).not.toEqual(before[i]))
  })
})
