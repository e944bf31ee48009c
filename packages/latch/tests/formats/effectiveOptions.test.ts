/** Every import option on files of every format: it changes the model, or it is an error that says why. */
import { unzipSync } from 'fflate'
import { describe, expect, it } from 'vitest'
import type { UsageError } from '../../src/core/errors.ts'
import { layerNames } from '../../src/layers/names.ts'
import type { LayerOptions } from '../../src/model/config.ts'
import { type ExportFormat, type ImportOptions, type ImportedModel } from '../../src/formats/imported.ts'
import { filesInMemory, readModel } from '../../src/formats/open.ts'
import { writeSafetensors } from '../../src/formats/safetensors/safetensors.ts'
import { EXPORT_FORMATS, writeModel } from '../../src/formats/write.ts'
import { modelFromImported, openModel } from '../../src/tasks/files/openModel.ts'
import { sequenceModel } from '../../src/tasks/sequenceModel/build.ts'
import { lstm } from '../../src/index.ts'
import { bytesOf, exportCase } from './exportHelpers.ts'

type Files = Map<string, Uint8Array>
type Name = 'config' | 'upTo' | 'prefix' | 'vocabulary' | 'tokens' | 'labels' | 'outputActivation'

const EMBEDDING: LayerOptions = { type: 'embedding', vocabulary: 3, size: 2 }
const FEATURES: LayerOptions = { type: 'features', width: 4 }
const LSTM: LayerOptions = { type: 'recurrent', cell: 'lstm', units: 3, returnSequences: false }
const DENSE: LayerOptions = { type: 'dense', units: 2 }

async function write(source: Parameters<typeof writeModel>[0], to: ExportFormat): Promise<Files> {
  return new Map((await writeModel(source, to)).map(({ name, chunks }) => [name, bytesOf(chunks)]))
}

const foreign = (to: ExportFormat, input: LayerOptions) =>
  write(exportCase('m', [input, LSTM, DENSE]).source, to)

const classifier = () =>
  sequenceModel({
    input: { vocabulary: ['a', 'b', 'c'], embedding: 2 },
    layers: [lstm(3)],
    output: { classes: ['no', 'yes', 'so'] },
  })

/** What PyTorch writes: names of its own and no metadata. */
function stateDict(input: LayerOptions): Promise<Files> {
  const layers = [input, LSTM, DENSE]
  const { network } = exportCase('m', layers).source
  const paths = new Map(layerNames(layers).map((name, i) => [name, ['emb', 'net.0', 'net.1'][i]]))
  const tensors = network.parameters.map(({ name, size, shape }) => {
    const layer = name.split('.', 2).join('.')
    const data = Float32Array.from({ length: size }, (_, i) => Math.sin(i))
    return { name: `${paths.get(layer)}.${name.slice(layer.length + 1)}`, dtype: 'F32' as const, shape, data }
  })
  return Promise.resolve(new Map([['m.safetensors', writeSafetensors(tensors)]]))
}

async function kerasWeights(): Promise<Files> {
  const [archive] = (await foreign('keras', EMBEDDING)).values()
  return new Map([['m.weights.h5', unzipSync(archive)['model.weights.h5']]])
}

function charRnn(): Promise<Files> {
  const shapes = {
    embedding: [3, 2],
    'cell_0/basic_lstm_cell/kernel': [4, 8],
    'cell_0/basic_lstm_cell/bias': [8],
    softmax_w: [2, 3],
    softmax_b: [3],
  }
  const entries = Object.entries(shapes)
  const manifest = Object.fromEntries(entries.map(([name, shape]) => [name, { filename: name, shape }]))
  const size = (shape: readonly number[]) => shape.reduce((a, b) => a * b, 1)
  const files = entries.map(([name, shape]) => [name, new Uint8Array(4 * size(shape))] as const)
  return Promise.resolve(
    new Map([['manifest.json', new TextEncoder().encode(JSON.stringify(manifest))], ...files]),
  )
}

interface Case {
  files: () => Promise<Files>
  /** The options that change the model. */
  works: readonly Name[]
  /** The name of a layer in the middle. */
  layer: string
  /** What the file needs to be read. */
  base?: ImportOptions
  config?: unknown
  /** Refusals of other places that say more. */
  elsewhere?: Readonly<Partial<Record<Name, { where: string; got: RegExp }>>>
}

