/** A row of the sequence at each of its steps. */
import { describe, expect, it } from 'vitest'
import { backwardFrom } from '../../src/model/backwardFrom.ts'
import type { LayerOptions } from '../../src/model/config.ts'
import { PackedBatch } from '../../src/tensors/packedBatch.ts'
import { network } from '../networks.ts'

const features: LayerOptions = { type: 'features', width: 2 }
const last: LayerOptions = { type: 'pool', pooling: 'last' }
const repeated: LayerOptions = { type: 'repeat', steps: 3 }
const batch = () => PackedBatch.ofFeatures([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12], [2, 3, 2])

describe('repeat', () => {
  it('repeats the row, and adds up what comes back', () => {
    for (const engine of ['reference', 'simd'] as const) {
      const net = network([features, last, repeated], {
        engine,
        threads: 1,
        inputGradients: true,
        loss: { type: 'meanSquaredError' },
      })
      net.prepareTraining()
      const x = batch()
      const pass = { training: true, record: false, key: 0 }
      net.forward(x, pass)
      expect([...net.readOutput(x)]).toEqual([5, 6, 5, 6, 5, 6, 11, 12, 11, 12, 11, 12])
      backwardFrom(net, x, [1, 0, 1, 0, 2, 1, 0, 1, 0, 1, 0, 3], pass)
      expect([...net.readInputGradient(x)]).toEqual([0, 0, 0, 0, 4, 1, 0, 0, 0, 0, 0, 5])
    }
  })

  it('refuses sequences of another length, rows by step, and streams', () => {
    const net = network([features, last, repeated], { threads: 1 })
    expect(() => net.forward(PackedBatch.ofFeatures([1, 2, 3, 4], [1, 2, 2]))).toThrow(
      'repeat.0: expected sequences of 3 steps, as many as it repeats, got 2',
    )
    expect(() => network([features, repeated])).toThrow(
      'expected one row a sequence below it, got a row for each step',
    )
    expect(() => net.stream()).toThrow('a repeat layer, whose row is that of the whole sequence')
  })
})
