/** Embeddings by rows: gradients touch rows that were used; sparse updates change only those. */
import { describe, expect, it } from 'vitest'
import { PackedBatch } from '../../src/tensors/packedBatch.ts'
import type { EngineOptions } from '../../src/engine/engine.ts'
import { internalsOf, type Network } from '../../src/model/network.ts'
import { network } from '../networks.ts'
import type { TrainingState } from '../../src/training/checkpoint.ts'
import { clipGradients } from '../../src/training/gradients/clip.ts'
import type { Dataset } from '../../src/training/dataset.ts'
import { fit } from '../../src/training/fit.ts'
import { Optimizer, optimizerRegions } from '../../src/training/optimizer.ts'
import { everyOptimizer } from '../training/optimizers/everyOptimizer.ts'
import { bitsOf } from '../training/trainingHelpers.ts'

const [V, E] = [20, 5]
const exact = { engine: 'reference', precision: 'float64' } as const

function make(options: EngineOptions = {}, wordDropout = 0): Network {
  const layers = [
    { type: 'embedding', vocabulary: V, size: E, wordDropout },
    { type: 'recurrent', cell: 'gru', units: 4, returnSequences: false },
    { type: 'dense', units: 2 },
  ] as const
  return network(layers, { ...options, loss: { type: 'softmaxCrossEntropy' } })
}

const table = (net: Network, region = 'weights') => internalsOf(net).store.read(net.parameters[0], region)
const row = (net: Network, id: number, region = 'weights') =>
  Array.from(table(net, region).subarray(id * E, (id + 1) * E))

/** Forward and backward; returns the batch's gradient as it then stands. */
function backward(net: Network, sequences: number[][], classes: number[], key = 1): void {
  const [batch, pass] = [PackedBatch.ofIds(sequences), { training: true, record: false, key }]
  net.forward(batch, pass)
  net.backward(batch, { classes }, pass)
}

const norm = (net: Network) =>
  Math.sqrt(
    net.parameters.reduce(
      (sum, p) =>
        sum + Array.from(internalsOf(net).store.read(p, 'gradients')).reduce((s, x) => s + x * x, 0),
      0,
    ),
  )

describe('gradients of a table', () => {
  const engines: [string, EngineOptions][] = [
    ['default', {}],
    ['float64', exact],
  ]

  it.each(engines)('%s: cleared, measured and limited by rows used, ids once or often', (_, options) => {
    const net = make(options)
    net.prepareTraining()
    net.zeroGradients()
    backward(
      net,
      [
        [3, 3, 3, 19],
        [4, 0],
      ],
      [0, 1],
    )
    const used = [0, 3, 4, 19]
    for (let id = 0; id < V; id++)
      expect(row(net, id, 'gradients').some((x) => x !== 0)).toBe(used.includes(id))
    expect(clipGradients(net, {}).norm / norm(net)).toBeCloseTo(1, 6)
    const limit = norm(net) / 50
    clipGradients(net, { clipValue: limit })
    const sizes = Array.from(table(net, 'gradients'), Math.abs)
    expect(Math.max(...sizes)).toBeCloseTo(limit, 6)
    // Two passes add up; clearing forgets both.
    backward(net, [[7, 8]], [1])
    expect(clipGradients(net, {}).norm / norm(net)).toBeCloseTo(1, 6)
    net.zeroGradients()
    expect(norm(net)).toBe(0)
    expect(clipGradients(net, {}).norm).toBe(0)
  })

  it('word dropout uses the unknown token’s row', () => {
    const net = make(exact, 0.9)
    net.prepareTraining()
    net.zeroGradients()
    backward(net, [[5, 6, 7, 8, 9, 5, 6, 7, 8, 9]], [1])
    expect(row(net, 0, 'gradients').some((x) => x !== 0)).toBe(true)
    net.zeroGradients()
    expect(norm(net)).toBe(0)
  })
})

