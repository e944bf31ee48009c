/** The layers of pairs of texts: gradients against differences in float64, PyTorch's numbers, batches and threads. */
import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { DataError, ShapeError, UnsupportedError } from '../../../src/core/errors.ts'
import { parallelism } from '../../../src/engine/threads/executor.ts'
import { PAIR_FEATURES, type PairCombination } from '../../../src/layers/pairs/pairFeatures.ts'
import type { LayerOptions } from '../../../src/model/config.ts'
import type { Network, NetworkOptions } from '../../../src/model/network.ts'
import { PackedBatch } from '../../../src/tensors/packedBatch.ts'
import { expectClose } from '../../closeTo.ts'
import { checkGradients, exact, made, softmax } from '../../model/recurrentHelpers.ts'

const VOCABULARY = 6
const CLASSES = 3

interface Tensor {
  shape: number[]
  data: number[]
}

interface Encoder {
  cell: 'lstm' | 'gru'
  bidirectional: boolean
  pooling: 'last' | 'max' | 'mean'
  combine: PairCombination
}

type Pair = readonly [first: number[], second: number[]]

const golden = JSON.parse(readFileSync(new URL('../../golden/pairs.json', import.meta.url), 'utf8')) as {
  pairs: Pair[]
  labels: number[]
  cases: {
    options: Encoder
    weights: Record<string, Tensor>
    loss: number
    logits: Tensor
    gradients: Record<string, Tensor>
  }[]
}

function pairNetwork(
  given: Partial<Encoder> = {},
  more: LayerOptions[] = [],
  engine: NetworkOptions = exact,
) {
  const { cell = 'gru', bidirectional = false, pooling = 'last', combine = 'concat' } = given
  const direction = bidirectional ? 'bidirectional' : 'forward'
  const layers: LayerOptions[] = [
    { type: 'pairEmbedding', vocabulary: VOCABULARY, size: 3 },
    ...more,
    { type: 'recurrent', cell, units: 5, direction, returnSequences: pooling !== 'last' },
    ...(pooling === 'last' ? [] : [{ type: 'pool', pooling } as const]),
    { type: 'pairFeatures', combine },
    { type: 'dense', units: CLASSES },
  ]
  return made(layers, { ...engine, loss: softmax })
}

const joined = (pairs: readonly Pair[]) =>
  PackedBatch.ofIds(pairs.map(([first, second]) => [...first, ...second.map((id) => id + VOCABULARY)]))

/** Pairs whose orders by length differ. */
const PAIRS: Pair[] = [
  [
    [1, 2, 3],
    [0, 1],
  ],
  [
    [4, 0],
    [5, 2, 3, 1],
  ],
  [[2, 2, 1, 3, 0], [4]],
  [[3], [0, 3, 3]],
]
const LABELS = [2, 0, 1, 2]
const MANY = Array.from({ length: 300 }, (_, i): Pair => [
  Array.from({ length: 1 + ((i * 7) % 19) }, (_id, s) => (i + s * s) % VOCABULARY),
  Array.from({ length: 1 + ((i * 5) % 13) }, (_id, t) => (i * t + t) % VOCABULARY),
])

function logitsOf(net: Network, pairs: readonly Pair[]): number[][] {
  const batch = joined(pairs)
  net.forward(batch)
  const out = Array.from(net.readOutput(batch))
  return pairs.map((_, i) => out.slice(i * CLASSES, (i + 1) * CLASSES))
}

