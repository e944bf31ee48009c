/** The conditional random field: PyTorch's numbers, sums over all paths, finite differences, and what is refused. */
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { UnsupportedError } from '../../src/core/errors.ts'
import { Random } from '../../src/core/random.ts'
import type { EngineOptions } from '../../src/engine/engine.ts'
import { parallelism } from '../../src/engine/threads/executor.ts'
import { dense, embedding, lstm, network as made, crf } from '../../src/index.ts'
import {
  bestPath,
  scorePath,
  sumPaths,
  type ChainRules,
  type ChainWeights,
} from '../../src/layers/crf/chain.ts'
import { crfOf, type CrfLayer } from '../../src/layers/crf/crf.ts'
import type { Targets } from '../../src/layers/loss.ts'
import { backwardFrom } from '../../src/model/backwardFrom.ts'
import { internalsOf, type Network } from '../../src/model/network.ts'
import { PackedBatch } from '../../src/tensors/packedBatch.ts'
import { expectClose, relativeDifference } from '../closeTo.ts'
import { network } from '../networks.ts'

interface Tensor {
  shape: number[]
  data: number[]
}

interface Case {
  name: string
  classes: number
  lengths: number[]
  scores: Tensor[]
  transitions: Tensor
  start: Tensor
  end: Tensor
  tags: number[][]
  loss: number
  grad: Tensor[]
  gradTransitions: Tensor
  gradStart: Tensor
  gradEnd: Tensor
  marginals: Tensor[]
  best: number[][]
}

const { cases } = JSON.parse(readFileSync(new URL('../golden/crf.json', import.meta.url), 'utf8')) as {
  cases: Case[]
}
const engines = [
  { engine: 'simd', precision: 'float32', tolerance: 2e-5 },
  { engine: 'relaxed', precision: 'float32', tolerance: 2e-5 },
  { engine: 'reference', precision: 'float64', tolerance: 1e-9 },
] as const
const pass = { training: true, record: false, key: 0 }
const exact = { engine: 'reference', precision: 'float64' } as const

/** (B, T, C) with zeros beyond each length. */
function padded(rows: readonly Tensor[], classes: number): number[] {
  const steps = Math.max(...rows.map(({ shape }) => shape[0]))
  return rows.flatMap(({ data }) => [...data, ...new Array<number>(steps * classes - data.length).fill(0)])
}

function scoresNetwork(item: Case, engine: EngineOptions): Network {
  const layers = [{ type: 'features', width: item.classes }, { type: 'crf' }] as const
  const net = network(layers, { ...engine, loss: { type: 'crf' }, inputGradients: true })
  net.prepareTraining()
  net.writeParameter('crf.0.transitions', item.transitions.data)
  net.writeParameter('crf.0.start_transitions', item.start.data)
  net.writeParameter('crf.0.end_transitions', item.end.data)
  return net
}

const batchOf = ({ scores, classes, lengths }: Case) =>
  PackedBatch.ofFeatures(padded(scores, classes), [lengths.length, Math.max(...lengths), classes], lengths)

const layerOf = (net: Network): CrfLayer => crfOf(internalsOf(net).output)!

describe.each(engines)('$engine $precision', ({ tolerance, ...engine }) => {
  it.each(cases.map((item) => [item.name, item] as const))('%s', (_, item) => {
    const net = scoresNetwork(item, engine)
    const batch = batchOf(item)
    net.forward(batch, pass)
    const targets = { stepClasses: item.tags }
    expect(relativeDifference([net.loss(batch, targets).mean], [item.loss])).toBeLessThan(tolerance)
    net.zeroGradients()
    const { mean, weight } = net.backward(batch, targets, pass)
    expect(weight).toBe(item.tags.flat().filter((tag) => tag >= 0).length)
    expect(relativeDifference([mean], [item.loss])).toBeLessThan(tolerance)
    expectClose(net.readInputGradient(batch), padded(item.grad, item.classes), tolerance)
    for (const [name, { data }] of [
      ['transitions', item.gradTransitions],
      ['start_transitions', item.gradStart],
      ['end_transitions', item.gradEnd],
    ] as const)
      expectClose(net.readParameter(`crf.0.${name}`, 'gradients'), data, tolerance, name)
  })

  const brute = cases.filter(({ marginals }) => marginals.length > 0)
  it.each(brute.map((item) => [item.name, item] as const))('probabilities and best path: %s', (_, item) => {
    const net = scoresNetwork(item, engine)
    const batch = batchOf(item)
    net.forward(batch)
    const counts = padded(
      item.scores.map(({ shape, data }) => ({ shape, data: data.map(() => 1) })),
      item.classes,
    )
    const got = net.readOutput(batch).map((x, i) => counts[i] * Math.exp(x))
    expectClose(got, padded(item.marginals, item.classes), tolerance)
    expect(
      layerOf(net)
        .decode(batch)
        .map((path) => [...path]),
    ).toEqual(item.best)
  })
})

