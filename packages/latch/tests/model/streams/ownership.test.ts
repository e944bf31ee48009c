/** A saved state belongs to its weights, and nothing of a disposed model can be called. */
import { internalsOf } from '../../../src/model/network.ts'
import { describe, expect, it } from 'vitest'
import { UsageError } from '../../../src/core/errors.ts'
import { dense, embedding, gru, lstm, network, sequenceModel } from '../../../src/index.ts'
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
