/** One file, or call, for each option that an error about model files can offer. */
import { unzipSync } from 'fflate'
import { readFileSync } from 'node:fs'
import type { Fix } from '../../src/core/errors.ts'
import type { ExportFormat, ImportOptions } from '../../src/formats/imported.ts'
import { writeSafetensors, type NamedTensor } from '../../src/formats/safetensors/safetensors.ts'
import type { LayerOptions } from '../../src/model/config.ts'
import { openModel } from '../../src/tasks/files/openModel.ts'
import type { SequenceModel } from '../../src/tasks/sequenceModel/sequenceModel.ts'
import { writeModel } from '../../src/formats/write.ts'
import { bytesOf, exportCase } from '../formats/exportHelpers.ts'

/** A call that fails, and the same call with options. */
export interface FixCase {
  name: string
  /** The options that are offered, in order. */
  offers: readonly string[]
  /** The command that fails, where the command line can reach it. */
  command: 'import' | 'export' | 'predict' | 'train' | 'info'
  /** Calls with nothing, or with what a fix says. */
  run(options: Record<string, unknown>): Promise<unknown>
  /** For fixes that leave the value open. */
  values?: Readonly<Record<string, unknown>>
}

export const FEATURES: LayerOptions = { type: 'features', width: 3 }
export const GRU: LayerOptions = {
  type: 'recurrent',
  cell: 'gru',
  units: 3,
  returnSequences: false,
  reset: 'before',
}
export const DENSE: LayerOptions = { type: 'dense', units: 2 }
const GRU_ONE: LayerOptions = { ...GRU, units: 1 }
const GRU_AFTER: LayerOptions = { ...GRU, reset: 'after' }

export type Files = Map<string, Uint8Array>

export async function exported(layers: readonly LayerOptions[], to: ExportFormat): Promise<Files> {
  const { source } = exportCase('m', layers)
  return new Map((await writeModel(source, to)).map(({ name, chunks }) => [name, bytesOf(chunks)]))
}

/** The first file is the model. */
export function open(files: Files, options: Record<string, unknown>): Promise<unknown> {
  const [[name, bytes], ...others] = files
  return openModel({ name, bytes, files: new Map(others) }, options as ImportOptions)
}

/** A TensorFlow.js model with its JSON changed. */
export async function changedTfjs(
  change: (json: string) => string,
  layers: readonly LayerOptions[] = [FEATURES, GRU, DENSE],
): Promise<Files> {
  const files = await exported(layers, 'tfjs')
  const json = new TextDecoder().decode(files.get('model.json'))
  const changed = change(json)
  if (changed === json) throw new Error('nothing was changed')
  // Without the model that the file carries along.
  const model = { ...(JSON.parse(changed) as object), userDefinedMetadata: undefined }
  return files.set('model.json', new TextEncoder().encode(JSON.stringify(model)))
}

export function stateDict(shapes: Readonly<Record<string, readonly number[]>>, first?: number): Files {
  const tensors = Object.entries(shapes).map(([name, shape], i): NamedTensor => {
    const size = shape.reduce((a, b) => a * b, 1)
    const data = Float32Array.from({ length: size }, (_, k) => Math.sin(k + i))
    if (first !== undefined && i === 0) data[0] = first
    return { name, shape, dtype: 'F32', data }
  })
  return new Map([['m.safetensors', writeSafetensors(tensors)]])
}

export const cell = (path: string, input: number, rows: number, H: number) => ({
  [`${path}.weight_ih_l0`]: [rows, input],
  [`${path}.weight_hh_l0`]: [rows, H],
})

const torch = (
  name: string,
  offers: string[],
  shapes: Record<string, number[]>,
  more: Partial<FixCase> = {},
) => {
  const run = (options: Record<string, unknown>) => open(stateDict(shapes), options)
  return { name, offers, command: 'import' as const, run, ...more }
}

/** A name of the options that no file fulfils, until the fix replaces it. */
const wrong = (
  name: string,
  offers: string[],
  files: () => Promise<Files>,
  given: ImportOptions,
  right: unknown,
) => ({
  name,
  offers,
  command: 'import' as const,
  run: async (options: Record<string, unknown>) => open(await files(), { ...given, ...options }),
  values: { [offers[0]]: right },
})

const writing = (
  name: string,
  to: ExportFormat,
  offers: string[],
  layers: readonly LayerOptions[],
): FixCase => ({
  name,
  offers,
  command: 'export',
  run: async (options) => exported(layers, (options.to ?? to) as ExportFormat),
})

