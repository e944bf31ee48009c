/** The network's public methods: states in and out, plans that grow, and errors. */
import { backwardFrom } from '../../src/model/backwardFrom.ts'
import { describe, expect, it } from 'vitest'
import {
  PackedBatch,
  prefixOutputs,
  ShapeError,
  UsageError,
  type LayerOptions,
  type LossOptions,
} from '../../src/index.ts'
import { network } from '../networks.ts'

const layers = [
  { type: 'features', width: 2 },
  { type: 'recurrent', cell: 'lstm', units: 3 },
] as const

const features = (count: number) => Float32Array.from({ length: count }, (_, i) => Math.sin(i))

describe('states', () => {
  it('initial states are set, also when the batch needs a larger plan', () => {
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

  it('refuses a wrong size, a layer or a state that is not there', () => {
    const net = network([layers[0], { type: 'recurrent', cell: 'gru', units: 3 }])
    const batch = PackedBatch.ofFeatures(features(4), [1, 2, 2])
    expect(() => net.writeInitialState(batch, [1, 2])).toThrow(ShapeError)
    expect(() => net.writeInitialState(batch, [1, 2, 3], { layer: 1 })).toThrow(
      /recurrent layer below 1, got 1/,
    )
    expect(() => net.writeInitialState(batch, [1, 2, 3], { state: 'cell' })).toThrow(/a state among hidden/)
    net.forward(batch)
    expect(() => net.readFinalState(batch, { direction: 1 })).toThrow(/a direction below 1, got 1/)
  })

  it('outlast a new plan, and never reach another batch', () => {
    const batch = PackedBatch.ofFeatures(features(4), [1, 2, 2])
    const run = (between: (net: ReturnType<typeof network>) => void) => {
      const net = network(layers, { seed: 2 })
      net.writeInitialState(batch, [0.5, 0.5, 0.5])
      between(net)
      net.forward(batch)
      return net.readOutput(batch)
    }
    const other = PackedBatch.ofFeatures(features(40), [4, 5, 2])
    expect(run((net) => net.prepareTraining())).toEqual(run(() => {}))
    expect(() => run((net) => net.forward(other))).toThrow(
      /the batch that states were given for, got another batch/,
    )
  })
})

describe('what does not fit', () => {
  const steps = [layers[0], { type: 'recurrent', cell: 'gru', units: 3, returnSequences: false }] as const

  it('layers on each other', () => {
    expect(() => network([...steps, { type: 'recurrent', cell: 'gru', units: 2 }])).toThrow(
      /returnSequences: true/,
    )
    expect(() => network([...steps, { type: 'pool', pooling: 'max' }])).toThrow(ShapeError)
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
    for (const id of [NaN, 2.5, 2 ** 32 + 1])
      expect(() => PackedBatch.ofIds([[1, id]])).toThrow(/sequence 0, step 1/)
    expect(() => PackedBatch.ofFeatures([1, 2], [1, 2, 1], [1.5])).toThrow(/whole number/)
    expect(() => PackedBatch.ofFeatures([1, 2, 3], [1.5, 2, 1])).toThrow(/whole number/)
    expect(() => PackedBatch.ofFeatures([1, 2, 3], [1, 2, 2])).toThrow(/\(batch, timesteps, features\)/)
  })

  it('calls out of order', () => {
    const net = network(steps, { loss: { type: 'meanSquaredError' } })
    const batch = PackedBatch.ofFeatures(features(4), [1, 2, 2])
    net.forward(batch)
    const pass = { training: true, record: false, key: 0 }
    expect(() => net.backward(batch, { values: [1, 2, 3] }, pass)).toThrow(/prepareTraining/)
    net.prepareTraining()
    expect(() => net.readOutput(batch)).toThrow(/no forward pass yet/)
    net.forward(batch, pass)
    const other = PackedBatch.ofFeatures(features(40), [4, 5, 2])
    for (const call of [
      () => net.readOutput(other),
      () => net.loss(other, {}),
      () => net.backward(other, {}, pass),
    ]) {
      expect(call).toThrow(/expected the batch of the last forward pass, got another batch/)
    }
    expect(() => backwardFrom(net, batch, [1], pass)).toThrow(/1·3 numbers, got 1/)
    const bare = network([layers[0], { type: 'dropout', rate: 0.5 }])
    bare.prepareTraining()
    bare.forward(batch, pass)
    expect(() => backwardFrom(bare, batch, [1, 2, 3, 4], pass)).toThrow(UsageError)
  })
})

describe('targets', () => {
  const batch = PackedBatch.ofIds([[1, 2], [3]])
  const learner = (units: number, loss: LossOptions, returnSequences = false) => {
    const net = network(
      [
        { type: 'embedding', vocabulary: 4, size: 2 },
        { type: 'recurrent', cell: 'gru', units: 3, returnSequences },
        { type: 'dense', units },
      ],
      { loss },
    )
    net.forward(batch)
    return net
  }

  it('of a sigmoid are 0 and 1, also per step; a class of weight 0 weighs nothing', () => {
    const net = learner(1, { type: 'binaryCrossEntropy', classWeights: [1, 0] })
    expect(net.loss(batch, { classes: [1, 1] })).toEqual({ mean: 0, weight: 0 })
    for (const wrong of [-1, 2, NaN, 0.5]) {
      expect(() => net.loss(batch, { classes: [1, wrong] })).toThrow(/whole class numbers from 0 to 1/)
    }
    const tagger = learner(1, { type: 'binaryCrossEntropy' }, true)
    expect(tagger.loss(batch, { stepClasses: [[0, 1], [1]] }).weight).toBe(3)
  })

  it('of a softmax lie below its width, one for each step; negative ones are left out', () => {
    const net = learner(3, { type: 'softmaxCrossEntropy' })
    expect(net.loss(batch, { classes: [2, -100] }).weight).toBe(1)
    expect(() => net.loss(batch, { classes: [0, 3] })).toThrow(/whole class numbers below 3, got 3/)
    expect(() => net.loss(batch, { classes: [0] })).toThrow(/2 classes, got 1/)
    const tagger = learner(3, { type: 'softmaxCrossEntropy' }, true)
    expect(() => tagger.loss(batch, { stepClasses: [[0], [1]] })).toThrow(/got undefined/)
  })

  it('and losses that cannot be', () => {
    expect(() => learner(1, { type: 'softmaxCrossEntropy' })).toThrow(/at least two outputs/)
    expect(() => learner(2, { type: 'huber', classWeights: [1, 2] })).toThrow(/has no classes/)
    expect(() => network([layers[0], { ...layers[1], reset: 'before' }])).toThrow(
      /no `reset`: only "gru" cells have it/,
    )
    expect(() => network([layers[0], { ...layers[1], activation: 'softmax' } as never])).toThrow(
      /activation: expected one of/,
    )
  })
})

describe('prefixes', () => {
  it('of a network that answers every step are its own steps', () => {
    const net = network([
      { type: 'embedding', vocabulary: 4, size: 2 },
      { type: 'recurrent', cell: 'gru', units: 3 },
      { type: 'dense', units: 2 },
    ])
    const batch = PackedBatch.ofIds([[1, 2, 3]])
    net.forward(batch)
    const whole = [...net.readOutput(batch)]
    expect(prefixOutputs(net, [1, 2, 3]).flatMap((row) => [...row])).toEqual(whole)
  })

  it('are the answers to the prefixes alone, to the bit, whichever way they are found', () => {
    const ids = Array.from({ length: 70 }, (_, t) => (t * t) % 4)
    const heads: LayerOptions[][] = [
      [{ type: 'recurrent', cell: 'lstm', units: 5, returnSequences: false }],
      [
        { type: 'recurrent', cell: 'gru', units: 5 },
        { type: 'recurrent', cell: 'rnn', units: 3, returnSequences: false },
        { type: 'dropout', rate: 0.5 },
      ],
      [{ type: 'recurrent', cell: 'lstm', units: 5, direction: 'bidirectional', returnSequences: false }],
      [
        { type: 'recurrent', cell: 'gru', units: 5 },
        { type: 'pool', pooling: 'max' },
      ],
    ]
    for (const head of heads) {
      const net = network([
        { type: 'embedding', vocabulary: 4, size: 3 },
        ...head,
        { type: 'dense', units: 2 },
      ])
      const together = prefixOutputs(net, ids)
      const alone = ids.map((_, t) => {
        const batch = PackedBatch.ofIds([ids.slice(0, t + 1)])
        net.forward(batch)
        return net.readOutput(batch)
      })
      expect(together).toEqual(alone)
    }
  })
})
