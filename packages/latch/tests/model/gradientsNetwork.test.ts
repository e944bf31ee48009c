/**
 * Backpropagation through time against finite differences, in float64 on the plain engine: every cell,
 * layer and loss, ragged batches, dropout masks held fixed by their key.
 */
import { describe, expect, it } from 'vitest'
import type { LossOptions, Targets } from '../../src/layers/loss.ts'
import { PackedBatch } from '../../src/tensors/packedBatch.ts'
import type { LayerOptions } from '../../src/model/config.ts'
import { internalsOf, type Network } from '../../src/model/network.ts'
import { network } from '../networks.ts'
import { Random } from '../../src/core/random.ts'

const V = 7
const lengths = [4, 6, 1, 4]
const ids = lengths.map((length, i) => Array.from({ length }, (_, t) => (i * 3 + t * t) % V))
const embedding: LayerOptions = { type: 'embedding', vocabulary: V, size: 5, wordDropout: 0.2 }
const softmax: LossOptions = { type: 'softmaxCrossEntropy', labelSmoothing: 0.1, classWeights: [1, 2, 0.5] }
const classes: Targets = { classes: [0, 2, 1, 2] }
const three: LayerOptions = { type: 'dense', units: 3 }

interface Case {
  layers: LayerOptions[]
  loss?: LossOptions
  targets?: Targets
}

const recurrent = (options: Partial<LayerOptions>): LayerOptions =>
  ({ type: 'recurrent', cell: 'lstm', units: 4, returnSequences: false, ...options }) as LayerOptions

const cases: Record<string, Case> = {
  'rnn tanh': { layers: [embedding, recurrent({ cell: 'rnn' } as never), three] },
  'rnn relu': { layers: [embedding, recurrent({ cell: 'rnn', activation: 'relu' } as never), three] },
  lstm: { layers: [embedding, recurrent({}), three] },
  'gru, reset after': { layers: [embedding, recurrent({ cell: 'gru' } as never), three] },
  'gru, reset before': { layers: [embedding, recurrent({ cell: 'gru', reset: 'before' } as never), three] },
  'one-hot input': { layers: [{ type: 'oneHot', vocabulary: V }, recurrent({}), three] },
  'one-hot, bidirectional gru before': {
    layers: [
      { type: 'oneHot', vocabulary: V, wordDropout: 0.3 },
      recurrent({ cell: 'gru', reset: 'before', direction: 'bidirectional' } as never),
      three,
    ],
  },
  'no bias': {
    layers: [embedding, recurrent({ bias: false } as never), { type: 'dense', units: 3, bias: false }],
  },
  'stacked, bidirectional, dropout everywhere, max over time': {
    layers: [
      embedding,
      { type: 'dropout', rate: 0.4 },
      recurrent({ direction: 'bidirectional', returnSequences: true } as never),
      { type: 'dropout', rate: 0.3 },
      recurrent({ cell: 'gru', direction: 'bidirectional', returnSequences: true } as never),
      { type: 'pool', pooling: 'max' },
      { type: 'dropout', rate: 0.3 },
      three,
    ],
  },
  'mean over time': {
    layers: [
      embedding,
      recurrent({ returnSequences: true } as never),
      { type: 'pool', pooling: 'mean' },
      three,
    ],
  },
  'last by pooling': {
    layers: [
      embedding,
      recurrent({ returnSequences: true } as never),
      { type: 'pool', pooling: 'last' },
      three,
    ],
  },
  'bidirectional last': { layers: [embedding, recurrent({ direction: 'bidirectional' } as never), three] },
  'flattened ANN': {
    layers: [
      embedding,
      { type: 'flatten', steps: 5 },
      { type: 'dense', units: 4, activation: 'tanh' },
      three,
    ],
  },
  'bag of words': {
    layers: [
      embedding,
      { type: 'pool', pooling: 'mean' },
      { type: 'dense', units: 4, activation: 'sigmoid' },
      three,
    ],
  },
  'relu hidden': {
    layers: [embedding, recurrent({}), { type: 'dense', units: 6, activation: 'relu' }, three],
  },
  'a class at every step': {
    layers: [embedding, recurrent({ returnSequences: true } as never), three],
    targets: { stepClasses: lengths.map((n, i) => Array.from({ length: n }, (_, t) => ((i + t) % 4) - 1)) },
  },
  'binary cross-entropy': {
    layers: [embedding, recurrent({}), { type: 'dense', units: 1 }],
    loss: { type: 'binaryCrossEntropy', labelSmoothing: 0.1, classWeights: [1, 3] },
    targets: { classes: [0, 1, 1, 0] },
  },
  'mean squared error': regression('meanSquaredError'),
  'mean absolute error': regression('meanAbsoluteError'),
  huber: regression('huber'),
}

function regression(type: LossOptions['type']): Case {
  return {
    layers: [embedding, recurrent({}), { type: 'dense', units: 2 }],
    loss: { type, delta: 0.4 },
    targets: { values: [0.5, -1, 2, 0.25, -0.3, 1, 0.1, -2] },
  }
}

describe('gradients of whole networks', () => {
  it.each(Object.entries(cases))('%s', (_, { layers, loss = softmax, targets = classes }) => {
    const net = network(layers, { engine: 'reference', precision: 'float64', loss, seed: 3 })
    const random = new Random(5, 'perturb')
    for (const p of net.parameters) {
      const values = internalsOf(net).store.read(p)
      internalsOf(net).store.write(p, values.map(() => random.between(-0.6, 0.6)) as Float64Array)
    }
    net.prepareTraining()
    const batch = PackedBatch.ofIds(ids)
    const pass = { training: true, record: false, key: 11 }
    net.forward(batch, pass)
    net.zeroGradients()
    net.backward(batch, targets, pass)
    for (const p of net.parameters) checkParameter(net, p.name, batch, targets, pass)
  })
})

function checkParameter(
  net: Network,
  name: string,
  batch: PackedBatch,
  targets: Targets,
  pass: never | { training: boolean; record: boolean; key: number },
): void {
  const parameter = internalsOf(net).store.find(name)
  const analytic = internalsOf(net).store.read(parameter, 'gradients')
  const values = internalsOf(net).store.read(parameter)
  const epsilon = 1e-5
  const stride = Math.max(1, Math.floor(values.length / 24))
  for (let i = 0; i < values.length; i += stride) {
    const lossAt = (x: number) => {
      const changed = values.slice()
      changed[i] = x
      internalsOf(net).store.write(parameter, changed)
      net.forward(batch, pass)
      return net.loss(batch, targets).mean
    }
    const numeric = (lossAt(values[i] + epsilon) - lossAt(values[i] - epsilon)) / (2 * epsilon)
    internalsOf(net).store.write(parameter, values)
    const scale = Math.max(1e-3, Math.abs(numeric), Math.abs(analytic[i]))
    expect(
      Math.abs(numeric - analytic[i]) / scale,
      `${name}[${i}]: ${analytic[i]} against ${numeric}`,
    ).toBeLessThan(2e-6)
  }
}
