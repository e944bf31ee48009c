/** One call for each option that an error about tables, training or a network can offer. */
import { FEATURES, withClass, type FixCase } from './formatCases.ts'
import { parseExamples, parseTable } from '../../src/data/tables.ts'
import type { TableOptions } from '../../src/data/tableStart.ts'
import { readTexts } from '../../src/data/tablesNode.ts'
import type { ExampleOptions } from '../../src/data/examples.ts'
import type { EngineOptions } from '../../src/engine/engine.ts'
import { openEngine } from '../../src/engine/load.ts'
import { dense } from '../../src/layers/dense.ts'
import type { LayerSpec } from '../../src/layers/definition.ts'
import { features, maskedFeatures } from '../../src/layers/features.ts'
import { gru } from '../../src/layers/recurrent/factories.ts'
import { network } from '../../src/model/network.ts'
import { sequenceModel } from '../../src/tasks/sequenceModel/build.ts'
import { SequenceModel } from '../../src/tasks/sequenceModel/sequenceModel.ts'
import { sequenceToSequence } from '../../src/tasks/sequenceToSequence/sequenceToSequence.ts'
import { tagger } from '../../src/tasks/tagger/tagger.ts'
import { textClassifier } from '../../src/tasks/textClassifier/textClassifier.ts'
import { PackedBatch } from '../../src/tensors/packedBatch.ts'
import { corpusDataset } from '../../src/training/segments/corpusDataset.ts'
import type { Dataset } from '../../src/training/dataset.ts'
import { fit } from '../../src/training/fit.ts'
import { nextLetter } from '../tasks/sequenceModel/sequenceFixtures.ts'

type Options = Record<string, unknown>

const table = (name: string, offers: string[], text: string | Uint8Array, more: Table = {}): FixCase => ({
  name,
  offers,
  command: 'train',
  run: (options) => called(() => parseExamples(text, { ...more.given, ...options } as ExampleOptions)),
  values: more.values,
})

interface Table {
  given?: ExampleOptions
  values?: Options
}

/** Each row has the cell of one more column. */
function ownKeys(): string {
  return Array.from({ length: 20_000 }, (_, i) => JSON.stringify({ text: 'good', [`k${i}`]: i })).join('\n')
}

/** A throw becomes a rejection. */
async function called(call: () => unknown): Promise<unknown> {
  return Promise.resolve().then(call)
}

const bytes = (...parts: (string | number)[]) =>
  Uint8Array.from(parts.flatMap((part) => (typeof part === 'string' ? [...Buffer.from(part)] : [part])))

export const TABLE_CASES: readonly FixCase[] = [
  table('a quote that is not closed', ['quotes'], 'text,label\n"good,a\nbad,b\n', {
    given: { text: 'text' },
  }),
  table('a character after a closing quote', ['quotes'], 'text,label\n"good" day,a\nbad,b\n'),
  table('a row with more cells', ['delimiter'], 'text;label\ngood, very;a\nbad, so, so;b\n', {
    given: { text: '0', label: false, delimiter: ',' },
    values: { delimiter: ';' },
  }),
  table('a single column', ['delimiter'], 'text^label\ngood^a\nbad^b\n', { values: { delimiter: '^' } }),
  table('lines of a label and a text', ['delimiter', 'format'], 'good^a soup\nbad^b tea\n', {
    values: { delimiter: '^', format: 'lines' },
  }),
  table('an array as JSON Lines', ['format'], '[{"text": "good", "label": "a"}]', {
    given: { format: 'jsonl' },
  }),
  table('text in another encoding', ['encoding'], bytes('text,label\nit', 0x92, 's good,a\nbad,b\n')),
  table('bytes of no likely encoding', ['encoding'], bytes('text,label\n', 0x81, 0xff, ',a\nb,b\n'), {
    values: { encoding: 'ibm866' },
  }),
  table('bytes that are none of the encoding', ['encoding'], bytes('text,label\ngood,a\nbad,b\nfar,b'), {
    given: { encoding: 'utf-16le' },
    values: { encoding: 'utf-8' },
  }),
  {
    name: 'a few cells in each of many columns',
    offers: ['columns'],
    command: 'train',
    run: (options) => called(() => parseTable(ownKeys(), { format: 'jsonl', ...options } as TableOptions)),
    values: { columns: ['text'] },
  },
  {
    name: 'a table without a named column of texts',
    offers: ['text'],
    command: 'predict',
    run: (options) => readTexts(source('text,label\ngood,a\nbad,b\n'), options),
  },
]

async function* source(text: string): AsyncGenerator<Uint8Array> {
  yield await Promise.resolve(Buffer.from(text))
}

const ROWS = Array.from({ length: 8 }, (_, i) => ({ text: `t${i}`, label: i % 2 ? 'a' : 'b' }))

const regression = (input: LayerSpec = features(2)) =>
  network([input, gru(3, { returnSequences: false }), dense(1)], {
    loss: { type: 'meanSquaredError' },
    seed: 1,
  })

interface Shape {
  size: number
  steps: number
  /** The first step of each sequence is masked. */
  mask?: boolean
  masked?: boolean
  target?: number
}

function sequences({ size, steps, mask = false, masked, target = 1 }: Shape): Dataset {
  return {
    size,
    lengths: new Int32Array(size).fill(steps),
    ...(masked !== undefined && { masked }),
    batch: (rows) => {
      const shape = [rows.length, steps, 2] as const
      const values = new Float32Array(rows.length * steps * 2).fill(0.5)
      const valid = Array.from({ length: rows.length * steps }, (_, i) => i % steps > 0)
      const batch = PackedBatch.ofFeatures(values, shape, undefined, mask ? valid : undefined)
      return { batch, targets: { values: new Float64Array(rows.length).fill(target) } }
    },
  }
}

