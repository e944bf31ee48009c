/** A dense layer whose weight is the embedding's table: PyTorch's numbers, one parameter, refusals, files. */
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { FormatError, ShapeError, UnsupportedError, UsageError } from '../../src/core/errors.ts'
import type { EngineOptions } from '../../src/engine/engine.ts'
import { parallelism } from '../../src/engine/threads/executor.ts'
import { dense } from '../../src/layers/dense.ts'
import { embedding } from '../../src/layers/embedding.ts'
import { features } from '../../src/layers/features.ts'
import { lstm } from '../../src/layers/recurrent/factories.ts'
import { internalsOf, network, type Network } from '../../src/model/network.ts'
import type { LayerSpec } from '../../src/layers/definition.ts'
import { activationPenalty } from '../../src/layers/regularisation/activationPenalty.ts'
import { PackedBatch } from '../../src/tensors/packedBatch.ts'
import { fit } from '../../src/training/fit.ts'
import { expectClose } from '../closeTo.ts'
import { checkGradients } from '../model/gradientCase.ts'
import { bitsOf, datasetOf } from '../training/trainingHelpers.ts'

interface Tensor {
  shape: number[]
  data: number[]
}

interface Case {
  name: string
  units: number
  tied: boolean
  projected: boolean
  alpha: number
  beta: number
  ids: number[][]
  targets: number[][]
  loss: Tensor
  logits: Tensor
  weights: Record<string, Tensor>
  gradients: Record<string, Tensor>
}

const { cases } = JSON.parse(
  readFileSync(new URL('../golden/languageModel.json', import.meta.url), 'utf8'),
) as { cases: Case[] }
const loss = { type: 'softmaxCrossEntropy' } as const
const exact = { engine: 'reference', precision: 'float64' } as const
const pass = { training: true, record: false, key: 0 }
const engines: (EngineOptions & { tolerance: number })[] = [
  { engine: 'simd', precision: 'float32', tolerance: 2e-6 },
  { engine: 'relaxed', precision: 'float32', tolerance: 2e-6 },
  { ...exact, tolerance: 1e-10 },
]

describe.each(engines)('PyTorch, $engine $precision', ({ tolerance, ...engine }) => {
  it.each(cases.map((item) => [item.name, item] as const))('%s', (_, item) => {
    const { tied, projected, alpha, beta } = item
    const layers: LayerSpec[] = [embedding({ vocabulary: 7, size: 5 }), lstm(item.units)]
    if (alpha || beta) layers.push(activationPenalty({ alpha, beta }))
    if (projected) layers.push(dense(5))
    layers.push(dense(7, tied ? { tied } : {}))
    const net = network(layers, { ...engine, loss, weights: ({ name }) => item.weights[name].data })
    expect(net.parameters.map(({ name }) => name).sort()).toEqual(Object.keys(item.weights).sort())
    net.prepareTraining()
    const batch = PackedBatch.ofIds(item.ids)
    net.forward(batch, pass)
    const logits = net.readOutput(batch)
    const rows = item.ids.flatMap((ids, b) => ids.flatMap((_id, t) => [...rowOf(logits, (b * 5 + t) * 7)]))
    expectClose(rows, item.logits.data, tolerance, 'logits')
    net.zeroGradients()
    const { mean } = net.backward(batch, { stepClasses: item.targets }, pass)
    // The golden loss has the penalties added, which Latch reports without.
    const rest = item.loss.data[0] - mean
    expect(alpha || beta ? rest > 0.01 : Math.abs(rest) < tolerance).toBe(true)
    for (const { name, shape } of net.parameters) {
      expect(shape).toEqual(item.gradients[name].shape)
      expectClose(net.readParameter(name, 'gradients'), item.gradients[name].data, tolerance, name)
    }
    // The gradient took the place of the logits: they are computed again.
    expect([...net.readOutput(batch)]).toEqual([...logits])
  })
})

function rowOf(values: Float64Array, at: number): Float64Array {
  return values.subarray(at, at + 7)
}

const VOCABULARY = 11
const tiedLayers = (units = 6, size = 6): LayerSpec[] => [
  embedding({ vocabulary: VOCABULARY, size, rowDropout: 0.2 }),
  lstm(units),
  ...(units === size ? [] : [dense(size)]),
  dense(VOCABULARY, { tied: true }),
]
const make = (engine: EngineOptions = {}): Network => network(tiedLayers(), { ...engine, loss })