/** All lists of `steps` numbers below `classes`. */
function allPaths(classes: number, steps: number): number[][] {
  let all: number[][] = [[]]
  for (let t = 0; t < steps; t++)
    all = all.flatMap((path) => Array.from({ length: classes }, (_, k) => [...path, k]))
  return all
}

describe('a chain, against all its paths', () => {
  const C = 3
  const random = new Random(4, 'chain')
  const draw = (count: number) => Float64Array.from({ length: count }, () => random.normal())
  const weights: ChainWeights = { transitions: draw(C * C), start: draw(C), end: draw(C) }
  const scores = draw(5 * C)
  const paths = allPaths(C, 5)

  it('sums, marginals and pairs', () => {
    const { logSum, marginals, pairs } = sumPaths(weights, scores)
    const powers = paths.map((path) => Math.exp(scorePath(weights, scores, path)))
    const sum = powers.reduce((a, b) => a + b)
    expect(logSum).toBeCloseTo(Math.log(sum), 12)
    const share = (holds: (path: number[]) => number) =>
      paths.reduce((all, path, p) => all + holds(path) * powers[p], 0) / sum
    const wanted = Array.from({ length: 5 * C }, (_, at) =>
      share((path) => Number(path[Math.floor(at / C)] === at % C)),
    )
    expectClose(marginals, wanted, 1e-12)
    const follow = (i: number, j: number) => (path: number[]) =>
      path.filter((tag, t) => t > 0 && path[t - 1] === i && tag === j).length
    expectClose(
      pairs,
      Array.from({ length: C * C }, (_, at) => share(follow(Math.floor(at / C), at % C))),
      1e-12,
    )
  })

  it('with tags given, over the paths that have them', () => {
    const fixed = [-1, 2, -1, 0, -1]
    const fits = paths.filter((path) => path.every((tag, t) => fixed[t] < 0 || fixed[t] === tag))
    const sum = fits.reduce((all, path) => all + Math.exp(scorePath(weights, scores, path)), 0)
    const { logSum, marginals } = sumPaths(weights, scores, fixed)
    expect(logSum).toBeCloseTo(Math.log(sum), 12)
    expect([...marginals.subarray(C, 2 * C)]).toEqual([0, 0, expect.closeTo(1, 12)])
  })

  it('the best path that rules allow; where they allow none, the best of all', () => {
    const rules: ChainRules = {
      // Tag 2 follows tag 1 alone, and begins nothing.
      transitions: Uint8Array.of(1, 1, 0, 1, 1, 1, 1, 1, 0),
      start: Uint8Array.of(1, 1, 0),
      end: Uint8Array.of(1, 0, 1),
    }
    const allowed = paths.filter(
      (path) =>
        rules.start[path[0]] &&
        rules.end[path[4]] &&
        path.every((j, t) => t === 0 || rules.transitions[path[t - 1] * C + j]),
    )
    const best = (list: number[][]) =>
      list.reduce((a, b) => (scorePath(weights, scores, b) > scorePath(weights, scores, a) ? b : a))
    expect([...bestPath(weights, scores, rules)]).toEqual(best(allowed))
    expect([...bestPath(weights, scores)]).toEqual(best(paths))
    expect([...bestPath(weights, scores, { ...rules, start: new Uint8Array(C) })]).toEqual(best(paths))
  })
})

