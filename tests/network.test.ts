/** The network's own door: states in and out, plans that grow, and what it refuses. */
import { describe, expect, it } from 'vitest'
import { network, PackedBatch, ShapeError, UsageError } from '../src/index.ts'

const layers = [
  { type: 'features', width: 2 },
  { type: 'recurrent', cell: 'lstm', units: 3 },
] as const

const features = (count: number) => Float32Array.from({ length: count }, (_, i) => Math.sin(i))

describe('states', () => {
  it('in through the front door, also when the batch needs a larger plan', () => {
    const net = network(layers, { seed: 2 })
    net.forward(PackedBatch.ofFeatures(features(4), [1, 2, 2]))
    const batch = PackedBatch.ofFeatures(features(40), [4, 5, 2])
    net.forward(batch)
    const fromZero = net.readOutput(batch)
    net.writeInitialState(batch, new Float64Array(12).fill(0.5))
    net.writeInitialState(batch, new Float64Array(12).fill(-1), { state: 'cell' })
    net.forward(batch)
    expect(net.readOutput(batch)).not.toEqual(fromZero)
    net.forward(batch)
    expect(net.readOutput(batch), 'states hold for one pass').toEqual(fromZero)
  })

  it('out: the last hidden state is the last output', () => {
    const net = network(layers, { seed: 2 })
    const batch = PackedBatch.ofFeatures(features(20), [2, 5, 2])
    net.forward(batch)
    const output = net.readOutput(batch)
    const last = net.readFinalState(batch)
    expect(last.slice(0, 3)).toEqual(output.slice(12, 15))
    expect(last.slice(3)).toEqual(output.slice(27, 30))
  })

  it('refuses a wrong size, a level or a state that is not there', () => {
    const net = network([layers[0], { type: 'recurrent', cell: 'gru', units: 3 }])
    const batch = PackedBatch.ofFeatures(features(4), [1, 2, 2])
    expect(() => net.writeInitialState(batch, [1, 2])).toThrow(ShapeError)
    expect(() => net.writeInitialState(batch, [1, 2, 3], { level: 1 })).toThrow(
      /recurrent level below 1, got 1/,
    )
    expect(() => net.writeInitialState(batch, [1, 2, 3], { state: 'cell' })).toThrow(/a state among hidden/)
    expect(() => net.readFinalState(batch, { direction: 1 })).toThrow(/a direction below 1, got 1/)
    const fresh = network(layers)
    expect(() => fresh.recurrent[0].writeInitialState(batch, 'hidden', 0, [1, 2, 3])).toThrow(UsageError)
  })
})

describe('what does not fit', () => {
  const steps = [layers[0], { type: 'recurrent', cell: 'gru', units: 3, outputs: 'last' }] as const

  it('layers on each other', () => {
    expect(() => network([...steps, { type: 'recurrent', cell: 'gru', units: 2 }])).toThrow(
      /outputs: 'every'/,
    )
    expect(() => network([...steps, { type: 'pool', over: 'max' }])).toThrow(ShapeError)
    expect(() =>
      network([
        { type: 'oneHot', vocabulary: 4 },
        { type: 'dense', units: 2 },
      ]),
    ).toThrow(/embedding/)
  })

  it('input of another kind or width, and ids outside the vocabulary', () => {
    const net = network(steps)
    expect(() => net.forward(PackedBatch.ofIds([[1]]))).toThrow(/expected 2 features a step, got token ids/)
    const words = network([{ type: 'embedding', vocabulary: 4, size: 2 }, steps[1]])
    expect(() => words.forward(PackedBatch.ofIds([[1, 4]]))).toThrow(/an id in 0..3, got 4/)
    expect(() => PackedBatch.ofIds([[1], []])).toThrow(/at least one step/)
    expect(() => PackedBatch.ofFeatures([1, 2, 3], [1, 2, 2])).toThrow(/\(batch, timesteps, features\)/)
  })

  it('calls out of order', () => {
    const net = network(steps, { loss: { type: 'meanSquaredError' } })
    const batch = PackedBatch.ofFeatures(features(4), [1, 2, 2])
    net.forward(batch)
    const pass = { training: true, record: false, key: 0 }
    expect(() => net.backward(batch, { values: [1, 2, 3] }, pass)).toThrow(/prepareTraining/)
  })
})
