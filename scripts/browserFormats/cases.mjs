/** Model files for the page: real ones, where they lie beside the clone, and Latch's own exports. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { filesOf } from './work.mjs'

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..')
const shared = join(root, '..', 'shared', 'conformance')

/** Groups of real files; a clone alone has none of them. */
const GROUPS = { models: realModels, 'onnx/pytorch_export': pytorchExports, 'torch/layers': torchLayers }

/** `{ name, format, files: name → bytes (the model first), options }` of all that are here, and names of groups that are not. */
export async function allCases(latch, formats) {
  const groups = Object.entries(GROUPS)
  const missing = groups.filter(([folder]) => !existsSync(join(shared, folder)))
  const real = groups.filter((group) => !missing.includes(group)).flatMap(([folder, make]) => make(folder))
  return {
    cases: [...(await ownExports(latch, formats)), ...goldenExports(), ...real],
    missing: missing.map(([folder]) => folder),
  }
}

function taken(folder, [first, ...others]) {
  const read = (name) => [basename(name), new Uint8Array(readFileSync(join(shared, folder, name)))]
  return new Map([first, ...others].map(read))
}

function realModels(folder) {
  const charRnn = readdirSync(join(shared, folder, 'ml5_charrnn_shakespeare')).filter(
    (name) => !/golden|LICENSE|^manifest/.test(name),
  )
  const make = (format, names, options = {}) => ({
    name: names[0],
    format,
    files: taken(folder, names),
    options,
  })
  const tfjs = ['model.json', 'group1-shard1of1', 'group2-shard1of1']
  return [
    make('keras', ['keras210_qoe/model_gru.h5']),
    make('keras', ['keras210_qoe/lstm_basic.h5'], { upTo: 'lstm_1' }),
    make('keras', ['textgenrnn/textgenrnn_weights.hdf5'], { config: textgenrnn() }),
    make(
      'tfjs',
      tfjs.map((name) => `tfjs_lstm_text_generation/${name}`),
    ),
    make(
      'tensorflow1',
      ['manifest.json', ...charRnn].map((name) => `ml5_charrnn_shakespeare/${name}`),
    ),
    make('torch', ['silero_vad/silero_vad_16k.safetensors'], { prefix: 'lstm_cell.' }),
  ]
}

/** What builds textgenrnn's network; its file has weights only. */
function textgenrnn() {
  return JSON.parse(
    readFileSync(join(root, 'packages/latch/tests/golden/formats/textgenrnn.config.json'), 'utf8'),
  )
}

function pytorchExports(folder) {
  return readdirSync(join(shared, folder)).map((name) => ({
    name: `${name}/model.onnx`,
    format: 'onnx',
    files: taken(folder, [`${name}/model.onnx`]),
    options: {},
  }))
}

function torchLayers(folder) {
  const names = readdirSync(join(shared, folder)).filter((name) => name.endsWith('.safetensors'))
  return names.map((name) => ({
    name,
    format: 'torch',
    files: taken(folder, [name]),
    options: name.startsWith('rnn_relu') ? { config: { activation: 'relu' } } : {},
  }))
}

/** What PyTorch exported for the tests: files of a stranger that every clone has. */
function goldenExports() {
  const names = ['attention', 'bigru_packed_steps', 'characters', 'gru_mean_sigmoid', 'lstm_packed']
  return names.map((name) => {
    const bytes = new Uint8Array(
      readFileSync(join(root, 'packages', 'latch', 'tests', 'golden', 'onnx', `${name}.onnx`)),
    )
    return { name: `golden ${name}`, format: 'onnx', files: new Map([[`${name}.onnx`, bytes]]), options: {} }
  })
}

/** A small classifier of texts and a model of features, in every format that Latch writes and in its own. */
async function ownExports(latch, formats) {
  const layer = { type: 'recurrent', cell: 'lstm', units: 6, direction: 'bidirectional' }
  const features = formats.openModelFile(modelOf(latch, formats, 'features', [layer], 'linear'))
  return [
    ...(await inEveryFormat(formats, await classifier(latch), 'own classifier')),
    ...(await inEveryFormat(formats, features, 'own features')),
  ]
}