const LAYERS = [
  { type: 'features', width: 2 },
  { type: 'recurrent', cell: 'lstm', units: 3, direction: 'bidirectional' },
  { type: 'dense', units: 4 },
  { type: 'crf' },
] as const

/** A small network, and two sequences for it. */
function small(engine: EngineOptions = exact) {
  const net = network(LAYERS, { ...engine, loss: { type: 'crf' } })
  net.prepareTraining()
  const x = Array.from({ length: 2 * 6 * 2 }, (_, i) => Math.sin(i * 1.3))
  const batch = PackedBatch.ofFeatures(x, [2, 6, 2], [4, 6])
  const targets: Targets = {
    stepClasses: [
      [0, 1, 1, 3],
      [2, 0, -1, 1, 3, -1],
    ],
  }
  return { net, batch, targets }
}

/** ∂value/∂weight of every parameter. */
function differences(net: Network, value: () => number): Map<string, Float64Array> {
  const { store } = internalsOf(net)
  return new Map(
    net.parameters.map((parameter) => {
      const values = store.read(parameter)
      const slopes = Float64Array.from(values, (weight, i) => {
        const moved = (by: number) => {
          store.write(parameter, values.with(i, weight + by))
          return value()
        }
        const slope = (moved(1e-5) - moved(-1e-5)) / 2e-5
        store.write(parameter, values)
        return slope
      })
      return [parameter.name, slopes]
    }),
  )
}

describe('gradients, by finite differences', () => {
  it('of the loss, with given and open tags', () => {
    const { net, batch, targets } = small()
    net.zeroGradients()
    net.forward(batch, pass)
    net.backward(batch, targets, pass)
    const found = new Map(net.parameters.map(({ name }) => [name, net.readParameter(name, 'gradients')]))
    const wanted = differences(net, () => {
      net.forward(batch)
      return net.loss(batch, targets).mean
    })
    for (const [name, slopes] of wanted) expectClose(found.get(name)!, slopes, 1e-8, name)
  })

  it('of the logarithms of probabilities, whatever is made of them', () => {
    const { net, batch } = small()
    const size = 2 * 6 * 4
    const seed = Array.from({ length: size }, (_, i) => (i % 5 === 0 ? Math.cos(i) : 0))
    net.zeroGradients()
    net.forward(batch, pass)
    backwardFrom(net, batch, seed, pass)
    const found = new Map(net.parameters.map(({ name }) => [name, net.readParameter(name, 'gradients')]))
    const wanted = differences(net, () => {
      net.forward(batch)
      return net.readOutput(batch).reduce((sum, x, i) => sum + x * seed[i], 0)
    })
    for (const [name, slopes] of wanted) expectClose(found.get(name)!, slopes, 1e-8, name)
  })

  it('of batches add up', () => {
    const { net, batch, targets } = small()
    net.forward(batch, pass)
    net.zeroGradients()
    const { mean, weight } = net.backward(batch, targets, pass, false, 'sum')
    const summed = net.readParameter('crf.0.transitions', 'gradients')
    net.forward(batch, pass)
    net.zeroGradients()
    expect(net.backward(batch, targets, pass)).toEqual({ mean, weight })
    expectClose(
      net.readParameter('crf.0.transitions', 'gradients').map((x) => x * weight),
      summed,
      1e-12,
    )
  })
})

