/** The softmax over time: values, masked steps, gradients. */
import { describe, expect, it } from 'vitest'
import type { LayerOptions } from '../../src/model/config.ts'
import { PackedBatch } from '../../src/tensors/packedBatch.ts'
import { network } from '../networks.ts'
import { checkGradients } from '../model/gradientCase.ts'

const features: LayerOptions = { type: 'features', width: 3 }
const lstm: LayerOptions = { type: 'recurrent', cell: 'lstm', units: 3 }
const softmax: LayerOptions = { type: 'timeSoftmax' }

describe('timeSoftmax', () => {
  it('has the gradients of central differences, also within attention', () => {
    checkGradients([features, lstm, softmax, lstm, { type: 'pool', pooling: 'last' }])
    checkGradients([
      features,
      lstm,
      { type: 'dense', units: 4, activation: 'tanh' },
      { type: 'dense', units: 1 },
      softmax,
      { type: 'merge', operation: 'multiply', inputs: ['timeSoftmax.0', 'recurrent.0'] },
      { type: 'pool', pooling: 'sum' },
      { type: 'dense', units: 2 },
    ])
    checkGradients([
      { type: 'embedding', vocabulary: 7, size: 3, maskZero: true },
      lstm,
      softmax,
      { type: 'pool', pooling: 'sum' },
    ])
  })

  it('adds up to 1 over the steps that count, each sequence by itself', () => {
    const net = network([{ type: 'features', width: 1 }, softmax], { threads: 1 })
    const ln = Math.log
    const batch = PackedBatch.ofFeatures([ln(1), ln(2), ln(5), ln(3), ln(1), 0], [2, 3, 1], [3, 2])
    net.forward(batch)
    const wanted = [1 / 8, 2 / 8, 5 / 8, 3 / 4, 1 / 4, 0]
    net.readOutput(batch).forEach((x, i) => expect(x).toBeCloseTo(wanted[i], 6))
    expect(() => net.stream()).toThrow('a softmax over time, which needs the scores of all steps')
  })

  it('leaves masked steps out', () => {
    const net = network([{ type: 'features', width: 1 }, { type: 'masking', value: 0 }, softmax], {
      threads: 1,
    })
    const batch = PackedBatch.ofFeatures([1, 0, 1], [1, 3, 1])
    net.forward(batch)
    expect([...net.readOutput(batch)]).toEqual([0.5, 0, 0.5])
  })
})
