/** Layers as one, number by number: values, gradients, streams, and what does not fit. */
import { describe, expect, it } from 'vitest'
import type { LayerOptions } from '../../src/model/config.ts'
import { PackedBatch } from '../../src/tensors/packedBatch.ts'
import { MERGE_OPERATIONS, type MergeOperation } from '../../src/layers/skips/merge.ts'
import { network } from '../networks.ts'
import { checkGradients } from '../model/gradientCase.ts'

const features: LayerOptions = { type: 'features', width: 3 }
const lstm: LayerOptions = { type: 'recurrent', cell: 'lstm', units: 3 }
const one: LayerOptions = { type: 'dense', units: 1, activation: 'sigmoid' }
const last: LayerOptions = { type: 'pool', pooling: 'last' }
const merge = (operation: MergeOperation, ...inputs: string[]): LayerOptions => ({
  type: 'merge',
  operation,
  inputs,
})
const ROWS = [1, -2, 3, 4, 5, -6, 7, 8, 9, 0, 0, 0]
const ragged = () => PackedBatch.ofFeatures(ROWS, [2, 2, 3], [2, 1])

describe.each(MERGE_OPERATIONS)('%s', (operation) => {
  it('has the gradients of central differences', () => {
    checkGradients([features, lstm, merge(operation, 'features.0', 'recurrent.0'), last])
    checkGradients([features, lstm, one, merge(operation, 'recurrent.0', 'dense.0'), lstm, last])
    checkGradients([features, lstm, last, merge(operation, 'recurrent.0', 'pool.0'), lstm, last])
    if (operation !== 'subtract')
      checkGradients([features, lstm, merge(operation, 'recurrent.0', 'recurrent.0'), last])
    checkGradients([
      features,
      lstm,
      { type: 'activation', activation: 'gelu' },
      merge(operation, 'activation.0', 'recurrent.0'),
      { type: 'activation', activation: 'tanh' },
      last,
    ])
  })

  it('streams as forward computes', () => {
    const net = network([features, lstm, one, merge(operation, 'recurrent.0', 'dense.0')], { threads: 1 })
    const batch = PackedBatch.ofFeatures(ROWS.slice(0, 6), [1, 2, 3])
    const stream = net.stream()
    const rows = [...stream.push(ROWS.slice(0, 3)), ...stream.push(ROWS.slice(3, 6))]
    net.forward(batch)
    expect(rows).toEqual([...net.readOutput(batch)])
  })
})

describe('merge', () => {
  it('computes number by number, on every engine, of ragged batches', () => {
    const output = (operation: MergeOperation, engine: 'reference' | 'simd') => {
      const doubled: LayerOptions = { type: 'activation', activation: { type: 'affine', alpha: 2, beta: 1 } }
      const layers = [features, doubled, merge(operation, 'features.0', 'activation.0')]
      const net = network(layers, { engine, threads: 1 })
      const batch = ragged()
      net.forward(batch)
      return [...net.readOutput(batch)]
    }
    const pairs: Record<MergeOperation, (x: number, y: number) => number> = {
      add: (x, y) => x + y,
      subtract: (x, y) => x - y,
      multiply: (x, y) => x * y,
      average: (x, y) => (x + y) / 2,
      maximum: Math.max,
      minimum: Math.min,
    }
    for (const engine of ['reference', 'simd'] as const)
      for (const operation of MERGE_OPERATIONS)
        expect(output(operation, engine)).toEqual(
          ROWS.map((x, i) => (i < 9 ? pairs[operation](x, 2 * x + 1) : 0)),
        )
  })

  it('repeats a row of the sequence for each of its steps', () => {
    const net = network([features, last, merge('add', 'features.0', 'pool.0')], { threads: 1 })
    const batch = ragged()
    net.forward(batch)
    expect([...net.readOutput(batch)]).toEqual([5, 3, -3, 8, 10, -12, 14, 16, 18, 0, 0, 0])
    expect(() => net.stream()).toThrow('a merge layer, where a row of the whole sequence meets each step')
  })

  it('refuses what does not fit', () => {
    const make =
      (...layers: LayerOptions[]) =>
      () =>
        network(layers)
    const wide: LayerOptions = { type: 'dense', units: 2 }
    expect(make(features, wide, merge('add', 'features.0', 'dense.0'))).toThrow(
      'merge.0, dense.0: expected 3 numbers a row, or one, got 2',
    )
    expect(make(features, merge('subtract', 'features.0', 'features.0', 'features.0'))).toThrow(
      'merge.0: expected two layers to subtract, got 3',
    )
    expect(make(features, merge('add', 'features.0'))).toThrow('inputs: expected 2 to 1000 items, got 1')
    expect(make({ type: 'oneHot', vocabulary: 4 }, lstm, merge('add', 'oneHot.0', 'recurrent.0'))).toThrow(
      'merge.0, oneHot.0: expected a layer with values below it, got one-hot input',
    )
  })
})