async function classifier({ textClassifier }) {
  const model = textClassifier({ cell: 'lstm', units: 8, embedding: 8, minimumCount: 1, reproducible: true })
  const texts = ['you are good', 'you are bad', 'this is a kind day', 'this is a dull song']
  const rows = texts.map((text, i) => ({ text, label: i % 2 ? 'bad' : 'good' }))
  await model.fit(rows, { text: 'text', label: 'label', epochs: 3, batchSize: 2, validation: 0, seed: 1 })
  return model
}

async function inEveryFormat(formats, model, name) {
  const own = { name, format: 'latch', files: new Map([['own.safetensors', model.toBytes()]]), options: {} }
  const cases = [own]
  for (const to of formats.EXPORT_FORMATS) {
    const files = await filesOf(await model.exportTo(formats.exporters[to], 'own'))
    cases.push({ name: `${name} in ${to}`, format: to, files, options: {} })
  }
  return cases
}

const CELLS = {
  lstm: { cell: 'lstm' },
  gru: { cell: 'gru' },
  'gru, reset before': { cell: 'gru', reset: 'before' },
  rnn: { cell: 'rnn' },
  'rnn, relu': { cell: 'rnn', activation: 'relu' },
}
const POOLS = ['last', 'first', 'max', 'mean', 'sum', 'attention']

/** Every cell in every direction, with every way to answer, as Latch's own files: groups of name → bytes. */
export function peerCases(latch, formats) {
  const groups = []
  for (const [cell, form] of Object.entries(CELLS)) {
    for (const direction of ['forward', 'reverse', 'bidirectional']) {
      const layer = { type: 'recurrent', units: 5, direction, ...form }
      const heads = {
        every: [layer],
        last: [{ ...layer, returnSequences: false }],
        'two layers': [layer, { ...layer, units: 4, returnSequences: false }],
        ...Object.fromEntries(
          POOLS.map((over) => [`pool ${over}`, [layer, { type: 'pool', pooling: over }]]),
        ),
      }
      const files = new Map()
      for (const [head, layers] of Object.entries(heads)) {
        for (const kind of ['ids', 'features']) {
          const name = `${cell}, ${direction}, ${head}, ${kind}`
          const outputActivation = kind === 'ids' ? 'softmax' : 'linear'
          files.set(name, modelOf(latch, formats, kind, layers, outputActivation))
        }
      }
      groups.push({ name: `${cell}, ${direction}`, files })
    }
  }
  return groups
}

function modelOf({ networkFromConfig, allLayers }, { SequenceModel }, kind, inner, outputActivation) {
  const first =
    kind === 'ids' ? { type: 'embedding', vocabulary: 7, size: 3 } : { type: 'features', width: 3 }
  const config = { layers: [first, ...inner, { type: 'dense', units: 4 }] }
  const shapes = networkFromConfig(config, allLayers, { seed: 5 })
  const weights = new Map()
  // Biases too: initial ones are zeros, which would hide their order.
  for (const [place, parameter] of shapes.parameters.entries()) {
    weights.set(
      parameter.name,
      Float32Array.from({ length: parameter.size }, (_, i) => Math.sin(1 + place * 31 + i * 7) * 0.6),
    )
  }
  shapes.dispose()
  const facts = {
    format: 'torch',
    producer: null,
    layers: [],
    warnings: [],
    omitted: [],
    stateful: false,
    document: null,
  }
  const input = { kind, width: kind === 'ids' ? 7 : 3, steps: null }
  const model = SequenceModel.fromImported({
    ...facts,
    network: config,
    weights,
    outputActivation,
    input,
    labels: null,
    vocabulary: null,
    tokens: null,
  })
  const bytes = model.toBytes()
  model.dispose()
  return bytes
}
