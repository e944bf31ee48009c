/** Words with their characters: gradients by finite differences, words read once, and what is refused. */
import { describe, expect, it } from 'vitest'
import { DataError, ShapeError, UnsupportedError } from '../../src/core/errors.ts'
import { Random } from '../../src/core/random.ts'
import type { EngineOptions } from '../../src/engine/engine.ts'
import { parallelism } from '../../src/engine/threads/executor.ts'
import { internalsOf, type Network } from '../../src/model/network.ts'
import type { PassOptions } from '../../src/layers/layer.ts'
import { PackedBatch } from '../../src/tensors/packedBatch.ts'
import { expectClose } from '../closeTo.ts'
import { network } from '../networks.ts'

const LENGTH = 4
const INPUT = {
  type: 'wordCharacters',
  vocabulary: 5,
  size: 3,
  characters: 6,
  characterSize: 2,
  cell: 'lstm',
  units: 3,
  length: LENGTH,
} as const

/** Steps: a word's id, and its characters. */
type Word = [id: number, ...characters: number[]]

const SENTENCES: Word[][] = [
  [
    [1, 0, 2, 1],
    [2, 3],
    [1, 0, 2, 1],
  ],
  [
    [0, 5, 5, 4, 1],
    [2, 3],
  ],
]

function batchOf(sentences: readonly Word[][]): PackedBatch {
  const T = Math.max(...sentences.map(({ length }) => length))
  const F = 1 + LENGTH
  const numbers = new Float64Array(sentences.length * T * F)
  sentences.forEach((words, b) =>
    words.forEach(([id, ...characters], t) => {
      numbers.set([id, ...characters.map((c) => c + 1)], (b * T + t) * F)
    }),
  )
  const lengths = sentences.map(({ length }) => length)
  return PackedBatch.ofFeatures(numbers, [sentences.length, T, F], lengths)
}

function tagging(engine: EngineOptions, wordDropout = 0): Network {
  const layers = [
    { ...INPUT, wordDropout },
    { type: 'recurrent', cell: 'gru', units: 3 },
    { type: 'dense', units: 3 },
  ]
  const net = network(layers as never, { ...engine, loss: { type: 'softmaxCrossEntropy' } })
  const random = new Random(3, 'weights')
  for (const { name, size } of net.parameters)
    net.writeParameter(
      name,
      Float64Array.from({ length: size }, () => random.normal() / 2),
    )
  net.prepareTraining()
  return net
}

const TARGETS = {
  stepClasses: [
    [0, 1, 2],
    [2, 0],
  ],
}
const pass = { training: true, record: false, key: 0 }

function gradientsOf(
  net: Network,
  batch: PackedBatch,
  how: PassOptions = pass,
): Map<string, ArrayLike<number>> {
  net.zeroGradients()
  net.forward(batch, how)
  net.backward(batch, TARGETS, how)
  return new Map(net.parameters.map(({ name }) => [name, net.readParameter(name, 'gradients')]))
}

