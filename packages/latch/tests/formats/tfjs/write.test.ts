/**
 * Latch → model.json and weights.bin → tf.loadLayersModel: the same numbers on sequences of every length. It pads
 * where Latch packs, so each sequence goes in alone. And the file comes back into Latch.
 */
import { existsSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { readTfjs, writeTfjs } from '../../../src/formats/tfjs/index.ts'
import type { ExportedFile } from '../../../src/formats/imported.ts'
import { PackedBatch } from '../../../src/tensors/packedBatch.ts'
import type { LayerOptions } from '../../../src/model/config.ts'
import { configuredNetwork } from '../../networks.ts'
import { UnsupportedError } from '../../../src/core/errors.ts'
import { filesOf } from '../conformance/files.ts'
import { bytesOf, exportCase, type ExportCase } from '../exportHelpers.ts'
import { relativeDifference } from '../../closeTo.ts'

const PEER = new URL('../../../../../bench/node_modules/@tensorflow/tfjs/dist/tf.node.js', import.meta.url)

const ids: LayerOptions = { type: 'embedding', vocabulary: 11, size: 3 }
const features: LayerOptions = { type: 'features', width: 3 }

const cases: Record<string, ExportCase> = Object.fromEntries(
  (
    [
      [
        'maskedBoth',
        [
          { ...ids, maskZero: true },
          { type: 'recurrent', cell: 'rnn', units: 4, direction: 'bidirectional', merge: 'sum' },
          { type: 'recurrent', cell: 'lstm', units: 3, direction: 'bidirectional', returnSequences: false },
          { type: 'dense', units: 2 },
        ],
      ],
      [
        'lstmBoth',
        [
          ids,
          { type: 'recurrent', cell: 'lstm', units: 5, direction: 'bidirectional', returnSequences: false },
          { type: 'dense', units: 2 },
        ],
        {
          outputActivation: 'softmax',
          labels: ['no', 'yes'],
          vocabulary: Array.from({ length: 11 }, (_, i) => `w${i}`),
          tokens: 'words',
          document: { format: 'latch', version: 1, task: 'x' } as const,
        },
      ],
      [
        'lstmLayers',
        [
          ids,
          { type: 'recurrent', cell: 'lstm', units: 4 },
          { type: 'dropout', rate: 0.5 },
          { type: 'recurrent', cell: 'lstm', units: 6 },
          { type: 'dense', units: 11 },
        ],
        { outputActivation: 'softmax' },
      ],
      [
        'rnnRelu',
        [
          features,
          { type: 'recurrent', cell: 'rnn', units: 4, activation: 'relu' },
          { type: 'recurrent', cell: 'rnn', units: 5, returnSequences: false },
          { type: 'dense', units: 1 },
        ],
        { outputActivation: 'sigmoid' },
      ],
      [
        'gruPooled',
        [
          { type: 'oneHot', vocabulary: 6 },
          { type: 'recurrent', cell: 'gru', units: 4, bias: false, reset: 'before' },
          { type: 'pool', pooling: 'mean' },
          { type: 'dense', units: 3, activation: 'tanh' },
          { type: 'dense', units: 2, bias: false },
        ],
        {},
      ],
      [
        'gruBefore',
        [
          features,
          {
            type: 'recurrent',
            cell: 'gru',
            units: 4,
            reset: 'before',
            gateActivation: 'hardSigmoid',
            activation: 'softsign',
          },
          { type: 'layerNorm' },
          { type: 'pool', pooling: 'max' },
          { type: 'dense', units: 2, activation: { type: 'leakyRelu', alpha: 0.2 } },
        ],
        {},
      ],
      [
        'reverseEvery',
        [
          features,
          { type: 'recurrent', cell: 'lstm', units: 4, direction: 'reverse' },
          { type: 'reverse' },
          { type: 'activation', activation: { type: 'thresholdedRelu', alpha: 0.3 } },
        ],
        {},
      ],
      [
        'reverseLast',
        [
          features,
          {
            type: 'recurrent',
            cell: 'gru',
            units: 4,
            direction: 'reverse',
            returnSequences: false,
            reset: 'before',
          },
          { type: 'activation', activation: 'softmax' },
        ],
        {},
      ],
      [
        'merged',
        [
          features,
          {
            type: 'recurrent',
            cell: 'gru',
            units: 4,
            direction: 'bidirectional',
            merge: 'sum',
            reset: 'before',
          },
          { type: 'recurrent', cell: 'lstm', units: 3, direction: 'bidirectional', merge: 'multiply' },
          {
            type: 'recurrent',
            cell: 'rnn',
            units: 4,
            direction: 'bidirectional',
            merge: 'average',
            returnSequences: false,
          },
        ],
        {},
      ],
      [
        'skip',
        [
          ids,
          { type: 'recurrent', cell: 'lstm', units: 4 },
          { type: 'recurrent', cell: 'rnn', units: 3 },
          { type: 'concat', inputs: ['embedding.0', 'recurrent.0', 'recurrent.1'] },
          { type: 'pool', pooling: 'max' },
          { type: 'dense', units: 2, activation: 'gelu' },
        ],
        { outputActivation: 'logSoftmax' },
      ],
      [
        'norms',
        [
          features,
          { type: 'layerNorm', centre: false, epsilon: 1e-3 },
          { type: 'recurrent', cell: 'rnn', units: 4 },
          { type: 'layerNorm', scale: false },
          { type: 'layerNorm', scale: false, centre: false },
          { type: 'pool', pooling: 'mean' },
        ],
        {},
      ],
      [
        'oneBias',
        [
          features,
          { type: 'recurrent', cell: 'lstm', units: 4, direction: 'bidirectional', bias: 'single' },
          { type: 'recurrent', cell: 'gru', reset: 'before', units: 4, bias: 'single' },
          { type: 'recurrent', cell: 'rnn', units: 3, bias: 'single', returnSequences: false },
        ],
        {},
      ],
      [
        'last',
        [
          features,
          { type: 'recurrent', cell: 'lstm', units: 4 },
          { type: 'pool', pooling: 'last' },
          { type: 'dense', units: 3, activation: 'mish' },
        ],
        {},
      ],
    ] as [string, LayerOptions[], Partial<ExportCase['source']>][]
  ).map(([name, layers, about]) => [name, exportCase(name, layers, about)]),
)
cases.flat = exportCase(
  'flat',
  [ids, { type: 'flatten', steps: 4 }, { type: 'dense', units: 3, activation: 'silu' }],
  {},
  [4, 4],
)
cases.shapes = exportCase(
  'shapes',
  [
    features,
    { type: 'recurrent', cell: 'lstm', units: 4 },
    { type: 'permute', steps: 5 },
    { type: 'reshape', steps: 2, width: 10 },
    { type: 'recurrent', cell: 'rnn', units: 6, returnSequences: false },
    { type: 'reshape', steps: 3, width: 2 },
    { type: 'recurrent', cell: 'rnn', units: 3, returnSequences: false },
  ],
  {},
  [5, 5],
)
cases.masked = exportCase('masked', [
  { ...ids, maskZero: true },
  { type: 'recurrent', cell: 'lstm', units: 4 },
  { type: 'recurrent', cell: 'rnn', units: 3, returnSequences: false },
])
cases.maskedMax = exportCase(
  'maskedMax',
  [
    { type: 'embedding', vocabulary: 3, size: 3, maskZero: true },
    { type: 'recurrent', cell: 'lstm', units: 4 },
    {
      type: 'recurrent',
      cell: 'gru',
      units: 4,
      reset: 'before',
      direction: 'reverse',
      returnSequences: true,
    },
    { type: 'reverse' },
    { type: 'pool', pooling: 'max' },
  ],
  {},
  [9, 6, 7, 5],
)
cases.masking = exportCase('masking', [
  features,
  { type: 'masking', value: 0 },
  { type: 'recurrent', cell: 'lstm', units: 4, returnSequences: false },
])

/** What of TensorFlow.js is called here. */
interface Tensor {
  data(): Promise<Float32Array>
  shape: number[]
}
interface Tf {
  setBackend(name: string): Promise<boolean>
  tensor(values: unknown, shape: undefined, dtype: 'int32' | 'float32'): Tensor
  loadLayersModel(handler: object): Promise<{ predict(x: Tensor): Tensor }>
  io: { http(address: string, options: object): object }
}

/** As a page does it: model.json by its address, then the shards that it names. */
async function load(tf: Tf, files: readonly ExportedFile[]) {
  const bytes = new Map(files.map(({ name, chunks }) => [name, bytesOf(chunks)]))
  const fetchFunc = async (address: string) => {
    const body = bytes.get(address.slice(address.lastIndexOf('/') + 1))!
    const type = address.endsWith('.json') ? 'application/json' : 'application/octet-stream'
    return new Response(body.slice(), { headers: { 'content-type': type } })
  }
  return tf.loadLayersModel(tf.io.http('http://localhost/model.json', { fetchFunc }))
}

function exponentials(outputActivation: string, row: number[]): number[] {
  if (outputActivation === 'linear') return row
  if (outputActivation === 'sigmoid') return row.map((x) => 1 / (1 + Math.exp(-x)))
  const sum = row.reduce((total, x) => total + Math.exp(x), 0)
  return row.map((x) => (outputActivation === 'softmax' ? Math.exp(x) / sum : x - Math.log(sum)))
}

/** A sequence's rows of the network's output, its output activation applied. */
function wantedOf({ source, output, lengths }: ExportCase, b: number): number[] {
  const { width, per } = source.network.output
  const T = Math.max(...lengths)
  const rows = per === 'step' ? Array.from({ length: lengths[b] }, (_, t) => b * T + t) : [b]
  return rows.flatMap((r) =>
    exponentials(source.outputActivation, [...output.subarray(r * width, (r + 1) * width)]),
  )
}

describe.skipIf(!existsSync(PEER))('TensorFlow.js runs what was exported', () => {
  it.each(Object.keys(cases))('%s', async (name) => {
    const tf = await peer()
    const one = cases[name]
    const model = await load(tf, await writeTfjs(one.source))
    for (const [b, length] of one.lengths.entries()) {
      const row = rowsOf(one, b).slice(0, length)
      const x = tf.tensor([row], undefined, typeof row[0] === 'number' ? 'int32' : 'float32')
      const got = await model.predict(x).data()
      expect(relativeDifference(got, wantedOf(one, b)), `sequence ${b}`).toBeLessThan(1e-5)
    }
  })

  it.each(['masked', 'maskedBoth'])('%s: padding with id 0 changes nothing', async (name) => {
    const tf = await peer()
    const one = cases[name]
    const model = await load(tf, await writeTfjs(one.source))
    const T = Math.max(...one.lengths)
    const known = one.lengths
      .map((_, b) => b)
      .filter((b) => !one.ids![b].slice(0, one.lengths[b]).includes(0))
    expect(known.length).toBeGreaterThan(1)
    const x = known.map((b) => Array.from({ length: T }, (_, t) => (t < one.lengths[b] ? one.ids![b][t] : 0)))
    const got = await model.predict(tf.tensor(x, undefined, 'int32')).data()
    expect(
      relativeDifference(
        got,
        known.flatMap((b) => wantedOf(one, b)),
      ),
    ).toBeLessThan(1e-5)
  })
})

let loaded: Promise<Tf> | null = null

function peer(): Promise<Tf> {
  return (loaded ??= (async () => {
    const module = (await import(PEER.href)) as { default?: Tf } & Tf
    const tf = module.default ?? module
    await tf.setBackend('cpu')
    return tf
  })())
}

/** Ids, or one-hot rows where the network reads those, or features. */
function rowsOf({ ids: x, features: f, source }: ExportCase, b: number): (number | number[])[] {
  if (f) return f[b]
  if (source.network.config.layers[0].type !== 'oneHot') return x![b]
  return x![b].map((id) => Array.from({ length: source.input.width }, (_, v) => Number(v === id)))
}

describe('an exported model read back', () => {
  it.each(Object.keys(cases))('%s computes the same', async (name) => {
    const one = cases[name]
    const files = Object.fromEntries((await writeTfjs(one.source)).map((f) => [f.name, bytesOf(f.chunks)]))
    const model = await readTfjs(filesOf(files))
    expect(model.input).toEqual({ ...one.source.input, steps: model.input.steps })
    const { outputActivation, labels, vocabulary, tokens, document } = model
    expect({ labels, vocabulary, tokens, document }).toEqual({
      labels: one.source.labels,
      vocabulary: one.source.vocabulary,
      tokens: one.source.tokens,
      document: one.source.document,
    })
    const network = configuredNetwork(model.network, { weights: ({ name: p }) => model.weights.get(p)! })
    // One bias a layer, as TensorFlow.js has it.
    const counted = one.source.network.parameters.filter((p) => !p.name.includes('bias_hh'))
    expect(network.parameterCount).toBe(counted.reduce((sum, { size }) => sum + size, 0))
    const { sequences, steps } = { sequences: one.lengths.length, steps: Math.max(...one.lengths) }
    const batch = one.ids
      ? PackedBatch.ofIds(one.ids.map((row, b) => row.slice(0, one.lengths[b])))
      : PackedBatch.ofFeatures(one.features!.flat(2), [sequences, steps, 3], one.lengths)
    network.forward(batch)
    const got = { ...one, source: { ...one.source, outputActivation }, output: network.readOutput(batch) }
    for (const b of one.lengths.keys())
      expect(relativeDifference(wantedOf(got, b), wantedOf(one, b))).toBeLessThan(1e-6)
  })
})

describe('what TensorFlow.js does not have is an error', () => {
  const gru: LayerOptions = { type: 'recurrent', cell: 'gru', units: 2 }
  const lstm: LayerOptions = { type: 'recurrent', cell: 'lstm', units: 2 }
  it.each([
    ['recurrent.0: expected a GRU with reset before, as in TensorFlow.js', [features, gru]],
    ['peepholes', [features, { ...lstm, peepholes: true }]],
    ['clip', [features, { ...lstm, clip: 3 }]],
    ['two', [features, { ...lstm, stateActivation: 'softsign' }]],
    ['elu (alpha 0.3', [features, lstm, { type: 'activation', activation: { type: 'elu', alpha: 0.3 } }]],
    ['scaledTanh', [features, { ...lstm, activation: { type: 'scaledTanh', alpha: 2, beta: 1 } }]],
    ['outputs in forward order', [features, { ...lstm, direction: 'reverse' }]],
    ['reverse', [features, { type: 'reverse' }, lstm]],
    ['attention', [features, lstm, { type: 'pool', pooling: 'attention' }]],
    ['a mean', [{ ...ids, maskZero: true }, lstm, { type: 'pool', pooling: 'mean' }]],
  ] as [string, LayerOptions[]][])('%s', async (words, layers) => {
    const { source } = exportCase('refused', layers)
    await expect(writeTfjs(source)).rejects.toThrow(UnsupportedError)
    await expect(writeTfjs(source)).rejects.toThrow(words)
  })
})