describe('sparse updates', () => {
  const everyRow = [Array.from({ length: V }, (_, id) => id), [2, 2, 2]]

  it.each(everyOptimizer)('%s: with every row in use, the bits of dense updates', (_, options) => {
    const [dense, sparse] = [make(), make()]
    const updates = (net: Network, sparseEmbeddings: boolean) => {
      const optimizer = new Optimizer(net, options, sparseEmbeddings)
      for (let step = 0; step < 4; step++) {
        net.zeroGradients()
        backward(net, everyRow, [step % 2, 1])
        optimizer.update(0.05, clipGradients(net, { clipNorm: 0.1 }).scale)
      }
      return [bitsOf(net), ...optimizerRegions(optimizer.options).map((region) => bitsOf(net, region))]
    }
    expect(updates(sparse, true)).toEqual(updates(dense, false))
  })

  it.each(everyOptimizer)('%s: rows that are not used keep weights and states', (_, options) => {
    const net = make()
    const optimizer = new Optimizer(net, options, true)
    const step = (sequences: number[][]) => {
      net.zeroGradients()
      backward(net, sequences, [1])
      optimizer.update(0.05)
    }
    step([[1, 2, 3]])
    const regions = ['weights', ...optimizerRegions(optimizer.options)]
    const before = regions.map((region) => table(net, region))
    step([[3, 4, 4]])
    regions.forEach((region, r) => {
      for (let id = 0; id < V; id++) {
        const [was, is] = [Array.from(before[r].subarray(id * E, (id + 1) * E)), row(net, id, region)]
        const isChanged = is.some((value, i) => value !== was[i])
        expect(isChanged).toBe(id === 3 || id === 4)
      }
    })
  })

  it('adam: PyTorch’s definition of SparseAdam, number by number', () => {
    const net = make(exact)
    const optimizer = new Optimizer(net, { type: 'adam' }, true)
    const [p, m, v] = [table(net).slice(), new Float64Array(V * E), new Float64Array(V * E)]
    const [rate, beta1, beta2, epsilon] = [0.01, 0.9, 0.999, 1e-8]
    const batches = [[1, 2, 2, 3], [3, 4], [1], [9, 3, 9, 9, 2]]
    batches.forEach((ids, t) => {
      net.zeroGradients()
      backward(net, [ids], [t % 2])
      const gradient = table(net, 'gradients')
      optimizer.update(rate)
      const [c1, c2] = [1 - beta1 ** (t + 1), 1 - beta2 ** (t + 1)]
      for (const id of new Set(ids)) {
        for (let i = id * E; i < (id + 1) * E; i++) {
          const g = gradient[i]
          m[i] += (g - m[i]) * (1 - beta1)
          v[i] += (g * g - v[i]) * (1 - beta2)
          // ε stands beside √v̂, as in dense Adam; SparseAdam has it beside √v.
          p[i] -= ((rate / c1) * m[i]) / (Math.sqrt(v[i] / c2) + epsilon)
        }
      }
      table(net).forEach((weight, i) => expect(weight).toBeCloseTo(p[i], 12))
    })
  })
})

describe('a run with sparse updates', () => {
  /** Few of the rows in each batch. */
  const sequences = Array.from({ length: 24 }, (_, i) => [i % V, (i * 7) % V, 3])
  const train: Dataset = {
    size: 24,
    lengths: new Int32Array(24).fill(3),
    batch: (rows) => ({
      batch: PackedBatch.ofIds(Array.from(rows, (at) => sequences[at])),
      targets: { classes: Array.from(rows, (at) => at % 2) },
    }),
  }
  const options = {
    train,
    epochs: 3,
    batchSize: 3,
    optimizer: { type: 'adamw' },
    learningRate: 0.01,
  } as const

  it('differs from a dense one, and says so to a checkpoint of the other', async () => {
    const [dense, sparse] = [make(), make()]
    const states: TrainingState[] = []
    await fit(dense, { ...options, checkpoint: { everySteps: 5, write: (state) => void states.push(state) } })
    await fit(sparse, { ...options, sparseEmbeddings: true })
    expect(bitsOf(sparse)).not.toBe(bitsOf(dense))
    await expect(fit(make(), { ...options, sparseEmbeddings: true, resume: states[0] })).rejects.toThrow(
      /document\.options\.sparseEmbeddings: expected true, got false/,
    )
  })

  it('with accumulation: rows of every batch of the update', async () => {
    const [parts, whole] = [make(exact), make(exact)]
    const all = { ...options, epochs: 1, pool: 1, sparseEmbeddings: true } as const
    await fit(parts, { ...all, batchSize: 8, accumulationSteps: 3 })
    await fit(whole, { ...all, batchSize: 24 })
    table(parts).forEach((weight, i) => expect(weight).toBeCloseTo(table(whole)[i], 12))
    expect(table(parts)).not.toEqual(table(make(exact)))
  })

  it('resumed at every update ends with the same bits', async () => {
    const all = {
      ...options,
      sparseEmbeddings: true,
      ema: 0.9,
      accumulationSteps: 2,
      clipNorm: 0.1,
    } as const
    const whole = make({}, 0.2)
    const states: TrainingState[] = []
    await fit(whole, { ...all, checkpoint: { everySteps: 1, write: (state) => void states.push(state) } })
    expect(states).toHaveLength(12)
    for (const state of states) {
      const resumed = network(whole.config.layers, { seed: 9, loss: whole.config.loss })
      await fit(resumed, { ...all, resume: state })
      expect(bitsOf(resumed)).toBe(bitsOf(whole))
    }
  })

  it('is refused where it would do nothing, and by any other name', async () => {
    const layers = [
      { type: 'oneHot', vocabulary: V },
      { type: 'recurrent', cell: 'gru', units: 4, returnSequences: false },
      { type: 'dense', units: 2 },
    ] as const
    const oneHot = network(layers, { loss: { type: 'softmaxCrossEntropy' } })
    await expect(fit(oneHot, { ...options, sparseEmbeddings: true })).rejects.toThrow(
      /sparseEmbeddings: expected false for a network without an embedding/,
    )
    await expect(fit(make(), { ...options, sparseEmbeddings: 'sparse' as never })).rejects.toThrow(
      /sparseEmbeddings: expected true or false, got sparse/,
    )
  })
})
