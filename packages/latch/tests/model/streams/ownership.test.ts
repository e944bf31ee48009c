/** A saved state belongs to its weights, and nothing of a disposed model can be called. */
import { internalsOf } from '../../../src/model/network.ts'
import { describe, expect, it } from 'vitest'
import { UsageError } from '../../../src/core/errors.ts'
import {
  dense,
  embedding,
  gru,
  lstm,
  network,
  sequenceModel,
  textClassifier,
  type ModelStream,
  type Stream,
  type Streams,
} from '../../../src/index.ts'
import { SequenceModel } from '../../../src/tasks/sequenceModel/sequenceModel.ts'
import { nextLetter } from '../../tasks/sequenceModel/sequenceFixtures.ts'
import { openModelFile } from '../../../src/tasks/files/openModel.ts'

const layers = () => [embedding({ vocabulary: 5, size: 3 }), gru(4, { returnSequences: false }), dense(2)]

describe('a saved state', () => {
  it('is refused after the weights changed', () => {
    const model = sequenceModel({ input: { features: 1 }, layers: [lstm(3)], output: { values: 1 } })
    const stream = model.stream()
    stream.push([3])
    const saved = stream.save()
    const { store } = internalsOf(model.network)
    const parameter = store.find('dense.0.bias')
    store.write(parameter, [1])
    expect(() => stream.restore(saved)).toThrow(UsageError)
    store.write(parameter, [0])
    stream.restore(saved)
  })

  it('is the same on every engine', () => {
    const prints = (['reference', 'simd', 'relaxed'] as const).map(
      (engine) => internalsOf(network(layers(), { seed: 1, engine })).store.fingerprint,
    )
    expect(new Set(prints).size).toBe(1)
    expect(internalsOf(network(layers(), { seed: 2 })).store.fingerprint).not.toBe(prints[0])
  })

  it('of one model is refused by another, and read by its copy', () => {
    const make = (seed: number) =>
      sequenceModel({ input: { features: 1 }, layers: [lstm(3)], output: { values: 1 }, seed })
    const model = make(1)
    const stream = model.stream()
    stream.push([0.5])
    const saved = stream.save()
    expect(() => make(2).stream().restore(saved)).toThrow(UsageError)
    openModelFile(model.toBytes()).stream().restore(saved)
  })
})

describe('after `dispose`', () => {
  it('streams of the network refuse every call', () => {
    const net = network(layers(), { seed: 1 })
    const [one, many] = [net.stream(), net.streams(2)]
    one.push(1)
    const [saved, both] = [one.save(), many.save()]
    net.dispose()
    for (const call of [
      () => one.push(1),
      () => one.reset(),
      () => one.save(),
      () => one.restore(saved),
      () => many.push([1, 2]),
      () => many.push([1, 2], [true, false]),
      () => many.reset(),
      () => many.save(),
      () => many.restore(both),
      () => net.stream(),
    ])
      expect(call).toThrow(UsageError)
  })

  it('the model and its streams refuse every call', () => {
    const model = sequenceModel({
      input: { vocabulary: ['a', 'b', 'c'] },
      layers: [lstm(3)],
      output: { classes: 3 },
    })
    const stream = model.stream()
    stream.push('a')
    const saved = stream.save()
    model.dispose()
    for (const call of [
      () => stream.push('a'),
      () => stream.pushText('a'),
      () => stream.reset(),
      () => stream.save(),
      () => stream.restore(saved),
      () => stream.prediction,
      () => model.predict('a'),
      () => model.predict(['a', 'b']),
      () => model.predict('a', { stateful: true }),
      () => model.reset(),
      () => model.stream(),
      () => model.trace('a'),
      () => model.encode('a'),
      () => model.pack(['a']),
      () => model.summary(),
      () => model.toBytes(),
      () => model.exportSource(),
      () => model.labels,
    ])
      expect(call).toThrow(UsageError)
  })

  it('promises are rejected', async () => {
    const model = sequenceModel({ input: { features: 1 }, layers: [lstm(3)], output: { values: 1 } })
    model.dispose()
    const rows = [{ input: [[1]], target: 1 }]
    for (const call of [() => model.fit(rows), () => model.evaluate(rows), () => model.baseline(rows)])
      await expect(call()).rejects.toThrow(UsageError)
    model.dispose()
  })
})

/** Arguments of each method, right and wrong ones: a method without any cannot be forgotten. */
type Calls<T> = Readonly<Record<keyof T, readonly (readonly unknown[])[]>>

function expectUsageErrors<T extends object>(of: T, calls: Calls<T>): void {
  for (const [name, lists] of Object.entries<readonly (readonly unknown[])[]>(calls))
    for (const given of lists) {
      const call = () => {
        const member: unknown = of[name as keyof T]
        if (typeof member === 'function') member.apply(of, given)
      }
      expect(call, `${name}(${JSON.stringify(given)})`).toThrow(UsageError)
      expect(call, name).toThrow(/expected an open network, got a disposed one/)
    }
}

const WRONG = [[], [null], [Number.NaN], ['a b'], ['nowhere'], [5], [-1], [[1, 2, 3, 4]], [{}], [Symbol('x')]]
const MODEL_STREAM: Calls<ModelStream> = {
  steps: [[]],
  prediction: [[]],
  push: WRONG,
  pushText: WRONG,
  reset: [[]],
  save: [[]],
  restore: WRONG,
}

describe('after `dispose`, before any other check', () => {
  it('of a text classifier', async () => {
    const model = textClassifier({ units: 2, embedding: 2, minimumCount: 1 })
    const rows = Array.from({ length: 12 }, (_, i) => ({
      text: i % 2 ? 'a c' : 'a d',
      label: i % 2 ? 'x' : 'y',
    }))
    await model.fit(rows, { text: 'text', label: 'label', epochs: 1, validation: 0 })
    const streams = [model.stream(), model.stream()]
    streams[1].pushText('a')
    model.dispose()
    for (const stream of streams) expectUsageErrors(stream, MODEL_STREAM)
  })

  it('of sequence models: of numbers, of tokens, of texts padded to one length', () => {
    const padding = { length: 3, side: 'pre', truncating: 'pre', id: 0 } as const
    const models = [
      sequenceModel({ input: { features: 1 }, layers: [lstm(3)], output: { values: 1 } }),
      SequenceModel.fromImported(nextLetter()),
      SequenceModel.fromImported({ ...nextLetter(), textInput: { ...nextLetter().textInput, padding } }),
    ]
    for (const model of models) {
      const stream = model.stream()
      model.dispose()
      expectUsageErrors<object>(stream, MODEL_STREAM as Calls<object>)
    }
  })

  it('of networks', () => {
    const net = network(layers(), { seed: 1 })
    const [one, many] = [net.stream(), net.streams(2)]
    net.dispose()
    const single: Calls<Stream> = {
      steps: [[]],
      push: WRONG,
      reset: [[]],
      save: [[]],
      restore: WRONG,
    }
    expectUsageErrors(one, single)
    const several: Omit<Calls<Streams>, 'count'> = {
      stepsOf: WRONG,
      push: [...WRONG, [[1, 2], [true]]],
      reset: [[], [0], [9]],
      save: [[], [0], [9]],
      restore: [...WRONG, [null, 9]],
    }
    expectUsageErrors<object>(many, several as Calls<object>)
  })
})
