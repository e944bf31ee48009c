/** Remedies of trainings, of their memory, and of engines. */
import { DataError, DivergenceError, MemoryError, UsageError } from '../../../src/core/errors.ts'
import { checkHeap } from '../../../src/core/heapNode.ts'
import { openEngine } from '../../../src/engine/load.ts'
import { createReferenceEngine } from '../../../src/engine/reference/index.ts'
import type { LayerOptions } from '../../../src/model/config.ts'
import { PackedBatch } from '../../../src/tensors/packedBatch.ts'
import { corpusDataset } from '../../../src/training/segments/corpusDataset.ts'
import type { Dataset } from '../../../src/training/dataset.ts'
import { fit, type FitOptions } from '../../../src/training/fit.ts'
import { network } from '../../networks.ts'
import { classifier, firstMark } from '../../training/trainingHelpers.ts'
import type { RemedyCase } from './remedyCase.ts'

/** Memory was reserved, and the work could begin. */
class Begun extends Error {}

/** What a large training takes: the steps of each of eight sequences, units, and classes at each step. */
async function begin({ steps = 100_000, units = 512, classes = 2 }): Promise<unknown> {
  const layers: LayerOptions[] = [
    { type: 'features', width: 2 },
    { type: 'recurrent', cell: 'gru', units },
    { type: 'dense', units: classes },
  ]
  const train: Dataset = {
    size: 8,
    lengths: new Int32Array(8).fill(steps),
    batch: () => {
      throw new Begun()
    },
  }
  const net = network(layers, { loss: { type: 'softmaxCrossEntropy' } })
  return fit(net, { train, batchSize: 8 }).catch((error: unknown) => {
    if (!(error instanceof Begun)) throw error
  })
}

const LESS = 'Shorter sequences, fewer units and a smaller vocabulary need less memory.'
const LOWER = 'Lower the batch size, the text length limit, the units or the vocabulary size.'

function read({ units = 2, vocabulary = 4 }): void {
  const layers: LayerOptions[] = [
    { type: 'embedding', vocabulary, size: 512 },
    { type: 'recurrent', cell: 'lstm', units },
  ]
  network(layers).forward(PackedBatch.ofIds([[1, 2, 3]]))
}

const MEMORY: readonly RemedyCase[] = [
  {
    name: 'a corpus of one token',
    kind: DataError,
    remedy: 'Add text: nothing can be predicted.',
    raise: () => corpusDataset({ ids: [3], batchSize: 1 }),
    follow: () => corpusDataset({ ids: [3, 1], batchSize: 1 }),
  },
  {
    name: 'a training of too many units',
    kind: MemoryError,
    remedy: LESS,
    raise: () => begin({}),
    follow: async () => {
      await begin({ steps: 40 })
      await begin({ units: 2 })
    },
  },
  {
    name: 'a training of too large a vocabulary',
    kind: MemoryError,
    remedy: LESS,
    raise: () => begin({ units: 2, classes: 8192 }),
    follow: () => begin({ units: 2, classes: 4 }),
  },
  {
    name: 'weights of too many units',
    kind: MemoryError,
    remedy: LOWER,
    raise: () => read({ units: 40_000 }),
    follow: () => read({ units: 4 }),
  },
  {
    name: 'weights of too many tokens',
    kind: MemoryError,
    remedy: LOWER,
    raise: () => read({ vocabulary: 2 ** 22 }),
    follow: () => read({ vocabulary: 2 ** 10 }),
  },
  {
    name: 'a table that the heap cannot hold',
    kind: MemoryError,
    remedy: 'Set NODE_OPTIONS=--max-old-space-size=1024 (MiB), or read fewer rows or columns.',
    raise: () => checkHeap({ rows: 1e6, cells: 2e6, characters: 9e7 }, 'table.csv', 2 ** 28),
    follow: () => {
      checkHeap({ rows: 1e6, cells: 2e6, characters: 9e7 }, 'table.csv', 1024 * 2 ** 20)
      checkHeap({ rows: 1e5, cells: 2e5, characters: 9e6 }, 'table.csv', 2 ** 28)
    },
  },
]

const train = firstMark(8, 1)
const cosine = (learningRate: number, etaMin: number): FitOptions => ({
  train,
  epochs: 1,
  learningRate,
  schedule: { type: 'cosine', tMax: 2, etaMin },
})

/** Features of this size. */
async function learn(size: number): Promise<unknown> {
  const layers: LayerOptions[] = [
    { type: 'features', width: 1 },
    { type: 'pool', pooling: 'mean' },
    { type: 'dense', units: 1 },
  ]
  const data: Dataset = {
    size: 4,
    lengths: new Int32Array(4).fill(1),
    batch: (rows) => ({
      batch: PackedBatch.ofFeatures(new Float32Array(rows.length).fill(size), [rows.length, 1, 1]),
      targets: { values: new Float64Array(rows.length).fill(1) },
    }),
  }
  const net = network(layers, { loss: { type: 'meanSquaredError' }, seed: 1 })
  return fit(net, { train: data, epochs: 3, optimizer: { type: 'sgd' }, learningRate: 0.01 })
}

const ENGINES: readonly RemedyCase[] = [
  {
    name: 'an engine of other arithmetic, to be reproducible',
    kind: UsageError,
    remedy: 'Omit `engine`: `reproducible` selects it.',
    raise: () => openEngine({ engine: 'relaxed', reproducible: true }),
    follow: () => openEngine({ reproducible: true }).dispose(),
  },
  {
    name: 'panels of no multiple of four',
    kind: UsageError,
    remedy: 'Omit it to get 12.',
    raise: () => createReferenceEngine('float32', 10),
    follow: () => void createReferenceEngine('float32'),
  },
  {
    name: 'an option that is misspelt',
    kind: UsageError,
    remedy: 'Did you mean `learningRate`?',
    raise: () => fit(classifier(), { train, epochs: 1, learnRate: 0.01 } as never),
    follow: () => fit(classifier(), { train, epochs: 1, learningRate: 0.01 }),
  },
  {
    name: 'a frozen layer that is misspelt',
    kind: UsageError,
    remedy: 'Did you mean `dense.0`?',
    raise: () => fit(classifier(), { train, epochs: 1, frozen: ['dence.0'] }),
    follow: () => fit(classifier(), { train, epochs: 1, frozen: ['dense.0'] }),
  },
]

export const TRAINING_CASES: readonly RemedyCase[] = [
  ...MEMORY,
  ...ENGINES,
  {
    name: 'a least rate above the learning rate',
    kind: UsageError,
    remedy: 'Lower `etaMin`, or raise `learningRate`.',
    raise: () => fit(classifier(), cosine(0.01, 0.1)),
    follow: async () => {
      await fit(classifier(), cosine(0.01, 0.001))
      await fit(classifier(), cosine(0.2, 0.1))
    },
  },
  {
    name: 'numbers that are too large to learn from',
    kind: DivergenceError,
    remedy: 'The network has the last good weights. Look for very large numbers in the data too.',
    raise: () => learn(1e18),
    follow: () => learn(1),
  },
]