it('agrees with finite differences, rows of the table dropped', () => {
  checkGradients([
    { type: 'embedding', vocabulary: 7, size: 5, rowDropout: 0.3, wordDropout: 0.2 },
    { type: 'recurrent', cell: 'gru', units: 5 },
    { type: 'dense', units: 7, tied: true },
  ])
  checkGradients([
    { type: 'embedding', vocabulary: 7, size: 3, rowDropout: 0.4 },
    { type: 'recurrent', cell: 'gru', units: 5, returnSequences: false },
    { type: 'dense', units: 3, activation: 'tanh' },
    { type: 'dense', units: 7, tied: true, activation: 'softsign', bias: false },
  ])
})

it('is one parameter in the store, and a stream equals forward to the bit', () => {
  for (const engine of ['simd', 'relaxed', 'reference'] as const) {
    const net = make({ engine })
    expect(net.parameters.filter(({ shape }) => shape[0] === VOCABULARY).map(({ name }) => name)).toEqual([
      'embedding.0.weight',
      'dense.0.bias',
    ])
    const ids = [3, 0, 10, 7]
    const batch = PackedBatch.ofIds([ids])
    net.forward(batch)
    const output = [...net.readOutput(batch)]
    const stream = net.stream()
    expect(ids.flatMap((id) => [...stream.push(id)])).toEqual(output)
  }
})

it('trains to the same bits on one thread and on three, and frozen with the embedding', async () => {
  const train = datasetOf(
    [
      [1, 2, 3, 4],
      [5, 6, 7],
      [8, 9, 10, 0, 1],
      [2, 4],
    ],
    [0, 0, 0, 0],
  )
  const steps = {
    ...train,
    batch: (rows: Int32Array) => {
      const sample = train.batch(rows)
      const stepClasses = Array.from(
        rows,
        (row) =>
          [
            [2, 3, 4, 5],
            [6, 7, 8],
            [9, 10, 0, 1, 2],
            [4, 6],
          ][row],
      )
      return { ...sample, targets: { stepClasses } }
    },
  }
  const { minWork } = parallelism
  const trained = async (threads: number, frozen?: string[]) => {
    parallelism.minWork = threads > 1 ? 1 : minWork
    const net = make({ engine: 'simd', threads })
    await fit(net, { train: steps, epochs: 3, batchSize: 2, frozen, ema: 0.9 })
    return net
  }
  const [one, three] = [await trained(1), await trained(3)]
  expect(bitsOf(one)).toEqual(bitsOf(three))
  parallelism.minWork = minWork
  const still = await trained(1, ['embedding.0'])
  expect(still.readParameter('embedding.0.weight')).toEqual(make().readParameter('embedding.0.weight'))
})

describe('refusals', () => {
  it('names the width and the projection', () => {
    const layers = [embedding({ vocabulary: 9, size: 4 }), lstm(6), dense(9, { tied: true })]
    expect(() => network(layers)).toThrow(ShapeError)
    expect(() => network(layers)).toThrow(
      'dense.0, tied to embedding.0: expected an input as wide as the embedding (4), got 6. ' +
        'Put `dense(4)` below it as a projection, or give the embedding size 6.',
    )
    expect(network([layers[0], layers[1], dense(4), layers[2]]).output.width).toBe(9)
  })

  it('names the field', () => {
    const tied = dense(9, { tied: true })
    expect(() => network([features(9), lstm(9), tied])).toThrow(/tied: expected false in a network without/)
    expect(() => network([embedding({ vocabulary: 8, size: 4 }), lstm(4), tied])).toThrow(
      /units: expected 8, the vocabulary of the tied embedding/,
    )
    const twice = [embedding({ vocabulary: 9, size: 9 }), lstm(9), tied, tied]
    expect(() => network(twice)).toThrow(FormatError)
    expect(() => network([embedding({ vocabulary: 9, size: 9, paddingIdx: 0 }), lstm(9), tied])).toThrow(
      UnsupportedError,
    )
  })

  it('sparse updates', async () => {
    const net = make()
    const train = datasetOf([[1, 2]], [0])
    const error = await fit(net, { train, sparseEmbeddings: true }).catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(UsageError)
    expect(String(error)).toContain('expected false for a tied embedding, of which every batch uses all rows')
    expect(internalsOf(net).regions.hasTables).toBe(false)
  })
})
