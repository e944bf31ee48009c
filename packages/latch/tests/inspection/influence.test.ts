/** Influence against finite differences of the input in float64, and leave-one-out against predictions. */
import { describe, expect, it } from 'vitest'
import { influence } from '../../src/inspection/interventions/influence.ts'
import { PackedBatch } from '../../src/tensors/packedBatch.ts'
import type { LayerOptions } from '../../src/model/config.ts'
import { internalsOf, type Network } from '../../src/model/network.ts'
import { network } from '../networks.ts'
import { Random } from '../../src/core/random.ts'
import { DataError, UsageError } from '../../src/core/errors.ts'
import type { ClassifierOptions } from '../../src/tasks/textClassifier/options.ts'
import { SequenceModel } from '../../src/tasks/sequenceModel/sequenceModel.ts'
import { everyStep, numbersEveryStep } from '../tasks/sequenceModel/sequenceFixtures.ts'
import { comments, thrown, trained, THREE } from '../tasks/textClassifier/classifierHelpers.ts'

const exact = { engine: 'reference', precision: 'float64' } as const
const V = 9
const ids = [3, 1, 4, 1, 5]

const recurrent = (options: object): LayerOptions =>
  ({ type: 'recurrent', units: 4, returnSequences: false, ...options }) as LayerOptions

function build(layers: LayerOptions[], classes = 3): Network {
  const type = classes === 1 ? 'binaryCrossEntropy' : 'softmaxCrossEntropy'
  const made = network([...layers, { type: 'dense', units: classes }], { ...exact, loss: { type } })
  const random = new Random(5, 'weights')
  for (const p of made.parameters)
    internalsOf(made).store.write(
      p,
      Float64Array.from({ length: p.size }, () => random.between(-1, 1)),
    )
  return made
}

/** A copy that reads features in place of embedded or one-hot ids, so that its input can be nudged. */
function reading(net: Network, width: number): Network {
  const layers: LayerOptions[] = [{ type: 'features', width }, ...net.config.layers.slice(1)]
  const weights = ({ name }: { name: string }) =>
    internalsOf(net).store.read(internalsOf(net).store.find(name))
  return network(layers, { ...exact, loss: net.config.loss, weights })
}

/** x·∂(logit)/∂x of each step, by moving the step's vector along itself. */
function numeric(net: Network, x: Float64Array, F: number, target: number): number[] {
  const T = x.length / F
  const logit = (t: number, scale: number) => {
    const moved = x.map((value, i) => (Math.floor(i / F) === t ? value * scale : value))
    const batch = PackedBatch.ofFeatures(moved, [1, T, F])
    net.forward(batch)
    const out = net.readOutput(batch)
    return out.length > 1 ? out[target] : target ? out[0] : -out[0]
  }
  return Array.from({ length: T }, (_, t) => (logit(t, 1 + 1e-5) - logit(t, 1 - 1e-5)) / 2e-5)
}

const stacks: [string, LayerOptions[]][] = [
  ['rnn', [recurrent({ cell: 'rnn' })]],
  ['lstm', [recurrent({ cell: 'lstm' })]],
  ['gru, reset after', [recurrent({ cell: 'gru' })]],
  ['gru before, bidirectional', [recurrent({ cell: 'gru', reset: 'before', direction: 'bidirectional' })]],
  [
    'lstm over gru, bidirectional, dropout',
    [
      { type: 'dropout', rate: 0.5 },
      recurrent({ cell: 'gru', direction: 'bidirectional', returnSequences: true }),
      recurrent({ cell: 'lstm', direction: 'bidirectional' }),
    ],
  ],
  [
    'lstm, mean over time',
    [recurrent({ cell: 'lstm', returnSequences: true }), { type: 'pool', pooling: 'mean' }],
  ],
]