export const idsModel = () =>
  changedTfjs(
    (json) => json.replace('"Latch"', '"other"'),
    [{ type: 'embedding', vocabulary: 3, size: 2 }, GRU, DENSE],
  )

/** A functional model of TensorFlow.js: an LSTM and a dense layer called with `call`, with these outputs. */
async function functional(
  outputs: readonly (readonly [string, number, number])[],
  call: (own: (name: string) => string) => unknown[] = (own) => [[own('lstm'), 0, 0, {}]],
): Promise<Files> {
  const lstm: LayerOptions = { type: 'recurrent', cell: 'lstm', units: 3, returnSequences: false }
  return changedTfjs(
    (json) => {
      const root = JSON.parse(json) as { modelTopology: { model_config: KerasConfig } }
      const { model_config: model } = root.modelTopology
      const names = ['features', 'lstm', 'dense']
      const own = (name: string) => model.config.layers[names.indexOf(name)].config.name
      const calls = [[], [[[own('features'), 0, 0, {}]]], [call(own)]]
      const layers = model.config.layers.map((layer, i) => ({
        ...layer,
        inbound_nodes: calls[i],
        name: layer.config.name,
      }))
      const output_layers = outputs.map(([name, ...at]) => [own(name), ...at])
      const config = { name: 'm', layers, input_layers: [[own('features'), 0, 0]], output_layers }
      root.modelTopology.model_config = { class_name: 'Functional', config }
      return JSON.stringify(root)
    },
    [FEATURES, lstm, DENSE],
  )
}

interface KerasConfig {
  class_name: string
  config: {
    layers: { config: { name: string } }[]
    name: string
    input_layers?: unknown
    output_layers?: unknown
  }
}

/** The first dense layer as an embedding. */
const embeddingAbove = (json: string) =>
  json.replace(
    '"class_name":"Dense","config":{',
    '"class_name":"Embedding","config":{"input_dim":3,"output_dim":2,',
  )

const middle = async (): Promise<Files> => {
  const path = new URL('../golden/unopened/middle.onnx', import.meta.url)
  return new Map([['middle.onnx', new Uint8Array(readFileSync(path))]])
}

/** Opens an export with another class, and the beginning of its options, in place of one. */
export const withClass =
  (one: string, other: string, layers: readonly LayerOptions[]): FixCase['run'] =>
  async (options) => {
    const change = (json: string) =>
      json.replace(`"class_name":"${one}","config":{`, `"class_name":"${other}`)
    return open(await changedTfjs(change, layers), options)
  }

