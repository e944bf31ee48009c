/** Frozen parameters keep their bits; the rest trains as a network that never had them. */
import { isDeepStrictEqual } from 'node:util'
import { describe, expect, it } from 'vitest'
import { PackedBatch } from '../../../src/tensors/packedBatch.ts'
import { fit, type FitOptions } from '../../../src/training/fit.ts'
import type { TrainingState } from '../../../src/training/checkpoint.ts'
import { parallelism } from '../../../src/engine/threads/executor.ts'
import { textClassifier } from '../../../src/node.ts'
import { expectClose } from '../../closeTo.ts'
import { network } from '../../networks.ts'
import { comments, quick } from '../../tasks/textClassifier/classifierHelpers.ts'
import { everyOptimizer } from '../optimizers/everyOptimizer.ts'
import { bitsOf, classifier, firstMark } from '../trainingHelpers.ts'

const train = firstMark(24, 1)
const common = {
  train,
  epochs: 2,
  batchSize: 8,
  ema: 0.9,
  clipNorm: 0.1,
  clipValue: 0.05,
} satisfies FitOptions

const bitsByName = (net: ReturnType<typeof classifier>) =>
  Object.fromEntries(net.parameters.map(({ name }) => [name, net.readParameter(name).slice()]))

describe.each(everyOptimizer)('%s', (_, optimizer) => {
  it.each([
    ['a layer', ['recurrent.0'], /^recurrent\.0\./],
    ['a parameter', ['dense.0.bias'], /^dense\.0\.bias$/],
    ['all layers of a kind', ['recurrent'], /^recurrent\.0\./],
    ['an embedding and a layer', ['embedding.0', 'dense.0'], /^(embedding|dense)\.0\./],
  ] as const)('%s', async (_, frozen, pattern) => {
    for (const sparseEmbeddings of [false, true]) {
      const net = classifier()
      const before = bitsByName(net)
      await fit(net, { ...common, optimizer, frozen, sparseEmbeddings })
      const after = bitsByName(net)
      const kept = Object.keys(before).filter((name) => isDeepStrictEqual(after[name], before[name]))
      expect(kept).toEqual(Object.keys(before).filter((name) => pattern.test(name)))
    }
  })
})

it('trains the rest as over fixed inputs: gradient norms leave the frozen part out', async () => {
  const E = 5
  const whole = classifier({ dropout: 0 })
  const table = whole.readParameter('embedding.0.weight')
  const above = network(
    [
      { type: 'features', width: E },
      { type: 'recurrent', cell: 'gru', units: 6, returnSequences: false },
      { type: 'dense', units: 2 },
    ],
    { loss: { type: 'softmaxCrossEntropy' } },
  )
  for (const { name } of above.parameters) above.writeParameter(name, whole.readParameter(name))
  const vectors = {
    ...train,
    batch: (rows: Int32Array) => {
      const { batch, targets } = train.batch(rows)
      const ids = Array.from(rows, (row) => idsOf(row))
      const T = Math.max(...ids.map(({ length }) => length))
      const features = new Float32Array(rows.length * T * E)
      ids.forEach((list, b) =>
        list.forEach((id, t) => features.set(table.slice(id * E, id * E + E), (b * T + t) * E)),
      )
      return { batch: PackedBatch.ofFeatures(features, [rows.length, T, E], lengthsOf(batch, ids)), targets }
    },
  }
  const options = { ...common, optimizer: { type: 'adam' }, learningRate: 0.02 } as const
  const reports = [
    await fit(whole, { ...options, frozen: ['embedding.0'] }),
    await fit(above, { ...options, train: vectors }),
  ]
  for (const { name } of above.parameters)
    expectClose(whole.readParameter(name), Array.from(above.readParameter(name)), 1e-6)
  const norms = reports.map(({ history }) => history.map(({ gradientNorm }) => gradientNorm))
  expectClose(norms[0], norms[1], 1e-6)

  function idsOf(row: number): number[] {
    const { batch } = train.batch(Int32Array.of(row))
    return Array.from(batch.ids!)
  }
  function lengthsOf(_: PackedBatch, ids: number[][]): number[] {
    return ids.map(({ length }) => length)
  }
})

