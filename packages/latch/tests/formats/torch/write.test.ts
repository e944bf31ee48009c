/**
 * Latch → safetensors → PyTorch itself: the printed snippet runs unchanged, takes the file with strict
 * checking and gives the same numbers on ragged batches; and the file comes back into Latch as it was.
 */
import { internalsOf } from '../../../src/model/network.ts'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, it } from 'vitest'
import { readTorch, torchSnippet, writeTorch } from '../../../src/formats/torch/index.ts'
import { decodeModel } from '../../../src/formats/latch/modelFile.ts'
import type { LayerOptions } from '../../../src/model/config.ts'
import { UnsupportedError } from '../../../src/core/errors.ts'
import { filesOf } from '../conformance/files.ts'
import { bytesOf, exportCase, type ExportCase } from '../exportHelpers.ts'
import { relativeDifference } from '../../closeTo.ts'

const PYTHON = '/usr/bin/python3'
const torchRuns = spawnSync(PYTHON, ['-c', 'import torch']).status === 0

const ids: LayerOptions = { type: 'embedding', vocabulary: 11, size: 3 }
const features: LayerOptions = { type: 'features', width: 3 }

const cases: Record<string, ExportCase> = Object.fromEntries(
  (
    [
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
        'lstmProjected',
        [
          { type: 'embedding', vocabulary: 11, size: 3, paddingIdx: 2 },
          { type: 'projectedLstm', units: 5, projectionSize: 2, direction: 'bidirectional' },
          { type: 'projectedLstm', units: 4, projectionSize: 3, returnSequences: false, bias: false },
          { type: 'dense', units: 2, activation: { type: 'hardTanh', alpha: -0.5, beta: 2 } },
        ],
        { outputActivation: 'linear' },
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
          { type: 'recurrent', cell: 'gru', units: 4, bias: false },
          { type: 'pool', pooling: 'mean' },
          { type: 'dense', units: 3, activation: 'tanh' },
          { type: 'dense', units: 2, bias: false },
        ],
        {},
      ],
      [
        'gruReverse',
        [
          features,
          { type: 'recurrent', cell: 'gru', units: 4, direction: 'reverse' },
          { type: 'layerNorm' },
          { type: 'pool', pooling: 'max' },
          { type: 'dense', units: 2 },
        ],
        {},
      ],
      [
        'lstmReverseLast',
        [
          features,
          { type: 'reverse' },
          { type: 'recurrent', cell: 'lstm', units: 4, direction: 'reverse', returnSequences: false },
          { type: 'activation', activation: 'softsign' },
        ],
        {},
      ],
      [
        'merged',
        [
          features,
          { type: 'recurrent', cell: 'gru', units: 4, direction: 'bidirectional', merge: 'sum' },
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
        'oneBias',
        [
          features,
          { type: 'recurrent', cell: 'lstm', units: 4, direction: 'bidirectional', bias: 'single' },
          { type: 'recurrent', cell: 'gru', units: 4, direction: 'reverse', bias: 'single' },
          { type: 'recurrent', cell: 'rnn', units: 3, bias: 'single' },
          { type: 'dense', units: 2 },
        ],
        {},
      ],
      [
        'skip',
        [
          ids,
          { type: 'recurrent', cell: 'lstm', units: 4 },
          { type: 'recurrent', cell: 'gru', units: 3 },
          { type: 'concat', inputs: ['embedding.0', 'recurrent.0', 'recurrent.1'] },
          { type: 'pool', pooling: 'attention' },
          { type: 'dense', units: 2, activation: { type: 'leakyRelu', alpha: 0.2 } },
        ],
        {},
      ],
      [
        'half',
        [
          features,
          { type: 'layerNorm', centre: false, epsilon: 1e-3 },
          { type: 'recurrent', cell: 'rnn', units: 4 },
          { type: 'layerNorm', scale: false },
          { type: 'layerNorm', scale: false, centre: false },
          { type: 'pool', pooling: 'sum' },
        ],
        {},
      ],
      [
        'ends',
        [
          features,
          { type: 'recurrent', cell: 'rnn', units: 4, direction: 'bidirectional' },
          { type: 'concat', inputs: ['recurrent.0', 'features.0'] },
          { type: 'pool', pooling: 'last' },
        ],
        {},
      ],
      [
        'first',
        [
          features,
          { type: 'recurrent', cell: 'gru', units: 4, direction: 'bidirectional' },
          { type: 'pool', pooling: 'first' },
          { type: 'activation', activation: 'logSoftmax' },
        ],
        {},
      ],
      [
        'flat',
        [
          ids,
          { type: 'flatten', steps: 5 },
          { type: 'dense', units: 4, activation: 'relu' },
          { type: 'dense', units: 3, activation: { type: 'hardSigmoid', alpha: 0.2, beta: 0.5 } },
        ],
        {},
      ],
      [
        'windows',
        [
          features,
          { type: 'batchNorm', momentum: 0.2 },
          { type: 'conv1d', filters: 4, kernelSize: 3, padding: 'same' },
          { type: 'activation', activation: 'relu' },
          { type: 'averagePool1d', kernelSize: 3, stride: 1, padding: 1 },
          { type: 'recurrent', cell: 'gru', units: 3, returnSequences: false },
          { type: 'batchNorm', scale: false, epsilon: 0.01 },
          { type: 'dense', units: 2 },
        ],
        {},
      ],
      [
        'fewerSteps',
        [
          ids,
          { type: 'conv1d', filters: 4, kernelSize: 2, stride: 2, padding: [2, 1], bias: false },
          { type: 'batchNorm', scale: false, centre: false },
          { type: 'conv1d', filters: 6, kernelSize: 1, groups: 2 },
          { type: 'maxPool1d', kernelSize: 2, stride: 1, padding: [1, 0] },
          { type: 'averagePool1d', kernelSize: 2, stride: 1, padding: 1, countPadding: true },
          { type: 'recurrent', cell: 'lstm', units: 3 },
        ],
        {},
      ],
      ['flatFeatures', [features, { type: 'flatten', steps: 3 }, { type: 'dense', units: 4 }], {}],
      [
        'shapes',
        [
          features,
          { type: 'recurrent', cell: 'gru', units: 4 },
          { type: 'permute', steps: 5 },
          { type: 'recurrent', cell: 'rnn', units: 3 },
          { type: 'reshape', steps: 2, width: 6 },
          { type: 'pool', pooling: 'mean' },
        ],
        {},
        [5, 5, 5],
      ],
      [
        'rowReshaped',
        [
          ids,
          { type: 'recurrent', cell: 'lstm', units: 6, returnSequences: false },
          { type: 'reshape', steps: 3, width: 2 },
          { type: 'recurrent', cell: 'gru', units: 3, direction: 'bidirectional' },
          { type: 'pool', pooling: 'max' },
        ],
        {},
      ],
    ] as [string, LayerOptions[], Partial<ExportCase['source']>, number[]?][]
  ).map(([name, layers, about, lengths]) => [name, exportCase(name, layers, about, lengths)]),
)

