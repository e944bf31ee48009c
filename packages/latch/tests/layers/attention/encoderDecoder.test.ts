/** The encoder-decoder layer: gradients against differences in float64, PyTorch's numbers, batches and threads. */
import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { cells } from '../../../src/cells/registry.ts'
import { DataError, FormatError, UnsupportedError } from '../../../src/core/errors.ts'
import { parallelism } from '../../../src/engine/threads/executor.ts'
import { denseLayer } from '../../../src/layers/dense.ts'
import { dropoutLayer } from '../../../src/layers/dropout.ts'
import { ATTENTION_SCORES } from '../../../src/layers/encoderDecoder/attention.ts'
import {
  encoderDecoderLayer,
  type EncoderDecoderLayer,
  type EncoderDecoderOptions,
} from '../../../src/layers/encoderDecoder/encoderDecoder.ts'
import { buildNetwork, internalsOf, type Network, type NetworkOptions } from '../../../src/model/network.ts'
import { PackedBatch } from '../../../src/tensors/packedBatch.ts'
import { expectClose } from '../../closeTo.ts'
import { checkGradients, numbers } from '../../model/recurrentHelpers.ts'

const SOURCE = 5
const TARGET = 4
const layers = [encoderDecoderLayer(cells), dropoutLayer, denseLayer]

type Given = Partial<EncoderDecoderOptions>

interface Tensor {
  shape: number[]
  data: number[]
}

const golden = JSON.parse(
  readFileSync(new URL('../../golden/encoderDecoder.json', import.meta.url), 'utf8'),
) as {
  pairs: [number[], number[]][]
  end: number
  cases: {
    options: Given
    weights: Record<string, Tensor>
    loss: number
    logits: Tensor[]
    attention: Tensor[] | null
    gradients: Record<string, Tensor>
  }[]
}

function made(
  options: Given,
  engine: NetworkOptions = { engine: 'reference', precision: 'float64' },
): Network {
  const layer = {
    type: 'encoderDecoder',
    sourceVocabulary: SOURCE,
    targetVocabulary: TARGET,
    size: 3,
    units: 4,
  }
  const net = buildNetwork(
    {
      layers: [
        { cell: 'gru', ...layer, ...options } as EncoderDecoderOptions,
        { type: 'dense', units: TARGET },
      ],
      loss: { type: 'softmaxCrossEntropy' },
    },
    layers,
    engine,
  )
  for (const p of net.parameters) internalsOf(net).store.write(p, numbers(p.size, p.name, 0.7))
  return net
}

/** Sources and targets whose orders by length differ. */
const PAIRS: [number[], number[]][] = [
  [
    [1, 2, 3],
    [0, 1],
  ],
  [
    [4, 0],
    [0, 2, 3, 1],
  ],
  [[2, 2, 1, 3, 0], [0]],
  [[3], [0, 3, 3]],
]
/** More than run at once, of many lengths. */
const MANY = Array.from({ length: 300 }, (_, i): [number[], number[]] => [
  Array.from({ length: 1 + ((i * 7) % 19) }, (_id, s) => (i + s * s) % SOURCE),
  Array.from({ length: 1 + ((i * 5) % 13) }, (_id, t) => (t === 0 ? 0 : (i * t) % TARGET)),
])
const joined = (pairs = PAIRS) =>
  PackedBatch.ofIds(pairs.map(([source, target]) => [...source, ...target.map((id) => id + SOURCE)]))
const classesOf = (pairs = PAIRS) => pairs.map(([, target]) => [...target.slice(1), 2])

