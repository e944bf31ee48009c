/** Losses that take logits refuse an output that was squashed before: every loss × every last activation. */
import { describe, expect, it, test } from 'vitest'
import { ACTIVATION_NAMES, type ActivationChoice } from '../../src/cells/activations.ts'
import { PackedBatch } from '../../src/tensors/packedBatch.ts'
import { LOSS_TYPES, type LossOptions } from '../../src/layers/loss.ts'
import type { LayerOptions } from '../../src/model/config.ts'
import { network } from '../networks.ts'
import { ShapeError } from '../../src/core/errors.ts'
const START: LayerOptions[] = [
  { type: 'features', width: 2 },
  { type: 'recurrent', cell: 'gru', units: 3 },
]

type Name = (typeof ACTIVATION_NAMES)[number] | 'softmax' | 'logSoftmax'
const ALL: Name[] = [...ACTIVATION_NAMES, 'softmax', 'logSoftmax']

/** Written down by hand: what each loss cannot learn from. */
const REFUSED: Record<Exclude<LossOptions['type'], 'ctc' | 'crf'>, Name[]> = {
  softmaxCrossEntropy: ['sigmoid', 'hardSigmoid', 'softmax', 'tanh', 'softsign', 'scaledTanh', 'hardTanh'],
  binaryCrossEntropy: [
    'sigmoid',
    'hardSigmoid',
    'softmax',
    'tanh',
    'softsign',
    'scaledTanh',
    'hardTanh', // within bounds
    'relu',
    'relu6',
    'thresholdedRelu',
    'softplus',
    'exponential',
    'logSoftmax', // of one sign
  ],
  meanSquaredError: [],
  meanAbsoluteError: [],
  huber: [],
  smoothL1: [],
}

const forms: Record<string, (name: Name) => LayerOptions[]> = {
  'in the dense layer': (name) => [
    { type: 'pool', pooling: 'last' },
    { type: 'dense', units: 2, activation: choice(name) },
  ],
  'a layer of its own': (name) => [
    { type: 'pool', pooling: 'last' },
    { type: 'dense', units: 2 },
    { type: 'activation', activation: name === 'softmax' || name === 'logSoftmax' ? name : choice(name) },
  ],
  'each step, then the last': (name) => [
    { type: 'dense', units: 2, activation: choice(name) },
    { type: 'pool', pooling: 'last' },
  ],
  'each step, the mean, dropout': (name) => [
    { type: 'dense', units: 2, activation: choice(name) },
    { type: 'pool', pooling: 'mean' },
    { type: 'dropout', rate: 0.1 },
  ],
  'before a linear activation': (name) => [
    { type: 'dense', units: 2, activation: choice(name) },
    { type: 'activation', activation: 'linear' },
  ],
}

function choice(name: Name): ActivationChoice {
  return name === 'scaledTanh' ? { type: name, alpha: 1.7, beta: 0.6 } : (name as ActivationChoice)
}

/** What an action throws, empty where it throws nothing. */
function messageOf(action: () => unknown): string {
  try {
    action()
    return ''
  } catch (error) {
    return String(error)
  }
}

describe.each([...LOSS_TYPES, 'smoothL1'] as const)('%s', (type) => {
  test.each(Object.keys(forms))('%s', (form) => {
    const byRow = form === 'a layer of its own'
    for (const name of ALL.filter((one) => byRow || !/softmax/i.test(one))) {
      const build = () => network([...START, ...forms[form](name)], { loss: { type } })
      expect(messageOf(build) === '', name).toBe(!REFUSED[type].includes(name))
      if (!REFUSED[type].includes(name)) continue
      expect(build).toThrow(ShapeError)
      expect(build).toThrow(`expected logits, got an output that passed ${name}`)
      expect(build).toThrow(`Drop the last activation \`${name}\``)
    }
  })

  it('a recurrent layer as the last one: its state serves, probabilities do not', () => {
    const build = (activation: ActivationChoice, cell: 'rnn' | 'gru' | 'lstm') =>
      network(
        [
          { type: 'features', width: 2 },
          { type: 'recurrent', cell, units: 2, activation },
        ],
        {
          loss: { type },
        },
      )
    for (const cell of ['rnn', 'gru', 'lstm'] as const) {
      expect(() => build('tanh', cell)).not.toThrow()
      for (const name of ['sigmoid', 'hardSigmoid'] as const) {
        const isRefused = REFUSED[type].length > 0
        expect(messageOf(() => build(name, cell))).toContain(isRefused ? `passed ${name}` : '')
        expect(messageOf(() => build(name, cell)) !== '').toBe(isRefused)
      }
    }
  })

  it('an activation below a dense layer is accepted', () => {
    const layers: LayerOptions[] = [...START, { type: 'dense', units: 3, activation: 'sigmoid' }]
    expect(() => network([...layers, { type: 'dense', units: 2 }], { loss: { type } })).not.toThrow()
  })
})

it('without a loss every network stands, and the remedy works', () => {
  const layers: LayerOptions[] = [
    ...START,
    { type: 'pool', pooling: 'last' },
    { type: 'dense', units: 1, activation: 'sigmoid' },
  ]
  const batch = PackedBatch.ofFeatures(Float32Array.of(1, 0, 0, 1), [1, 2, 2])
  expect(() => network(layers).forward(batch)).not.toThrow()
  expect(() => network(layers, { loss: { type: 'meanSquaredError' } })).not.toThrow()
  const plain: LayerOptions[] = [...layers.slice(0, -1), { type: 'dense', units: 1 }]
  expect(() => network(plain, { loss: { type: 'binaryCrossEntropy' } })).not.toThrow()
})