describe('words with their characters', () => {
  it.each([0, 0.5])('has the gradients of finite differences, word dropout %s', (wordDropout) => {
    const net = tagging({ engine: 'reference', precision: 'float64' }, wordDropout)
    const batch = batchOf(SENTENCES)
    const how = { ...pass, key: 7 }
    const found = gradientsOf(net, batch, how)
    const { store } = internalsOf(net)
    for (const parameter of net.parameters) {
      const values = store.read(parameter)
      const slopes = Float64Array.from(values, (weight, i) => {
        const moved = (by: number) => {
          store.write(parameter, values.with(i, weight + by))
          net.forward(batch, how)
          return net.loss(batch, TARGETS).mean
        }
        const slope = (moved(1e-5) - moved(-1e-5)) / 2e-5
        store.write(parameter, values)
        return slope
      })
      expectClose(found.get(parameter.name)!, slopes, 1e-8, parameter.name)
    }
  })

  it('gives words with the same characters the same row, in any sentence and batch', () => {
    const net = network([INPUT], { engine: 'simd' })
    const both = batchOf(SENTENCES)
    net.forward(both)
    const width = INPUT.size + 2 * INPUT.units
    const rows = net.readOutput(both)
    const at = (sentence: number, t: number) =>
      rows.slice((sentence * 3 + t) * width, (sentence * 3 + t + 1) * width)
    expect(at(0, 0)).toEqual(at(0, 2))
    expect(at(0, 1)).toEqual(at(1, 1))
    expect(at(0, 0)).not.toEqual(at(0, 1))
    const one = batchOf([SENTENCES[1]])
    net.forward(one)
    expect([...net.readOutput(one)]).toEqual([...at(1, 0), ...at(1, 1)])
  })

  it('reads more words than fit at once in parts, with the gradients of differences', () => {
    const net = network(
      [
        { ...INPUT, characters: 40 },
        { type: 'dense', units: 2 },
      ],
      {
        engine: 'reference',
        precision: 'float64',
        loss: { type: 'softmaxCrossEntropy' },
      },
    )
    net.prepareTraining()
    // 700 different words.
    const sentence = Array.from({ length: 700 }, (_, i): Word => [i % 5, i % 40, Math.floor(i / 40)])
    const batch = batchOf([sentence])
    const targets = { stepClasses: [sentence.map((_, i) => i % 2)] }
    net.forward(batch, pass)
    const rows = net.readOutput(batch)
    net.zeroGradients()
    net.backward(batch, targets, pass)
    const { store } = internalsOf(net)
    for (const name of [
      'wordCharacters.0.encoder.bias_ih_l0',
      'wordCharacters.0.encoder.weight_hh_l0_reverse',
    ]) {
      const found = net.readParameter(name, 'gradients')
      const parameter = store.find(name)
      const values = store.read(parameter)
      const slopes = Float64Array.from(values, (weight, i) => {
        const moved = (by: number) => {
          store.write(parameter, values.with(i, weight + by))
          net.forward(batch, pass)
          return net.loss(batch, targets).mean
        }
        const slope = (moved(1e-5) - moved(-1e-5)) / 2e-5
        store.write(parameter, values)
        return slope
      })
      expectClose(found, slopes, 1e-8, name)
    }
    const one = batchOf([sentence.slice(650, 651)])
    net.forward(one)
    expect(net.readOutput(one)).toEqual(rows.slice(1300, 1302))
  })

  it('computes the same bits on 1, 2 and 3 threads', () => {
    const { minWork, eager } = parallelism
    Object.assign(parallelism, { minWork: 1, eager: true })
    try {
      const bits = [1, 2, 3].map((threads) =>
        [...gradientsOf(tagging({ engine: 'simd', threads }), batchOf(SENTENCES)).values()].map((list) =>
          Array.from(list),
        ),
      )
      expect(bits[1]).toEqual(bits[0])
      expect(bits[2]).toEqual(bits[0])
    } finally {
      Object.assign(parallelism, { minWork, eager })
    }
  })

  it('trains with sparse updates of the words that occur', () => {
    const net = tagging({ engine: 'simd' })
    const gradient = gradientsOf(net, batchOf(SENTENCES)).get('wordCharacters.0.weight')!
    const row = (id: number) => Array.from(gradient).slice(id * INPUT.size, (id + 1) * INPUT.size)
    expect([3, 4].flatMap(row).every((x) => x === 0)).toBe(true)
    expect([0, 1, 2].map(row).every((one) => one.some((x) => x !== 0))).toBe(true)
  })

  it('refuses other steps, characters that are none, and streams', () => {
    const net = network([INPUT, { type: 'recurrent', cell: 'gru', units: 2 }], { engine: 'simd' })
    expect(() => net.forward(PackedBatch.ofIds([[1, 2]]))).toThrow(
      'network input: expected a word and 4 characters a step, got token ids',
    )
    expect(() => net.forward(PackedBatch.ofFeatures([1, 2], [1, 1, 2]))).toThrow(ShapeError)
    expect(() => net.forward(PackedBatch.ofFeatures([1, 7, 0, 0, 0], [1, 1, 5]))).toThrow(DataError)
    expect(() => net.forward(PackedBatch.ofFeatures([5, 1, 0, 0, 0], [1, 1, 5]))).toThrow(/an id in 0\.\.4/)
    expect(() => net.stream()).toThrow(UnsupportedError)
    // A word without characters is one unknown character.
    expect(() => net.forward(PackedBatch.ofFeatures([1, 0, 0, 0, 0], [1, 1, 5]))).not.toThrow()
  })
})