describe('the layers of pairs', () => {
  describe.each(PAIR_FEATURES)('with features %s', (combine) => {
    it.each([
      ['the last step', {}],
      ['the greatest of each unit, both ways', { pooling: 'max', bidirectional: true, cell: 'lstm' }],
      ['the mean', { pooling: 'mean' }],
    ] as [string, Partial<Encoder>][])('have the gradients of differences: %s', (_, options) => {
      checkGradients(pairNetwork({ combine, ...options }), joined(PAIRS), { classes: LABELS })
    })
  })

  it('have the gradients of differences above dropout and a convolution', () => {
    const conv = { type: 'conv1d', filters: 4, kernelSize: 3, padding: 'same' } as const
    const net = pairNetwork({ pooling: 'max' }, [{ type: 'dropout', rate: 0.3 }, conv])
    checkGradients(net, joined(PAIRS), { classes: LABELS })
  })

  it.each([
    ['reference float64', exact, 1e-10],
    ['simd', { engine: 'simd', precision: 'float32', threads: 1 }, 5e-6],
  ] as const)('have the numbers of PyTorch: %s', (_, engine, tolerance) => {
    const { pairs, labels, cases } = golden
    expect(cases).toHaveLength(3)
    for (const { options, weights, loss, logits, gradients } of cases) {
      const net = pairNetwork(options, [], engine)
      expect(net.parameters.map(({ name }) => name).sort()).toEqual(Object.keys(weights).sort())
      for (const { name, shape } of net.parameters) {
        expect(shape).toEqual(weights[name].shape)
        net.writeParameter(name, weights[name].data)
      }
      net.prepareTraining()
      net.zeroGradients()
      const batch = joined(pairs)
      const pass = { training: true, record: false, key: 0 }
      net.forward(batch, pass)
      expectClose(net.readOutput(batch), logits.data, tolerance)
      const value = net.backward(batch, { classes: labels }, pass)
      expect(Math.abs(value.mean - loss)).toBeLessThan(tolerance)
      for (const { name } of net.parameters)
        expectClose(net.readParameter(name, 'gradients'), gradients[name].data, tolerance, name)
    }
  })

  it('give a pair the same numbers in every batch', () => {
    const net = pairNetwork({ bidirectional: true, cell: 'lstm' }, [], {
      engine: 'simd',
      precision: 'float32',
      threads: 1,
    })
    const together = logitsOf(net, MANY)
    for (const i of [0, 17, 255, 256, 299]) expect(logitsOf(net, [MANY[i]])).toEqual([together[i]])
    expect(new Set(together.map(String)).size).toBeGreaterThan(100)
  })

  it('are the same with the texts exchanged where the features are symmetric, and only there', () => {
    const exchanged = PAIRS.map(([first, second]): Pair => [second, first])
    const symmetric = pairNetwork({ combine: 'symmetric' })
    expect(logitsOf(symmetric, exchanged)).toEqual(logitsOf(symmetric, PAIRS))
    const ordered = pairNetwork()
    expect(logitsOf(ordered, exchanged)).not.toEqual(logitsOf(ordered, PAIRS))
  })

  it('read the gradient of both texts’ embedded tokens, the first texts first', () => {
    const net = pairNetwork()
    net.prepareTraining()
    net.zeroGradients()
    const batch = joined(PAIRS)
    const pass = { training: true, record: false, key: 0 }
    net.forward(batch, pass)
    net.backward(batch, { classes: LABELS }, pass)
    const gradient = net.readInputGradient(batch)
    const steps = 5
    expect(gradient).toHaveLength(2 * PAIRS.length * steps * 3)
    const table = net.readParameter('pairEmbedding.0.weight', 'gradients')
    const sums = new Float64Array(VOCABULARY * 3)
    ;[...PAIRS.map(([first]) => first), ...PAIRS.map(([, second]) => second)].forEach((ids, s) =>
      ids.forEach((id, t) => {
        for (let j = 0; j < 3; j++) sums[id * 3 + j] += gradient[(s * steps + t) * 3 + j]
      }),
    )
    expectClose(sums, table, 1e-12)
  })

  describe('on threads', () => {
    const before = { ...parallelism }
    beforeAll(() => void Object.assign(parallelism, { minWork: 0, eager: true }))
    afterAll(() => void Object.assign(parallelism, before))

    it.each([1, 2, 3])('learn the same bits on %i threads', (threads) => {
      const train = (count: number) => {
        const net = pairNetwork({ cell: 'lstm', pooling: 'max' }, [], {
          engine: 'simd',
          precision: 'float32',
          threads: count,
        })
        net.prepareTraining()
        net.zeroGradients()
        const batch = joined(MANY)
        const pass = { training: true, record: false, key: 3 }
        net.forward(batch, pass)
        net.backward(batch, { classes: MANY.map((_, i) => i % CLASSES) }, pass)
        return net.parameters.map(({ name }) => net.readParameter(name, 'gradients'))
      }
      expect(train(threads)).toEqual(train(1))
    })
  })

  it('refuse ids that are not a pair, streams, and other places', () => {
    const net = pairNetwork()
    const forward = (ids: number[]) => () => net.forward(PackedBatch.ofIds([ids]))
    expect(forward([1, 2])).toThrow(DataError)
    expect(forward([6, 7])).toThrow(
      /pairEmbedding\.0, sequence 0: expected at least one token of the first text/,
    )
    expect(forward([1, 6, 2])).toThrow(DataError)
    expect(forward([1, 2 * VOCABULARY])).toThrow(/0\.\.5/)
    expect(() => net.stream()).toThrow(UnsupportedError)
    const recurrent = { type: 'recurrent', cell: 'gru', units: 2, returnSequences: false } as const
    const pairs = { type: 'pairEmbedding', vocabulary: 4, size: 2 } as const
    const features = { type: 'pairFeatures' } as const
    const above =
      (...layers: LayerOptions[]) =>
      () =>
        made(layers)
    expect(above({ type: 'embedding', vocabulary: 4, size: 2 }, recurrent, features)).toThrow(ShapeError)
    expect(above(pairs, recurrent, features, features)).toThrow(/no other pairFeatures/)
    expect(above(pairs, features)).toThrow(/one row a text below it/)
  })
})