const ids = ['vocabulary', 'labels', 'outputActivation'] as const
const CASES: Readonly<Record<string, Case>> = {
  latch: {
    files: () => Promise.resolve(new Map([['m.safetensors', classifier().toBytes()]])),
    works: [],
    layer: 'recurrent.0',
  },
  ...Object.fromEntries(
    EXPORT_FORMATS.map((to): [string, Case] => [
      `${to}, exported with its task`,
      {
        files: () => write(classifier().exportSource('m'), to),
        works: to === 'torch' ? ['upTo', 'config'] : ['upTo'],
        elsewhere: to === 'torch' ? { prefix: { where: 'm.safetensors, tensors', got: /none/ } } : undefined,
        layer: { onnx: 'recurrent.0/LSTM', torch: 'recurrent0', keras: 'lstm', tfjs: 'recurrent0' }[to],
        config: { pool: 'mean' },
      },
    ]),
  ),
  keras: { files: () => foreign('keras', EMBEDDING), works: [...ids, 'upTo'], layer: 'lstm' },
  'keras, features': {
    files: () => foreign('keras', FEATURES),
    works: ['labels', 'outputActivation', 'upTo'],
    layer: 'lstm',
  },
  'keras, weights alone': {
    files: kerasWeights,
    works: [...ids, 'upTo', 'config'],
    layer: 'lstm',
    base: { config: { layers: [EMBEDDING, LSTM, DENSE] } },
    config: { layers: [EMBEDDING, LSTM, { ...DENSE, activation: 'relu' }] },
  },
  tfjs: { files: () => foreign('tfjs', EMBEDDING), works: [...ids, 'upTo'], layer: 'recurrent0' },
  onnx: { files: () => foreign('onnx', EMBEDDING), works: [...ids, 'upTo'], layer: 'recurrent.0/LSTM' },
  'onnx, features': {
    files: () => foreign('onnx', FEATURES),
    works: ['labels', 'outputActivation', 'upTo'],
    layer: 'recurrent.0/LSTM',
  },
  torch: {
    files: () => stateDict(EMBEDDING),
    works: [...ids, 'upTo', 'config', 'prefix'],
    layer: 'net.0',
    config: { pool: 'mean' },
  },
  'torch, features': {
    files: () => stateDict(FEATURES),
    works: ['labels', 'outputActivation', 'upTo', 'config', 'prefix'],
    layer: 'net.0',
    config: { pool: 'mean' },
  },
  tensorflow1: {
    files: charRnn,
    works: ['vocabulary', 'labels'],
    layer: 'cell_0/basic_lstm_cell',
    elsewhere: { outputActivation: { where: 'output activation', got: /is softmax/ } },
  },
}

function values({
  layer,
  config = { layers: [EMBEDDING, LSTM, DENSE] },
}: Case): Required<Pick<ImportOptions, Name>> {
  return {
    config,
    upTo: layer,
    prefix: 'net.',
    vocabulary: ['x', 'y', 'z'],
    tokens: 'chars',
    labels: ['n', 'p'],
    outputActivation: layer.startsWith('cell_0') ? 'linear' : 'softmax',
  }
}

const facts = ({ layers, network, labels, vocabulary, tokens, outputActivation, document }: ImportedModel) =>
  JSON.stringify({
    layers,
    network,
    labels,
    vocabulary,
    tokens,
    outputActivation,
    document: document !== null,
  })

describe.each(Object.entries(CASES))('%s', (_, test) => {
  const names = Object.keys(values(test)) as Name[]
  const files = async () => {
    const all = await test.files()
    const [[name, bytes]] = all
    return { name, bytes, files: all }
  }
  const read = async (options: ImportOptions) => {
    const { name, bytes, files: all } = await files()
    return readModel(filesInMemory(name, bytes, all), { ...test.base, ...options })
  }

  it.each(names.filter((name) => test.works.includes(name)))('%s changes the model', async (name) => {
    const option = { [name]: values(test)[name] }
    expect(facts(await read(option))).not.toBe(facts(await read({})))
  })

  it.each(names.filter((name) => !(test.works.includes(name) || (test.base && name in test.base))))(
    '%s is refused, with the reason',
    async (name) => {
      const { name: file, bytes, files: all } = await files()
      const option = { ...test.base, [name]: values(test)[name] }
      for (const opened of [
        readModel(filesInMemory(file, bytes, all), option),
        openModel({ name: file, bytes, files: all }, option),
      ]) {
        const error = (await opened.catch((reason: unknown) => reason)) as UsageError
        const { where, got } = test.elsewhere?.[name] ?? {
          where: `import option ${name}`,
          got: /: .*(file|inputs|layers|tensors|vocabulary)/,
        }
        expect(error.where).toBe(where)
        expect(error.got).toMatch(got)
      }
    },
  )

  it.runIf(test.works.includes('upTo'))('with `upTo`, opens as the layers up to it', async () => {
    const imported = await read({ upTo: test.layer })
    expect([imported.network.layers.at(-1)!.type, imported.labels, imported.document]).toEqual([
      'recurrent',
      null,
      null,
    ])
    expect(modelFromImported(imported, 'm').summary().parameters).toBeGreaterThan(0)
  })
})

it('fields of the configuration without effect on a state_dict are refused', async () => {
  const [[name, bytes]] = await stateDict(EMBEDDING)
  const open = (config: object) => readModel(filesInMemory(name, bytes, new Map()), { config })
  await expect(open({ activation: 'relu' })).rejects.toThrow('import option config.activation')
  await expect(open({ oneHot: true })).rejects.toThrow('import option config.oneHot')
  await expect(open({ reset: 'after' })).rejects.toThrow('there is no nn.GRU')
})

it('tokens and a vocabulary work together', async () => {
  const [[name, bytes]] = await stateDict(EMBEDDING)
  const options = { tokens: 'chars', vocabulary: ['aa', 'b', 'c'] } as const
  const { tokens } = await readModel(filesInMemory(name, bytes, new Map()), options)
  expect(tokens).toBe('chars')
})