describe('the encoder-decoder layer', () => {
  describe.each(ATTENTION_SCORES)('with attention %s', (attention) => {
    it.each([
      ['gru', {}],
      ['lstm', { cell: 'lstm' }],
      ['rnn', { cell: 'rnn' }],
      ['an lstm of two layers both ways', { cell: 'lstm', layers: 2, bidirectional: true }],
      ['a gru with dropout', { layers: 2, dropout: 0.4 }],
    ] as [string, Given][])('has the gradients of differences: %s', (_, options) => {
      const batch = joined()
      checkGradients(made({ attention, ...options }), batch, { stepClasses: classesOf() })
    })
  })

  it.each([
    ['reference float64', { engine: 'reference', precision: 'float64' }, 1e-10],
    ['simd', { engine: 'simd', threads: 1 }, 5e-6],
  ] as const)('has the numbers of PyTorch: %s', (_, engine, tolerance) => {
    const { pairs, end, cases } = golden
    for (const { options, weights, loss, logits, attention, gradients } of cases) {
      const net = made(options, engine)
      expect(net.parameters.map(({ name }) => name).sort()).toEqual(Object.keys(weights).sort())
      for (const { name, shape } of net.parameters) {
        expect(shape).toEqual(weights[name].shape)
        net.writeParameter(name, weights[name].data)
      }
      net.prepareTraining()
      net.zeroGradients()
      const batch = joined(pairs)
      const pass = { training: true, record: false, key: 0 }
      const { steps } = net.forward(batch, pass)
      const out = net.readOutput(batch)
      logits.forEach(({ shape: [count], data }, i) => {
        const from = i * steps * TARGET
        expectClose(out.subarray(from, from + count * TARGET), data, tolerance)
      })
      const [layer] = internalsOf(net).layers
      const found = (layer as EncoderDecoderLayer).readAttention()
      expect(found?.length).toBe(attention?.length)
      attention?.forEach(({ data }, i) => expectClose(found![i], data, tolerance))
      const stepClasses = pairs.map(([, target]) => [...target.slice(1), end])
      const value = net.backward(batch, { stepClasses }, pass)
      expect(Math.abs(value.mean - loss)).toBeLessThan(tolerance)
      for (const { name } of net.parameters)
        expectClose(net.readParameter(name, 'gradients'), gradients[name].data, tolerance, name)
    }
  })

  it('has no gradient of its input, which it embeds itself', () => {
    const [net, batch] = [made({}), joined()]
    const pass = { training: true, record: false, key: 0 }
    net.prepareTraining()
    net.zeroGradients()
    net.forward(batch, pass)
    net.backward(batch, { stepClasses: classesOf() }, pass)
    expect(() => net.readInputGradient(batch)).toThrow(
      'network.readInputGradient: expected an embedding, or a features input and the option inputGradients, got input encoderDecoder',
    )
  })

  it('gives a sequence the same numbers in every batch', () => {
    const net = made({ attention: 'additive', bidirectional: true, cell: 'lstm' })
    const all = joined()
    net.forward(all)
    const together = net.readOutput(all)
    const steps = Math.max(...PAIRS.map(([, target]) => target.length))
    PAIRS.forEach((pair, i) => {
      const alone = joined([pair])
      net.forward(alone)
      const from = i * steps * TARGET
      expect(Array.from(net.readOutput(alone))).toEqual(
        Array.from(together.slice(from, from + pair[1].length * TARGET)),
      )
    })
  })

  it('answers a step by its source and the target so far alone', () => {
    const net = made({ attention: 'general' })
    const rowsOf = (source: number[], target: number[]) => {
      const batch = joined([[source, target]])
      net.forward(batch)
      return Array.from(net.readOutput(batch))
    }
    const whole = rowsOf([1, 2, 3], [0, 1, 2])
    expect(rowsOf([1, 2, 3], [0, 1])).toEqual(whole.slice(0, 2 * TARGET))
    expect(rowsOf([1, 2, 4], [0, 1, 2]).slice(0, TARGET)).not.toEqual(whole.slice(0, TARGET))
  })

  describe.each(ATTENTION_SCORES)('on threads, with attention %s', (attention) => {
    const before = { ...parallelism }
    beforeAll(() => void Object.assign(parallelism, { minWork: 0, eager: true }))
    afterAll(() => void Object.assign(parallelism, before))

    it.each([1, 2, 3])('learns the same bits on %i threads', (threads) => {
      const train = (count: number) => {
        const options: Given = { cell: 'lstm', units: 28, size: 16, attention }
        const net = made(options, { engine: 'simd', threads: count })
        net.prepareTraining()
        net.zeroGradients()
        const batch = joined(MANY)
        const pass = { training: true, record: false, key: 3 }
        net.forward(batch, pass)
        net.backward(batch, { stepClasses: classesOf(MANY) }, pass)
        return net.parameters.map(({ name }) => net.readParameter(name, 'gradients'))
      }
      expect(train(threads)).toEqual(train(1))
    })
  })

  it.each(ATTENTION_SCORES)('gives many sequences the numbers of each alone, %s', (attention) => {
    const net = made({ attention, units: 12 }, { engine: 'simd', threads: 1 })
    const readAttention = () => (internalsOf(net).layers[0] as EncoderDecoderLayer).readAttention()
    const all = joined(MANY)
    net.forward(all)
    const [together, attended] = [net.readOutput(all), readAttention()]
    const steps = Math.max(...MANY.map(([, target]) => target.length))
    for (const i of [0, 17, 255, 256, 299]) {
      const alone = joined([MANY[i]])
      net.forward(alone)
      const from = i * steps * TARGET
      expect(Array.from(net.readOutput(alone))).toEqual(
        Array.from(together.slice(from, from + MANY[i][1].length * TARGET)),
      )
      expect(readAttention()?.[0]).toEqual(attended?.[i])
    }
  })

  it('takes targets longer than what runs together, with the same gradients', () => {
    const before = { ...parallelism }
    Object.assign(parallelism, { minWork: 0, eager: true })
    const long = (count: number, size: number, by: number) =>
      Array.from({ length: count }, (_id, i) => (i * i * by) % size)
    const pairs: typeof PAIRS = [
      [long(40, SOURCE, 3), [0, ...long(420, TARGET, 7)]],
      [long(9, SOURCE, 7), [0, ...long(139, TARGET, 5)]],
      [long(300, SOURCE, 1), [0, 2, 1]],
    ]
    const gradients = (engine: NetworkOptions) => {
      const net = made({ attention: 'additive', units: 10 }, engine)
      net.prepareTraining()
      net.zeroGradients()
      const batch = joined(pairs)
      const pass = { training: true, record: false, key: 0 }
      net.forward(batch, pass)
      net.backward(batch, { stepClasses: classesOf(pairs) }, pass)
      return net.parameters.map(({ name }) => net.readParameter(name, 'gradients'))
    }
    const one = gradients({ engine: 'simd', threads: 1 })
    expect(gradients({ engine: 'simd', threads: 2 })).toEqual(one)
    const wanted = gradients({ engine: 'reference', precision: 'float64' })
    wanted.forEach((own, i) => expectClose(one[i], own, 2e-6))
    Object.assign(parallelism, before)
    const net = made({ attention: 'additive', units: 10 })
    const at = net.parameters.findIndex(({ name }) => name.endsWith('score.weight'))
    const { name } = net.parameters[at]
    const v = net.readParameter(name)
    const lossWith = (unit: number, by: number) => {
      net.writeParameter(
        name,
        v.map((x, j) => (j === unit ? x + by : x)),
      )
      const batch = joined(pairs)
      net.forward(batch)
      return net.loss(batch, { stepClasses: classesOf(pairs) }).mean
    }
    const slopes = Array.from(v, (_x, j) => (lossWith(j, 1e-5) - lossWith(j, -1e-5)) / 2e-5)
    expectClose(wanted[at], slopes, 1e-9)
  })

  it('refuses ids that are not a pair, units that cannot be halved, and streams', () => {
    const net = made({})
    const forward = (ids: number[]) => () => net.forward(PackedBatch.ofIds([ids]))
    expect(forward([1, 2])).toThrow(DataError)
    expect(forward([6, 7])).toThrow(/at least one source token/)
    expect(forward([1, 6, 2])).toThrow(DataError)
    expect(forward([1, SOURCE + TARGET])).toThrow(/0\.\.3/)
    expect(() => made({ units: 5, bidirectional: true })).toThrow(FormatError)
    expect(() => net.stream()).toThrow(UnsupportedError)
  })
})