describe.each(stacks)('gradient × input, %s', (_, own) => {
  const expectSlopes = (net: Network, input: number[] | PackedBatch, x: Float64Array, F: number) => {
    for (const target of [0, 1]) {
      const found = influence(net, input, target)
      const wanted = numeric(reading(net, F), x, F, target)
      found.tokens.forEach(({ gradientInput }, t) => expect(gradientInput).toBeCloseTo(wanted[t], 7))
      expect(Math.max(...wanted.map(Math.abs))).toBeGreaterThan(1e-3)
    }
  }

  it('of an embedding', () => {
    const net = build([{ type: 'embedding', vocabulary: V, size: 5 }, ...own])
    const table = internalsOf(net).store.read(net.parameters[0])
    expectSlopes(net, ids, Float64Array.from(ids.flatMap((id) => [...table.subarray(id * 5, id * 5 + 5)])), 5)
  })

  it('of one-hot ids, with gradient checkpointing too', () => {
    // One-hot rows are never made, so nothing can be dropped from them.
    const net = build([{ type: 'oneHot', vocabulary: V }, ...own.filter(({ type }) => type !== 'dropout')], 1)
    net.checkpointSteps = 2
    const x = new Float64Array(ids.length * V)
    ids.forEach((id, t) => (x[t * V + id] = 1))
    expectSlopes(net, ids, x, V)
    expect(net.checkpointSteps).toBe(2)
  })

  it('of features, with weights that change in between', () => {
    const net = build([{ type: 'features', width: 3 }, ...own])
    const x = Float64Array.from({ length: 12 }, (_, i) => Math.sin(i * 1.7))
    const batch = PackedBatch.ofFeatures(x, [1, 4, 3])
    expectSlopes(net, batch, x, 3)
    const [first] = net.parameters
    internalsOf(net).store.write(
      first,
      internalsOf(net)
        .store.read(first)
        .map((w) => w * 0.7),
    )
    expectSlopes(net, batch, x, 3)
  })
})

describe('leave-one-out', () => {
  const cases: [string, ClassifierOptions, readonly ('good' | 'bad' | 'odd')[]][] = [
    ['three classes', { cell: 'gru' }, THREE],
    ['two, one logit', { cell: 'lstm', bidirectional: true }, ['good', 'bad']],
  ]
  it.each(cases)('%s: what the model says of the text without the token', async (_, options, labels) => {
    const model = await trained(options, { epochs: 4 }, comments(48, 1, labels))
    const text = 'the great soup was awful'
    const words = text.split(' ')
    const of = (list: string[], label: string) =>
      (model.predict(list.join(' ')).probabilities as Record<string, number>)[label]
    for (const label of labels) {
      const found = influence(model, text, label)
      expect(model.labels[found.target]).toBe(label)
      expect(found.probability).toBeCloseTo(of(words, label), 6)
      expect(found.tokens.map(({ token }) => token)).toEqual(words)
      found.tokens.forEach(({ step, leaveOneOut }, t) => {
        expect(step).toBe(t)
        const wanted =
          of(words, label) -
          of(
            words.filter((__, at) => at !== t),
            label,
          )
        expect(leaveOneOut!.probability).toBeCloseTo(wanted, 6)
      })
      if (labels.length > 2) continue
      // Two classes: the logit is the log-odds.
      const odds = (p: number) => Math.log(p / (1 - p))
      const rest = words.slice(1)
      expect(found.tokens[0].leaveOneOut!.logit).toBeCloseTo(
        odds(of(words, label)) - odds(of(rest, label)),
        4,
      )
    }
    expect(influence(model, text).target).toBe(model.labels.indexOf(model.predict(text).label as never))
  })

  it('of one token is none; of long texts runs in rounds', async () => {
    const model = await trained({ cell: 'gru' }, { epochs: 1 })
    expect(influence(model, 'great').tokens[0].leaveOneOut).toBeNull()
    const long = influence(model, 'the soup was great and '.repeat(40))
    expect(long.tokens).toHaveLength(200)
    const short = model.predict('the soup was great and '.repeat(40).replace('the ', ''))
    const label = model.labels[long.target]
    expect(long.probability! - long.tokens[0].leaveOneOut!.probability!).toBeCloseTo(
      (short.probabilities as Record<string, number>)[label],
      6,
    )
  })
})

it('leaves no step out where sequences have one length', () => {
  const gru = recurrent({ cell: 'gru' })
  const decoder = build([
    { type: 'embedding', vocabulary: V, size: 2 },
    gru,
    { type: 'repeat', steps: 5 },
    gru,
  ])
  const { tokens } = influence(decoder, PackedBatch.ofIds([ids]), 0)
  expect(tokens.map(({ leaveOneOut }) => leaveOneOut)).toEqual(ids.map(() => null))
})