describe.skipIf(!torchRuns)('PyTorch runs what was exported', () => {
  const folder = mkdtempSync(join(tmpdir(), 'latch-torch-'))
  afterAll(() => rmSync(folder, { recursive: true }))

  it.each(Object.keys(cases))('%s, strictly loaded, on ragged batches', async (name) => {
    const answers = await answersOf(folder)
    const { output, lengths, source } = cases[name]
    expect(relativeDifference(answers[name].output, output)).toBeLessThan(1e-5)
    const width = source.network.output.width
    const alone = source.network.output.per === 'step' ? lengths[0] * width : width
    expect(relativeDifference(answers[name].alone, output.subarray(0, alone))).toBeLessThan(1e-5)
    expect(answers[name].printed).toMatch(/^tensor\(/)
  })
})

type Answers = Record<string, { output: number[]; alone: number[]; printed: string }>
let running: Promise<Answers> | null = null

/** One Python for all of them. */
function answersOf(folder: string): Promise<Answers> {
  return (running ??= (async () => {
    for (const [name, { source, ids: x, features: f, lengths }] of Object.entries(cases)) {
      for (const file of await writeTorch(source))
        writeFileSync(join(folder, file.name), bytesOf(file.chunks))
      writeFileSync(join(folder, `${name}.py`), torchSnippet(source))
      writeFileSync(join(folder, `${name}.json`), JSON.stringify({ x: x ?? f, ids: x !== null, lengths }))
    }
    const script = fileURLToPath(new URL('../../python/runSnippets.py', import.meta.url))
    const { stdout, stderr } = spawnSync(PYTHON, [script, folder], { encoding: 'utf8' })
    if (!stdout) throw new Error(stderr)
    return JSON.parse(stdout) as Answers
  })())
}

describe('an exported state_dict read back', () => {
  it.each(Object.keys(cases))('%s is the same network, weights and words', async (name) => {
    const { source } = cases[name]
    const [file] = await writeTorch(source)
    const bytes = bytesOf(file.chunks)
    const model = await readTorch(filesOf({ [file.name]: bytes }), {})
    expect(model.network).toEqual(source.network.config)
    for (const parameter of source.network.parameters)
      expect(model.weights.get(parameter.name)).toEqual(internalsOf(source.network).store.read(parameter))
    expect(model.weights.size).toBe(source.network.parameters.length)
    const { outputActivation, labels, vocabulary, tokens, document, input } = model
    expect({ outputActivation, labels, vocabulary, tokens, document, input, name }).toEqual({
      ...source,
      network: undefined,
    })
    expect(() => decodeModel(bytes)).toThrow('a safetensors file without Latch')
  })
})

describe('what PyTorch’s modules do not have is an error', () => {
  const gru: LayerOptions = { type: 'recurrent', cell: 'gru', units: 2 }
  const lstm: LayerOptions = { type: 'recurrent', cell: 'lstm', units: 2 }
  it.each([
    ['reset before', [features, { ...gru, reset: 'before' }]],
    ['peepholes', [features, { ...lstm, peepholes: true }]],
    ['coupled', [features, { ...lstm, coupled: true }]],
    ['clip 3', [features, { ...lstm, clip: 3 }]],
    ['hardSigmoid', [features, { ...gru, gateActivation: 'hardSigmoid' }]],
    ['softsign', [features, { ...lstm, activation: 'softsign' }]],
    ['maskZero', [{ ...ids, maskZero: true }, gru]],
    ["padding 'same'", [features, { type: 'maxPool1d', kernelSize: 2, padding: 'same' }, gru]],
    ['masking', [features, { type: 'masking' }, gru]],
  ] as [string, LayerOptions[]][])('%s', async (word, layers) => {
    const { network } = exportCaseOf(layers)
    const source = { ...cases.half.source, network }
    await expect(writeTorch(source)).rejects.toThrow(UnsupportedError)
    await expect(writeTorch(source)).rejects.toThrow(word)
    expect(() => torchSnippet(source)).toThrow(word)
  })
})

/** Only the configuration is asked for before the refusal. */
function exportCaseOf(layers: LayerOptions[]): { network: ExportCase['source']['network'] } {
  return { network: { config: { layers } } as unknown as ExportCase['source']['network'] }
}