describe('sequences', () => {
  it('whose sums leave the range of float32 have the loss and gradients of float64', () => {
    const at = (engine: EngineOptions) => {
      const item: Case = {
        ...cases[0],
        transitions: { shape: [3, 3], data: [0, -90, -90, -90, 0, -90, -90, -90, 0] },
      }
      const net = scoresNetwork(item, engine)
      const scores = [
        [60, 0, 0, 0, 60, 0, 0, 0, 60, 0, 60, 0],
        [1, 2, 3, 3, 2, 1],
        [0, 70, 0, 70, 0, 0, 0, 0, 0, 0, 0, 70, 5, 5, 5],
      ].map((data) => ({ shape: [data.length / 3, 3], data }))
      const batch = batchOf({ ...item, scores })
      net.forward(batch, pass)
      net.zeroGradients()
      const { mean } = net.backward(batch, { stepClasses: item.tags }, pass)
      const gradients = net.parameters.flatMap(({ name }) => [...net.readParameter(name, 'gradients')])
      return { mean, gradients: [...net.readInputGradient(batch), ...gradients] }
    }
    const [got, wanted] = [at({ engine: 'simd' }), at(exact)]
    expect(got.gradients.every(Number.isFinite)).toBe(true)
    expect(relativeDifference([got.mean], [wanted.mean])).toBeLessThan(1e-5)
    expectClose(got.gradients, wanted.gradients, 1e-4)
  })

  it('without a given tag have neither loss nor gradient', () => {
    const { net, batch } = small({ engine: 'simd' })
    net.forward(batch, pass)
    net.zeroGradients()
    const given = [0, 1, 2, 3]
    const value = net.backward(batch, { stepClasses: [given, new Array(6).fill(-1)] }, pass)
    const all = net.parameters.map(({ name }) => [...net.readParameter(name, 'gradients')])
    const alone = PackedBatch.ofFeatures(
      Array.from({ length: 8 }, (_, i) => Math.sin(i * 1.3)),
      [1, 4, 2],
    )
    net.forward(alone, pass)
    net.zeroGradients()
    expect(net.backward(alone, { stepClasses: [given] }, pass)).toEqual(value)
    net.parameters.forEach(({ name }, i) =>
      expectClose(net.readParameter(name, 'gradients'), all[i], 1e-7, name),
    )
  })

  it('give the same bits on 1, 2 and 3 threads', () => {
    const { minWork, eager } = parallelism
    Object.assign(parallelism, { minWork: 1, eager: true })
    try {
      const bits = [1, 2, 3].map((threads) => {
        const { net, batch, targets } = small({ engine: 'simd', threads })
        net.forward(batch, pass)
        net.zeroGradients()
        const { mean } = net.backward(batch, targets, pass)
        return [mean, ...net.parameters.flatMap(({ name }) => [...net.readParameter(name, 'gradients')])]
      })
      expect(bits[1]).toEqual(bits[0])
      expect(bits[2]).toEqual(bits[0])
    } finally {
      Object.assign(parallelism, { minWork, eager })
    }
  })
})

describe('refusals', () => {
  it('a loss without a CRF, tags that are none, and streams', () => {
    const layers = [embedding({ vocabulary: 5, size: 3 }), lstm(4), dense(3)]
    expect(() => made(layers, { loss: { type: 'crf' } })).toThrow(
      'loss crf: expected a last layer `crf`, which has the transitions, got another. End the network with `crf()`.',
    )
    const net = made([...layers, crf()], { loss: { type: 'crf' } })
    const batch = PackedBatch.ofIds([[1, 2, 3]])
    net.forward(batch)
    expect(() => net.loss(batch, { classes: [1] })).toThrow(/step classes of 1 sequences, got none/)
    expect(() => net.loss(batch, { stepClasses: [[0, 1, 3]] })).toThrow(
      'loss crf, sequence 0, step 2: expected whole class numbers below 3, got 3',
    )
    expect(() => net.loss(batch, { stepClasses: [[0, 1]] })).toThrow(/step 2: .* got undefined/)
    expect(() => net.stream()).toThrow(UnsupportedError)
  })

  it('masked steps, and one row a sequence', () => {
    const masked = [{ type: 'features', width: 3 }, { type: 'masking', value: 0 }, { type: 'crf' }] as const
    const net = network(masked, { loss: { type: 'crf' } })
    expect(() => net.forward(PackedBatch.ofFeatures([1, 2, 3, 0, 0, 0], [1, 2, 3]))).toThrow(
      'crf.0: expected a network without masked steps',
    )
    expect(() =>
      network([{ type: 'features', width: 3 }, { type: 'pool', pooling: 'last' }, { type: 'crf' }]),
    ).toThrow(/crf\.0: expected a sequence of steps below it/)
  })
})