export const FIX_CASES: readonly FixCase[] = [
  {
    name: 'a layer of an unknown class',
    offers: ['upTo'],
    command: 'import',
    run: async (options) =>
      open(
        await changedTfjs((json) => json.replace('"class_name":"Dense"', '"class_name":"Capsule"')),
        options,
      ),
  },
  {
    name: 'a repetition at other steps than those of the input',
    offers: ['upTo'],
    command: 'import',
    run: withClass('Dense', 'RepeatVector","config":{"n":4,', [FEATURES, GRU, DENSE]),
  },
  {
    name: 'windows over one row a sequence',
    offers: ['upTo'],
    command: 'import',
    run: withClass('Dense', 'MaxPooling1D","config":{', [FEATURES, GRU, DENSE]),
  },
  {
    name: 'steps of any number and features in other places',
    offers: ['upTo'],
    command: 'import',
    run: withClass('Dropout', 'Permute","config":{"dims":[2,1],', [
      FEATURES,
      { ...GRU, returnSequences: true },
      { type: 'dropout', rate: 0.5 },
      DENSE,
    ]),
  },
  {
    name: 'an embedding above another layer',
    offers: ['upTo'],
    command: 'import',
    run: async (options) => open(await changedTfjs(embeddingAbove, [FEATURES, GRU, DENSE, DENSE]), options),
  },
  {
    name: 'a network with two outputs',
    offers: ['upTo', 'upTo'],
    command: 'import',
    run: async (options) =>
      open(
        await functional([
          ['lstm', 0, 0],
          ['dense', 0, 0],
        ]),
        options,
      ),
  },
  {
    name: 'a layer of two inputs',
    offers: ['upTo'],
    command: 'import',
    run: async (options) => {
      const inputs = (own: (name: string) => string) => [
        [own('lstm'), 0, 0, {}],
        [own('features'), 0, 0, {}],
      ]
      return open(await functional([['dense', 0, 0]], inputs), options)
    },
  },
  {
    name: 'a mask of no layer that masks',
    offers: ['upTo'],
    command: 'import',
    run: async (options) => {
      const masked = (own: (name: string) => string) => [[own('lstm'), 0, 0, { mask: [own('lstm'), 0, 0] }]]
      return open(await functional([['dense', 0, 0]], masked), options)
    },
  },
  {
    name: 'an output that is a final state',
    offers: ['upTo'],
    command: 'import',
    run: async (options) => open(await functional([['lstm', 0, 2]]), options),
  },
  wrong(
    'a layer that is not there (Keras)',
    ['upTo'],
    () => exported([FEATURES, GRU, DENSE], 'tfjs'),
    { upTo: 'nowhere' },
    'recurrent0',
  ),
  wrong('a layer that is not there (ONNX)', ['upTo'], middle, { upTo: 'nowhere' }, '/rnn/Transpose_1'),
  wrong(
    'a module that is not there',
    ['upTo'],
    async () => stateDict({ ...cell('rnn', 3, 12, 3), 'fc.weight': [2, 3], 'fc.bias': [2] }),
    { upTo: 'nowhere' },
    'rnn',
  ),
  wrong(
    'a layer that is not there (PyTorch, of Latch)',
    ['upTo'],
    () => exported([FEATURES, GRU_AFTER, DENSE], 'torch'),
    { upTo: 'nowhere' },
    'recurrent.0',
  ),
  {
    name: 'an ONNX graph that is not a chain',
    offers: ['upTo'],
    command: 'import',
    run: async (options) => open(await middle(), options),
  },
  {
    name: 'weights without a configuration',
    offers: ['config'],
    command: 'import',
    run: async (options) => {
      const [[, archive]] = await exported([FEATURES, GRU, DENSE], 'keras')
      return open(new Map([['m.weights.h5', unzipSync(archive)['model.weights.h5']]]), options)
    },
    values: { config: { layers: [FEATURES, GRU, DENSE] } },
  },
  {
    name: 'a configuration without weights',
    offers: ['config'],
    command: 'import',
    run: async ({ config }) => {
      const [[, archive]] = await exported([FEATURES, GRU, DENSE], 'keras')
      const members = unzipSync(archive)
      if (config === undefined) return open(new Map([['m.json', members['config.json']]]), {})
      const given = JSON.parse(new TextDecoder().decode(members['config.json'])) as Record<string, unknown>
      return open(new Map([['m.weights.h5', members['model.weights.h5']]]), { config: given })
    },
    values: { config: 'this file' },
  },
  {
    name: 'weights that are not finite',
    offers: ['allowNonFinite'],
    command: 'info',
    run: async (options) => open(stateDict(cell('rnn', 3, 12, 3), NaN), options),
  },
  torch('tensors of no module', ['prefix', 'prefix', 'config.order'], {
    ...cell('left', 3, 8, 2),
    ...cell('right', 2, 8, 2),
    'conv.weight': [2, 3, 5],
  }),
  torch('a learned initial state', ['config.order'], {
    ...cell('rnn', 3, 12, 4),
    'fc.weight': [2, 4],
    'fc.bias': [2],
    h0: [1, 1, 4],
  }),
  torch('modules in more than one order', ['config.order', 'prefix', 'prefix'], {
    ...cell('a', 3, 12, 3),
    ...cell('b', 3, 12, 3),
  }),
  torch(
    'modules in no order',
    ['config.order', 'prefix', 'prefix'],
    { ...cell('a', 3, 12, 3), ...cell('b', 5, 12, 4) },
    { values: { 'config.order': ['a'] } },
  ),
  wrong(
    'a prefix of no tensor',
    ['prefix'],
    async () => stateDict(cell('rnn', 3, 12, 3)),
    { prefix: 'none.' },
    'rnn.',
  ),
  {
    name: 'a part that was not given',
    offers: ['files'],
    command: 'import',
    run: async (options) => {
      const files = await exported([FEATURES, GRU, DENSE], 'tfjs')
      const given: Files = options.files === 'all' ? files : new Map()
      return open(new Map([['model.json', files.get('model.json')!], ...given]), {})
    },
    values: { files: 'all' },
  },
  {
    name: 'an output activation that contradicts the file',
    offers: ['outputActivation'],
    command: 'import',
    run: async (options) => {
      const softmax: LayerOptions = { type: 'activation', activation: 'softmax' }
      const files = await changedTfjs(
        (json) => json.replace('"Latch"', '"other"'),
        [FEATURES, GRU, DENSE, softmax],
      )
      return open(files, { outputActivation: 'sigmoid', ...options })
    },
  },
  {
    name: 'two labels of one number',
    offers: ['outputActivation'],
    command: 'import',
    run: async (options) => {
      const layers: LayerOptions[] = [FEATURES, GRU_ONE]
      return open(await changedTfjs((json) => json.replace('"Latch"', '"other"'), layers), {
        labels: ['no', 'yes'],
        ...options,
      })
    },
  },
  {
    name: 'a text for a model without a vocabulary',
    offers: ['vocabulary'],
    command: 'predict',
    run: async (options) => {
      const layers: LayerOptions[] = [{ type: 'embedding', vocabulary: 3, size: 2 }, GRU, DENSE]
      const files = await changedTfjs((json) => json.replace('"Latch"', '"other"'), layers)
      const model = (await open(files, options)) as SequenceModel
      return model.predict('a')
    },
    values: { vocabulary: ['a', 'b', 'c'] },
  },
  {
    name: 'padding for a model without a vocabulary',
    offers: ['vocabulary'],
    command: 'import',
    run: async (options) => open(await idsModel(), { maxLength: 4, padding: 'post', ...options }),
    values: { vocabulary: ['a', 'b', 'c'] },
  },
  {
    name: 'a kind of tokens for a model without a vocabulary',
    offers: ['vocabulary'],
    command: 'import',
    run: async (options) => open(await idsModel(), { tokens: 'chars', ...options }),
    values: { vocabulary: ['a', 'b', 'c'] },
  },
  {
    name: 'a side of the padding without a length',
    offers: ['maxLength'],
    command: 'import',
    run: async (options) =>
      open(await idsModel(), { vocabulary: ['<pad>', 'b', 'c'], padding: 'post', ...options }),
    values: { maxLength: 4 },
  },
  {
    name: 'another kind of tokens than the vocabulary’s',
    offers: ['tokens'],
    command: 'import',
    run: async (options) => {
      const config = { char_level: false, word_index: '{"a": 1, "b": 2}' }
      const vocabulary = { class_name: 'Tokenizer', config }
      return open(await idsModel(), { vocabulary, tokens: 'chars', ...options })
    },
  },
  writing(
    'a projection for Keras',
    'keras',
    ['to'],
    [FEATURES, { type: 'projectedLstm', units: 3, projectionSize: 2 }],
  ),
  writing(
    'a projection for TensorFlow.js',
    'tfjs',
    ['to'],
    [FEATURES, { type: 'projectedLstm', units: 3, projectionSize: 2 }],
  ),
  writing(
    'a projection for ONNX',
    'onnx',
    ['to'],
    [FEATURES, { type: 'projectedLstm', units: 3, projectionSize: 2 }],
  ),
  writing(
    'a one-hot table that is too large for Keras',
    'keras',
    ['to'],
    [
      { type: 'oneHot', vocabulary: 6000 },
      { type: 'recurrent', cell: 'gru', units: 1, reset: 'before', returnSequences: false },
    ],
  ),
  writing(
    'peepholes for Keras',
    'keras',
    ['to'],
    [FEATURES, { type: 'recurrent', cell: 'lstm', units: 2, peepholes: true }],
  ),
  writing(
    'an activation with numbers of its own for Keras',
    'keras',
    ['to'],
    [
      FEATURES,
      { type: 'dense', units: 2 },
      { type: 'activation', activation: { type: 'hardSigmoid', alpha: 0.3 } },
    ],
  ),
  writing(
    'a GRU that resets after its product for TensorFlow.js',
    'tfjs',
    ['to'],
    [FEATURES, { type: 'recurrent', cell: 'gru', units: 2, reset: 'after' }],
  ),
  writing(
    'masks for PyTorch',
    'torch',
    ['to'],
    [{ type: 'embedding', vocabulary: 3, size: 2, maskZero: true }, GRU],
  ),
  writing(
    'a cell’s activation for ONNX',
    'onnx',
    ['to'],
    [FEATURES, { type: 'recurrent', cell: 'rnn', units: 2, activation: 'gelu' }],
  ),
]

/** What a fix says, as options of the call. */
export function optionsOf({ option, value }: Fix, values: Readonly<Record<string, unknown>> = {}) {
  const [name, ...path] = option.split('.')
  const chosen = value ?? values[option]
  return { [name]: path.reduceRight<unknown>((inner, field) => ({ [field]: inner }), chosen) }
}