describe('of one step, of one number', () => {
  const every = { returnSequences: true } as const
  const networks: [string, LayerOptions[], 'meanSquaredError' | 'softmaxCrossEntropy'][] = [
    ['classes of every step', [recurrent({ cell: 'gru', ...every })], 'softmaxCrossEntropy'],
    [
      'classes, both directions',
      [recurrent({ cell: 'lstm', direction: 'bidirectional', ...every })],
      'softmaxCrossEntropy',
    ],
    [
      'numbers of every step',
      [recurrent({ cell: 'rnn', ...every }), recurrent({ cell: 'lstm', ...every })],
      'meanSquaredError',
    ],
    ['numbers of the sequence', [recurrent({ cell: 'gru', reset: 'before' })], 'meanSquaredError'],
  ]
  const features = Float64Array.from({ length: 15 }, (_, i) => Math.sin(i * 1.7))

  function made(own: LayerOptions[], type: 'meanSquaredError' | 'softmaxCrossEntropy'): Network {
    const layers: LayerOptions[] = [{ type: 'features', width: 3 }, ...own, { type: 'dense', units: 2 }]
    const net = network(layers, { ...exact, loss: { type } })
    const random = new Random(3, 'influence')
    for (const p of net.parameters) {
      const values = Float64Array.from({ length: p.size }, () => random.between(-1, 1))
      internalsOf(net).store.write(p, values)
    }
    return net
  }

  /** The row that a network answers for some steps of the features, at one of them. */
  function answer(net: Network, x: Float64Array, at: number): Float64Array {
    const batch = PackedBatch.ofFeatures(x, [1, x.length / 3, 3])
    net.forward(batch)
    const out = net.readOutput(batch)
    return net.output.per === 'step' ? out.slice(at * 2, at * 2 + 2) : out
  }

  it.each(networks)('%s: slopes by differences, leaving out by reading again', (_, own, type) => {
    const net = made(own, type)
    const batch = PackedBatch.ofFeatures(features, [1, 5, 3])
    const asked = net.output.per === 'step' ? [undefined, 2, 0] : [undefined]
    for (const step of asked) {
      for (const target of [0, 1]) {
        const found = influence(net, batch, target, { step })
        const at = step ?? 4
        expect(found).toMatchObject({ target, outputStep: at })
        const row = answer(net, features, at)
        expect(found.logit).toBeCloseTo(row[target], 12)
        expect(found.probability === null).toBe(type === 'meanSquaredError')
        const probability = 1 / (1 + Math.exp(row[1 - target] - row[target]))
        expect(found.probability ?? probability).toBeCloseTo(probability, 12)
        found.tokens.forEach(({ gradientInput, leaveOneOut }, t) => {
          const scaled = (by: number) =>
            answer(
              net,
              features.map((v, i) => (Math.floor(i / 3) === t ? v * by : v)),
              at,
            )[target]
          expect(gradientInput).toBeCloseTo((scaled(1 + 1e-5) - scaled(1 - 1e-5)) / 2e-5, 7)
          const rest = features.filter((__, i) => Math.floor(i / 3) !== t)
          const place = t <= at ? at - 1 : at
          expect(leaveOneOut === null).toBe(place < 0)
          if (place < 0) return
          expect(leaveOneOut!.logit).toBeCloseTo(row[target] - answer(net, rest, place)[target], 12)
          expect(leaveOneOut!.probability === null).toBe(type === 'meanSquaredError')
        })
        expect(Math.max(...found.tokens.map(({ gradientInput }) => Math.abs(gradientInput)))).toBeGreaterThan(
          1e-3,
        )
      }
    }
  })

  it('reads forwards only: later steps do nothing to an earlier answer', () => {
    const net = made([recurrent({ cell: 'gru', ...every })], 'meanSquaredError')
    const { tokens } = influence(net, PackedBatch.ofFeatures(features, [1, 5, 3]), 1, { step: 2 })
    for (const { gradientInput, leaveOneOut } of tokens.slice(3)) {
      expect(gradientInput).toBe(0)
      expect(leaveOneOut!.logit).toBeCloseTo(0, 14)
    }
  })

  it('takes the first number, the likeliest class, and labels by name', () => {
    const numbers = SequenceModel.fromImported(numbersEveryStep())
    const rows = [
      [1, 2],
      [0, -1],
      [2, 1],
    ]
    expect(influence(numbers, rows)).toEqual(influence(numbers, rows, '0', { step: 2 }))
    const classes = SequenceModel.fromImported(everyStep())
    const found = influence(classes, [0, 3, 4])
    expect(classes.labels[found.target]).toBe(classes.predict([0, 3, 4]).label)
    expect(Math.log(found.probability!)).toBeCloseTo(classes.predict([0, 3, 4]).output[found.target], 5)
  })
})

it('rejects unknown words, labels and steps', async () => {
  const model = await trained({ cell: 'gru' }, { epochs: 1 })
  expect(await thrown(() => influence(model, 'great', 'odd'))).toBeInstanceOf(DataError)
  expect(await thrown(() => influence(model, 'great', 'good', { step: 0 }))).toBeInstanceOf(UsageError)
  const every = SequenceModel.fromImported(everyStep())
  expect(await thrown(() => influence(every, [0, 3], undefined, { step: 2 }))).toBeInstanceOf(DataError)
  expect(await thrown(() => influence(every, [0, 3], 3))).toBeInstanceOf(DataError)
  const bare = network([{ type: 'oneHot', vocabulary: V }, recurrent({ cell: 'gru' })])
  expect(await thrown(() => influence(bare, ids))).toBeInstanceOf(UsageError)
})
