/** Steps and features in each other's place, and reshaped as NumPy does. */
import { describe, expect, it } from 'vitest'
import { backwardFrom } from '../../src/model/backwardFrom.ts'
import type { LayerOptions } from '../../src/model/config.ts'
import { PackedBatch } from '../../src/tensors/packedBatch.ts'
import { network } from '../networks.ts'

const features: LayerOptions = { type: 'features', width: 2 }
const last: LayerOptions = { type: 'pool', pooling: 'last' }
const permute: LayerOptions = { type: 'permute', steps: 3 }
const reshape = (steps: number, width: number): LayerOptions => ({ type: 'reshape', steps, width })
const batch = () => PackedBatch.ofFeatures([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12], [2, 3, 2])

function passOf(layers: readonly LayerOptions[], engine: 'reference' | 'simd', gradients: readonly number[]) {
  const loss = { type: 'meanSquaredError' } as const
  const net = network([features, ...layers], { engine, threads: 1, inputGradients: true, loss })
  net.prepareTraining()
  const [x, pass] = [batch(), { training: true, record: false, key: 0 }]
  const { steps } = net.forward(x, pass)
  const output = [...net.readOutput(x)]
  backwardFrom(net, x, Float64Array.from(gradients), pass)
  return { steps, output, input: [...net.readInputGradient(x)] }
}

describe.each(['reference', 'simd'] as const)('on engine %s', (engine) => {
  it('permute turns (3, 2) to (2, 3), and what comes back to (3, 2)', () => {
    const { steps, output, input } = passOf([permute], engine, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12])
    expect(steps).toBe(2)
    expect(output).toEqual([1, 3, 5, 2, 4, 6, 7, 9, 11, 8, 10, 12])
    expect(input).toEqual([1, 4, 2, 5, 3, 6, 7, 10, 8, 11, 9, 12])
  })

  it('reshape keeps the order of the numbers', () => {
    const gradients = [12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1]
    for (const [steps, width] of [
      [2, 3],
      [6, 1],
      [1, 6],
    ]) {
      const found = passOf([reshape(steps, width)], engine, gradients)
      expect(found).toEqual({ steps, output: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12], input: gradients })
    }
  })

  it('reshape makes steps of one row', () => {
    const { steps, output, input } = passOf([last, reshape(2, 1)], engine, [1, 2, 3, 4])
    expect({ steps, output }).toEqual({ steps: 2, output: [5, 6, 11, 12] })
    expect(input).toEqual([0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 3, 4])
  })
})

it('joins steps that two permutations made as many again, and no others', () => {
  const twice: LayerOptions[] = [features, permute, { type: 'permute', steps: 2 }]
  const add = (...inputs: string[]): LayerOptions => ({ type: 'merge', operation: 'add', inputs })
  const net = network([...twice, add('features.0', 'permute.1')], { threads: 1 })
  const x = batch()
  net.forward(x)
  expect([...net.readOutput(x)]).toEqual([2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24])
  const concat: LayerOptions = { type: 'concat', inputs: ['permute.0', 'permute.1'] }
  expect(() => network([...twice, concat])).toThrow('changes their number')
})

describe('refuses', () => {
  it('sequences of another length', () => {
    const ragged = () => PackedBatch.ofFeatures([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12], [2, 3, 2], [2, 3])
    for (const layer of [permute, reshape(2, 3)])
      expect(() => network([features, layer], { threads: 1 }).forward(ragged())).toThrow(
        `${layer.type}.0, sequence 0: expected 3 steps, got 2. Cut or pad sequences to 3 steps`,
      )
    const net = network([features, permute], { threads: 1 })
    expect(() => net.forward(PackedBatch.ofFeatures(new Float32Array(20), [1, 10, 2]))).toThrow(
      'permute.0, sequence 0: expected 3 steps, got 10',
    )
    net.forward(batch())
  })

  it('shapes of other numbers, rows by sequence and streams', () => {
    expect(() => network([features, reshape(3, 5)])).toThrow(
      'reshape.0: expected steps of 3·5 = 15 numbers, got steps of 2',
    )
    expect(() => network([features, last, reshape(3, 2)])).toThrow(
      'reshape.0: expected a row of 3·2 = 6 numbers, got one of 2',
    )
    expect(() => network([features, last, permute])).toThrow('expected a sequence of steps below it')
    for (const layer of [permute, reshape(2, 3)])
      expect(() => network([features, layer]).stream()).toThrow(
        `a ${layer.type} layer, which needs all steps`,
      )
  })
})