/** Memory was reserved, and the work could begin. */
class Begun extends Error {}

const begins = (options: Options): Promise<unknown> => {
  const endless: Dataset = {
    size: 64,
    lengths: new Int32Array(64).fill(400_000),
    batch: () => {
      throw new Begun()
    },
  }
  return fit(regression(), { train: endless, batchSize: 64, ...options }).catch((error: unknown) => {
    if (!(error instanceof Begun)) throw error
  })
}

const program = (
  name: string,
  offers: string[],
  call: (options: Options) => unknown,
  command: FixCase['command'] = 'train',
): FixCase => ({ name, offers, command, run: (options) => called(() => call(options)) })

export const PROGRAM_CASES: readonly FixCase[] = [
  {
    name: 'zeros around the steps that no convolution adds',
    offers: ['upTo'],
    command: 'import',
    run: withClass('Activation', 'ZeroPadding1D","config":{"padding":1,', [
      FEATURES,
      { type: 'recurrent', cell: 'lstm', units: 3 },
      { type: 'activation', activation: 'tanh' },
    ]),
  },
  program('float64 on another engine', ['engine'], (options) =>
    openEngine({ engine: 'simd', precision: 'float64', ...options } as EngineOptions),
  ),
  program('a learning rate beyond float32', ['learningRate'], (options) =>
    fit(regression(), {
      train: sequences({ size: 4, steps: 3 }),
      epochs: 1,
      learningRate: 1e300,
      ...options,
    }),
  ),
  program('a training that diverges', ['learningRate', 'clipNorm'], (options) =>
    fit(regression(), {
      train: sequences({ size: 4, steps: 3, target: 1e6 }),
      epochs: 12,
      optimizer: { type: 'sgd' },
      learningRate: 1e5,
      ...options,
    }),
  ),
  program('batches that do not fit memory', ['batchSize', 'checkpointSteps'], begins),
  program('a corpus with fewer tokens than parts', ['batchSize'], (options) =>
    corpusDataset({ ids: [1, 2, 3], ...options }),
  ),
  program('masks that were not registered', ['train.masked'], ({ train }) =>
    fit(regression(maskedFeatures(2)), {
      train: sequences({ size: 4, steps: 3, mask: true, ...(train as Partial<Shape> | undefined) }),
      epochs: 1,
    }),
  ),
  program('a layer of steps above one row a sequence', ['returnSequences'], (options) =>
    network([features(2), gru(3, { returnSequences: false, ...options }), gru(3), dense(1)]),
  ),
  program('CTC with more labels than steps', ['zeroInfinity'], async (options) => {
    const net = network([features(2), gru(3), dense(3)], { loss: { type: 'ctc', ...options }, seed: 1 })
    const { lengths, batch } = sequences({ size: 2, steps: 2 })
    const labels = [[1, 2, 1], [1]]
    const train: Dataset = {
      size: 2,
      lengths,
      batch: (rows) => ({ ...batch(rows), targets: { labels: Array.from(rows, (row) => labels[row]) } }),
    }
    return fit(net, { train, epochs: 1 })
  }),
  program('layers of one output for targets at every step', ['output.per'], ({ output }) =>
    sequenceModel({
      input: { features: 1 },
      layers: [gru(3, { returnSequences: false })],
      output: { values: 1, per: 'step', ...(output as object | undefined) },
    }),
  ),
  program('a vocabulary of nothing', ['tokens', 'minimumCount'], (options) =>
    textClassifier({ minimumCount: 2, units: 2, embedding: 2, ...options }).fit(ROWS, {
      text: 'text',
      label: 'label',
      epochs: 1,
    }),
  ),
  {
    ...program('a text by a model of ids without a vocabulary', ['vocabulary'], ({ vocabulary = null }) => {
      const imported = { ...nextLetter(), vocabulary: vocabulary as string[] | null }
      return SequenceModel.fromImported(imported).generate({ prime: 'a', length: 2 }).text()
    }),
    values: { vocabulary: nextLetter().vocabulary },
  },
  program('tags that break their scheme', ['repair'], (options) =>
    tagger({ units: 2, embedding: 2, characters: false, ...options }).fit(
      [
        { tokens: ['Ada', 'sings'], tags: ['B-PER', 'O'] },
        { tokens: ['Ada', 'sings'], tags: ['I-PER', 'O'] },
      ],
      { epochs: 1, validation: 0 },
    ),
  ),
  program('a target longer than the limit', ['maximumLength'], (options) =>
    sequenceToSequence({ units: 2, embedding: 2, maximumLength: 3, ...options }).fit(
      [{ source: 'ab', target: 'babab' }],
      { epochs: 1, validation: 0 },
    ),
  ),
  program('vectors of another width', ['embedding'], (options) =>
    called(() => textClassifier({ units: 2, embedding: 3, vectors: { t1: [1, 2] }, ...options })),
  ),
  program('an end of freezing without frozen layers', ['frozen'], (options) =>
    textClassifier({ minimumCount: 1, units: 2, embedding: 2 }).fit(ROWS, {
      text: 'text',
      label: 'label',
      epochs: 2,
      frozenEpochs: 1,
      ...options,
    }),
  ),
  program('rows of another language for a trained model', ['extendVocabulary'], async (options) => {
    const model = textClassifier({ minimumCount: 1, units: 2, embedding: 2 })
    const columns = { text: 'text', label: 'label', epochs: 1 } as const
    await model.fit(ROWS, columns)
    return model.fit(
      ROWS.map(({ label }, i) => ({ text: `new${i} unseen${i}`, label })),
      { ...columns, ...options },
    )
  }),
]
