/** Influence against finite differences of the input in float64, and leave-one-out against predictions. */
import { describe, expect, it } from 'vitest'
import { influence } from '../src/inspection/influence.ts'
import { PackedBatch } from '../src/layers/packed.ts'
import type { LayerOptions } from '../src/model/config.ts'
import { network, type Network } from '../src/model/network.ts'
import { Random } from '../src/tensor/random.ts'
import { DataError, UnsupportedError } from '../src/tensor/errors.ts'
import type { ClassifierOptions } from '../src/tasks/classifierOptions.ts'
import { comments, thrown, trained, THREE } from './classifierRig.ts'

const exact = { engine: 'reference', precision: 'float64' } as const
const V = 9
const ids = [3, 1, 4, 1, 5]

const recurrent = (options: object): LayerOptions =>
  ({ type: 'recurrent', units: 4, outputs: 'last', ...options }) as LayerOptions

function build(layers: LayerOptions[], classes = 3): Network {
  const type = classes === 1 ? 'binaryCrossEntropy' : 'softmaxCrossEntropy'
  const made = network([...layers, { type: 'dense', units: classes }], { ...exact, loss: { type } })
  const random = new Random(5, 'weights')
  for (const p of made.parameters)
    made.store.write(
      p,
      Float64Array.from({ length: p.size }, () => random.between(-1, 1)),
    )
  return made
}

/** A copy that reads features in place of embedded or one-hot ids, so that its input can be nudged. */
function reading(net: Network, width: number): Network {
  const layers: LayerOptions[] = [{ type: 'features', width }, ...net.config.layers.slice(1)]
  const weights = ({ name }: { name: string }) => net.store.read(net.store.find(name))
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

const levels: [string, LayerOptions[]][] = [
  ['rnn', [recurrent({ cell: 'rnn' })]],
  ['lstm', [recurrent({ cell: 'lstm' })]],
  ['gru, reset after', [recurrent({ cell: 'gru' })]],
  ['gru before, bidirectional', [recurrent({ cell: 'gru', reset: 'before', direction: 'bidirectional' })]],
  ['lstm over gru, bidirectional, dropout', [
    { type: 'dropout', rate: 0.5 },
    recurrent({ cell: 'gru', direction: 'bidirectional', outputs: 'every' }),
    recurrent({ cell: 'lstm', direction: 'bidirectional' }),
  ]],
  ['lstm, mean over time', [recurrent({ cell: 'lstm', outputs: 'every' }), { type: 'pool', over: 'mean' }]],
] // prettier-ignore

describe.each(levels)('gradient × input, %s', (_, own) => {
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
    const table = net.store.read(net.parameters[0])
    expectSlopes(net, ids, Float64Array.from(ids.flatMap((id) => [...table.subarray(id * 5, id * 5 + 5)])), 5)
  })

  it('of one-hot ids, kept in segments too', () => {
    // One-hot rows are never made, so nothing can be dropped from them.
    const net = build([{ type: 'oneHot', vocabulary: V }, ...own.filter(({ type }) => type !== 'dropout')], 1)
    net.segment = 2
    const x = new Float64Array(ids.length * V)
    ids.forEach((id, t) => (x[t * V + id] = 1))
    expectSlopes(net, ids, x, V)
    expect(net.segment).toBe(2)
  })

  it('of features, with weights that change in between', () => {
    const net = build([{ type: 'features', width: 3 }, ...own])
    const x = Float64Array.from({ length: 12 }, (_, i) => Math.sin(i * 1.7))
    const batch = PackedBatch.ofFeatures(x, [1, 4, 3])
    expectSlopes(net, batch, x, 3)
    const [first] = net.parameters
    net.store.write(first, net.store.read(first).map((w) => w * 0.7)) // prettier-ignore
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
    const of = (list: string[], label: string) => (model.predict(list.join(' ')).probabilities as Record<string, number>)[label] // prettier-ignore
    for (const label of labels) {
      const found = influence(model, text, label)
      expect(model.labels[found.target]).toBe(label)
      expect(found.probability).toBeCloseTo(of(words, label), 6)
      expect(found.tokens.map(({ token }) => token)).toEqual(words)
      found.tokens.forEach(({ step, leaveOneOut }, t) => {
        expect(step).toBe(t)
        const wanted = of(words, label) - of(words.filter((__, at) => at !== t), label) // prettier-ignore
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
    expect(long.probability - long.tokens[0].leaveOneOut!.probability).toBeCloseTo(
      (short.probabilities as Record<string, number>)[label],
      6,
    )
  })
})

it('is refused where there is no class', async () => {
  const every = network([{ type: 'oneHot', vocabulary: V }, recurrent({ cell: 'gru', outputs: 'every' }), { type: 'dense', units: 2 }], { loss: { type: 'softmaxCrossEntropy' } }) // prettier-ignore
  expect(await thrown(() => influence(every, ids))).toBeInstanceOf(UnsupportedError)
  const model = await trained({ cell: 'gru' }, { epochs: 1 })
  expect(await thrown(() => influence(model, 'great', 'odd'))).toBeInstanceOf(DataError)
})