it('on any number of threads, the same bits', async () => {
  const before = { ...parallelism }
  Object.assign(parallelism, { minWork: 0, eager: true })
  try {
    const bits = []
    for (const threads of [1, 3]) {
      const net = classifier({ threads })
      await fit(net, { ...common, frozen: ['dense.0.weight', 'recurrent.0.bias_hh_l0'] })
      bits.push(bitsOf(net))
      net.dispose()
    }
    expect(bits[1]).toBe(bits[0])
  } finally {
    Object.assign(parallelism, before)
  }
})

it('is part of a checkpoint: resuming gives the same bits, and refuses other frozen parts', async () => {
  const options = { ...common, frozen: ['recurrent.0', 'embedding.0', 'recurrent.0'] }
  const states: TrainingState[] = []
  const whole = classifier()
  await fit(whole, { ...options, checkpoint: { everySteps: 2, write: (state) => void states.push(state) } })
  const resumed = classifier({ seed: 2 })
  await fit(resumed, { ...options, resume: states[0] })
  expect(bitsOf(resumed)).toBe(bitsOf(whole))
  await expect(fit(classifier(), { ...common, resume: states[0] })).rejects.toThrow(
    /document\.options\.frozen: expected \[\], got \["embedding\.0","recurrent\.0"\]/,
  )
})

it('of a text classifier', async () => {
  const model = textClassifier({ cell: 'gru', units: 8, embedding: 8 })
  await model.fit(comments(40, 1), { ...quick, epochs: 1 })
  const before = model.network.readParameter('embedding.0.weight').slice()
  const dense = model.network.readParameter('dense.0.weight').slice()
  await model.fit(comments(40, 1), { ...quick, epochs: 2, frozen: ['embedding.0'] })
  expect(model.network.readParameter('embedding.0.weight')).toEqual(before)
  expect(model.network.readParameter('dense.0.weight')).not.toEqual(dense)
})

it.each([
  ['an unknown name', ['embeding.0'], /frozen: expected names of layers .*embedding\.0.* got "embeding\.0"/],
  ['a part of a name', ['embed'], /got "embed"/],
  ['a layer without parameters', ['dropout.0'], /got "dropout\.0"/],
  ['everything', ['embedding.0', 'recurrent.0', 'dense.0'], /expected at least one parameter to train/],
  ['a text', 'embedding.0' as never, /expected a list of names/],
])('refuses %s', async (_, frozen, message) => {
  const net = classifier({ dropout: 0.1 })
  const before = bitsOf(net)
  await expect(fit(net, { ...common, frozen })).rejects.toThrow(message)
  expect(bitsOf(net)).toBe(before)
})

describe('frozenEpochs', () => {
  const options = { ...common, epochs: 3, optimizer: { type: 'adam' }, frozen: ['embedding.0'] } as const

  it.each([1, 2])('%i: frozen for so many epochs, then trained', async (frozenEpochs) => {
    const net = classifier()
    const before = bitsByName(net)['embedding.0.weight']
    const changed: boolean[] = []
    await fit(net, {
      ...options,
      frozenEpochs,
      onStep: () => void changed.push(!isDeepStrictEqual(bitsByName(net)['embedding.0.weight'], before)),
    })
    const steps = changed.length / 3
    expect(changed).toEqual(changed.map((_, i) => i >= steps * frozenEpochs))
  })

  it('changes nothing in the epochs before', async () => {
    const first = async (more: FitOptions) => {
      const net = classifier()
      const { history } = await fit(net, { ...more, validation: train })
      return history.slice(0, 2).map(({ seconds: _, ...facts }) => facts)
    }
    expect(await first({ ...options, frozenEpochs: 2 })).toEqual(await first(options))
  })

  it('is refused without frozen layers, and unless it is a count', async () => {
    await expect(fit(classifier(), { train, frozenEpochs: 2 })).rejects.toThrow(
      'fit option frozenEpochs: expected null for a run without frozen layers, got 2. Pass `frozen: ["embedding.0"]` to name',
    )
    await expect(fit(classifier(), { ...options, frozenEpochs: 0 })).rejects.toThrow('frozenEpochs')
  })

  it('of all layers trains nothing, which is refused as without it', async () => {
    const frozen = ['embedding', 'recurrent', 'dense']
    await expect(fit(classifier(), { ...options, frozen, frozenEpochs: 1 })).rejects.toThrow('got all frozen')
  })
})
