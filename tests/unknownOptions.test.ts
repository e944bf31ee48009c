/** Every public function with options refuses a name that it does not know, and says which one was meant. */
import { readdirSync, readFileSync } from 'node:fs'
import * as latch from 'latch'
import * as datasets from 'latch/datasets'
import * as formats from 'latch/formats'
import * as inspection from 'latch/inspection'
import * as tables from 'latch/tables'
import * as training from 'latch/training'
import { describe, expect, test } from 'vitest'

const { dense, embedding, features, gru, lstm, rnn } = latch
const net = latch.network([features(1), gru(2, { returnSequences: false }), dense(1)], {
  loss: { type: 'meanSquaredError' },
})
const data = training.arrayDataset({ features: [[[1], [2]], [[3]]], targets: { values: [1, 2] } })
const batch = data.batch(Int32Array.of(0))
const trace = inspection.traceSequence(net, batch.batch, batch.targets)
const rows = [
  { text: 'a', label: 'x' },
  { text: 'b', label: 'y' },
]
const sequence = latch.sequenceModel({ input: { features: 1 }, layers: [gru(2)], output: { values: 1 } })
const language = latch.languageModel({ units: 2, embedding: 2 })
await language.fit('a b a b a b', { epochs: 1, batchSize: 1, validation: 0 })
const pairs = latch.sequenceToSequence({ units: 2, embedding: 2 })
await pairs.fit([{ source: 'a', target: 'b' }], { epochs: 1, validation: 0 })
const file = { name: 'model.safetensors', bytes: sequence.toBytes() }
const files = formats.filesInMemory(file.name, file.bytes, new Map())
const classifier = () => latch.textClassifier({ labels: ['x', 'y'] })
const inNetwork = (layer: latch.LayerSpec, input: latch.LayerSpec = features(2)) =>
  latch.network(layer.definition.isInput ? [layer] : [input, layer])

/** What is passed, the name that is wrong, and the one that was meant. */
type Case = readonly [name: string, wrong: string, meant: string, call: (wrong: never) => unknown]

const CASES: readonly Case[] = [
  ['describeEngine', 'thread', 'threads', (wrong) => latch.describeEngine(wrong)],
  ['network', 'sed', 'seed', (wrong) => latch.network([features(1), dense(1)], wrong)],
  [
    'networkFromConfig',
    'seeds',
    'seed',
    (wrong) => latch.networkFromConfig(net.config, latch.allLayers, wrong),
  ],
  ['textClassifier', 'unit', 'units', (wrong) => latch.textClassifier(wrong)],
  ['sequenceModel', 'outputs', 'output', (wrong) => latch.sequenceModel(wrong)],
  ['languageModel', 'unit', 'units', (wrong) => latch.languageModel(wrong)],
  ['sequenceToSequence', 'unit', 'units', (wrong) => latch.sequenceToSequence(wrong)],
  [
    'sequenceToSequence.scheduledSampling',
    'kk',
    'k',
    (wrong) =>
      latch.sequenceToSequence({ scheduledSampling: { type: 'exponential', ...(wrong as object) } as never }),
  ],
  ['SequenceToSequence.fit', 'lr', 'learningRate', (wrong) => latch.sequenceToSequence().fit([], wrong)],
  ['multiLabelClassifier', 'unit', 'units', (wrong) => latch.multiLabelClassifier(wrong)],
  ['MultiLabelClassifier.fit', 'lr', 'learningRate', (wrong) => latch.multiLabelClassifier().fit([], wrong)],
  ['textRegressor', 'unit', 'units', (wrong) => latch.textRegressor(wrong)],
  ['TextRegressor.fit', 'lr', 'learningRate', (wrong) => latch.textRegressor().fit([], wrong)],
  ['textPairClassifier', 'combined', 'combine', (wrong) => latch.textPairClassifier(wrong)],
  ['TextPairClassifier.fit', 'lr', 'learningRate', (wrong) => latch.textPairClassifier().fit([], wrong)],
  ['tagger', 'unit', 'units', (wrong) => latch.tagger(wrong)],
  ['Tagger.fit', 'lr', 'learningRate', (wrong) => latch.tagger().fit([], wrong)],
  ['LanguageModel.beamSearch', 'beam', 'beams', (wrong) => language.beamSearch(wrong)],
  ['LanguageModel.generate', 'temprature', 'temperature', (wrong) => language.generate(wrong)],
  ['LanguageModel.baseline', 'orders', 'order', (wrong) => language.baseline('a b', wrong)],
  ['LanguageModel.fit', 'lr', 'learningRate', (wrong) => language.fit('a b', wrong)],
  ['naiveBayes', 'ngram', 'ngrams', (wrong) => latch.naiveBayes(rows, wrong)],
  ['SequenceModel.predict', 'statefull', 'stateful', (wrong) => sequence.predict([[1]], wrong)],
  ['SequenceModel.fit', 'lr', 'learningRate', (wrong) => sequence.fit([], wrong)],
  ['SequenceModel.evaluate', 'onprogress', 'onProgress', (wrong) => sequence.evaluate([], wrong)],
  ['SequenceToSequence.evaluate', 'beam', 'beams', (wrong) => pairs.evaluate([], wrong)],
  ['SequenceModel.baseline', 'targets', 'target', (wrong) => sequence.baseline([], wrong)],
  [
    'SequenceModel.fromBytes',
    'Engine',
    'engine',
    (wrong) => latch.SequenceModel.fromBytes(file.bytes, 'm', wrong),
  ],
  ['TextClassifier.fit', 'epoch', 'epochs', (wrong) => classifier().fit(rows, wrong)],
  ['fit', 'lr', 'learningRate', (wrong) => training.fit(net, Object.assign({ train: data }, wrong))],
  ['fit optimizer', 'beta', 'beta1', (wrong) => training.fit(net, { train: data, optimizer: adam(wrong) })],
  [
    'fit schedule',
    'stepsize',
    'stepSize',
    (wrong) => training.fit(net, { train: data, schedule: step(wrong) }),
  ],
  [
    'fit checkpoint',
    'everyStep',
    'everySteps',
    (wrong) => training.fit(net, { train: data, checkpoint: wrong }),
  ],
  ['Optimizer', 'weight_decay', 'weightDecay', (wrong) => new training.Optimizer(net, adam(wrong))],
  ['evaluate', 'batch', 'batchSize', (wrong) => training.evaluate(net, data, wrong)],
  ['completeSchedule', 'warmUp', 'warmup', (wrong) => training.completeSchedule(step(wrong))],
  ['arrayDataset', 'target', 'targets', (wrong) => training.arrayDataset(wrong)],
  ['corpusDataset', 'step', 'steps', (wrong) => training.corpusDataset(wrong)],
  ['bucketedBatches', 'batch_size', 'batchSize', (wrong) => training.bucketedBatches([1], wrong)],
  ['clipGradients', 'norm', 'clipNorm', (wrong) => training.clipGradients(net, wrong)],
  ['examplesFromRows', 'labels', 'label', (wrong) => training.examplesFromRows(rows, wrong)],
  ['explain', 'layers', 'layer', (wrong) => inspection.explain(trace, 0, 'hidden', 0, wrong)],
  ['explain place', 'units', 'unit', (wrong) => inspection.explain(trace, wrong)],
  ['influence', 'steps', 'step', (wrong) => inspection.influence(net, batch.batch, 0, wrong)],
  [
    'intervene',
    'gates',
    'gate',
    (wrong) => inspection.intervene(net, batch.batch, [edit(wrong)], batch.targets),
  ],
  ['memory', 'retentions', 'retention', (wrong) => inspection.memory(trace, wrong)],
  ['memorySpan', 'distance', 'distances', (wrong) => inspection.memorySpan('gru', wrong)],
  ['spectralRadii', 'layers', 'layer', (wrong) => inspection.spectralRadii(net, wrong)],
  ['setSpectralRadius', 'dir', 'direction', (wrong) => inspection.setSpectralRadius(net, 1, wrong)],
  ['contributionMatrix', 'wight', 'weight', (wrong) => inspection.contributionMatrix(trace, wrong)],
  ['addingProblem', 'counts', 'count', (wrong) => datasets.addingProblem(wrong)],
  ['changingFacts', 'distances', 'distance', (wrong) => datasets.changingFacts(wrong)],
  ['copyMemory', 'blank', 'blanks', (wrong) => datasets.copyMemory(wrong)],
  ['negationComments', 'tests', 'test', (wrong) => datasets.negationComments(wrong)],
  ['parseExamples', 'headers', 'header', (wrong) => tables.parseExamples('a,b\n1,2\n', wrong)],
  ['parseTable', 'column', 'columns', (wrong) => tables.parseTable('a,b\n1,2\n', wrong)],
  ['readExamples', 'txt', 'text', (wrong) => tables.readExamples(bytes(), wrong)],
  ['readTable', 'fmt', 'format', (wrong) => tables.readTable(bytes(), wrong)],
  ['parseSentences', 'tag', 'tags', (wrong) => tables.parseSentences('a X\n', wrong)],
  ['readSentences', 'tag', 'tags', (wrong) => tables.readSentences(bytes(), wrong)],
  ['readTexts', 'texts', 'text', (wrong) => tables.readTexts(bytes(), wrong)],
  ['readLines', 'coding', 'encoding', (wrong) => tables.readLines(bytes(), wrong).next()],
  ['buildVocabulary', 'minCount', 'minimumCount', (wrong) => latch.buildVocabulary([['a']], wrong)],
  ['openVectors', 'unsen', 'unseen', (wrong) => latch.openVectors('vectors.txt', wrong)],
  ['parseVectors', 'word', 'words', (wrong) => latch.parseVectors(Buffer.from('a 1\n'), wrong)],
  ['readModel', 'upto', 'upTo', (wrong) => formats.readModel(files, wrong)],
  ['openModel', 'label', 'labels', (wrong) => formats.openModel(file, wrong)],
  ['openModel engine', 'thread', 'threads', (wrong) => formats.openModel(file, { engine: wrong })],
  ['openModelFile', 'thread', 'threads', (wrong) => formats.openModelFile(file.bytes, 'm', wrong)],
  [
    'modelFromImported',
    'thread',
    'threads',
    async (wrong) => formats.modelFromImported(await formats.readModel(files), 'm', wrong),
  ],
  ['openOnnxGraph', 'thread', 'threads', (wrong) => formats.openOnnxGraph(files, wrong)],
  ['describeFile', 'errors', 'error', (wrong) => formats.describeFile(files, wrong)],
  ['importFile', 'token', 'tokens', (wrong) => formats.importFile('package.json', wrong)],
]

const words = {
  vocabulary: 3,
  size: 2,
  characters: 3,
  characterSize: 2,
  cell: 'gru',
  units: 2,
  length: 2,
} as const

const sides = { sourceVocabulary: 2, targetVocabulary: 2, size: 2, cell: 'gru', units: 2 } as const

/** Layers are read when a network is made of them. */
const LAYERS: readonly (readonly [name: string, wrong: string, call: (wrong: never) => latch.LayerSpec])[] = [
  ['dense', 'activate', (wrong) => dense(1, wrong)],
  ['genericDense', 'activate', (wrong) => latch.genericDense(1, wrong)],
  ['embedding', 'sizes', (wrong) => embedding(Object.assign({ vocabulary: 3, size: 2 }, wrong))],
  [
    'maskedEmbedding',
    'sizes',
    (wrong) => latch.maskedEmbedding(Object.assign({ vocabulary: 3, size: 2 }, wrong)),
  ],
  ['oneHot', 'dropout', (wrong) => latch.oneHot(Object.assign({ vocabulary: 3 }, wrong))],
  ['maskedOneHot', 'dropout', (wrong) => latch.maskedOneHot(Object.assign({ vocabulary: 3 }, wrong))],
  ['wordCharacters', 'sizes', (wrong) => latch.wordCharacters(Object.assign(words, wrong))],
  ['encoderDecoder', 'attend', (wrong) => latch.encoderDecoder(Object.assign(sides, wrong))],
  [
    'pairEmbedding',
    'sizes',
    (wrong) => latch.pairEmbedding(Object.assign({ vocabulary: 3, size: 2 }, wrong)),
  ],
  ['pairFeatures', 'combined', (wrong) => latch.pairFeatures(wrong)],
  ['layerNorm', 'eps', (wrong) => latch.layerNorm(wrong)],
  ['dropout', 'lock', (wrong) => latch.dropout(0.1, wrong)],
  ['activationPenalty', 'alfa', (wrong) => latch.activationPenalty(wrong)],
  ['batchNorm', 'momentun', (wrong) => latch.batchNorm(wrong)],
  ['conv1d', 'kernalSize', (wrong) => latch.conv1d(Object.assign({ filters: 2, kernelSize: 2 }, wrong))],
  ['maxPool1d', 'strid', (wrong) => latch.maxPool1d(Object.assign({ kernelSize: 2 }, wrong))],
  ['averagePool1d', 'pading', (wrong) => latch.averagePool1d(Object.assign({ kernelSize: 2 }, wrong))],
  ['masking', 'values', (wrong) => latch.masking(wrong)],
  ['gru', 'resetAfter', (wrong) => gru(2, wrong)],
  ['lstm', 'bidirectional', (wrong) => lstm(2, wrong)],
  ['rnn', 'activated', (wrong) => rnn(2, wrong)],
  ['recurrent', 'activated', (wrong) => latch.recurrent('gru', 2, wrong)],
  ['genericGru', 'activated', (wrong) => latch.genericGru(2, wrong)],
  ['genericLstm', 'activated', (wrong) => latch.genericLstm(2, wrong)],
  ['genericRnn', 'activated', (wrong) => latch.genericRnn(2, wrong)],
]

/** Options that no name can be wrong in without being missed: all of them are required. */
const REQUIRED = ['createTokenizer']

function adam(wrong: object): training.OptimizerOptions {
  return Object.assign({ type: 'adam' as const }, wrong)
}

function step(wrong: object): training.ScheduleOptions {
  return Object.assign({ type: 'step' as const, stepSize: 2 }, wrong)
}

function edit(wrong: object): inspection.Edit {
  return Object.assign({ type: 'gate' as const, gate: 'reset', value: 1 }, wrong)
}

async function* bytes() {
  yield await Promise.resolve(new TextEncoder().encode('a,b\n1,2\n'))
}

describe('an unknown option', () => {
  test.each(CASES)('of %s: %s, which means %s', async (_, wrong, meant, call) => {
    const error = await caught(() => call({ [wrong]: 1 } as never))
    expect(error).toBeInstanceOf(latch.UsageError)
    expect(error).toMatchObject({ got: JSON.stringify(wrong), remedy: `Did you mean \`${meant}\`?` })
  })

  test.each(LAYERS)('of the layer %s: %s', async (_, wrong, call) => {
    const error = await caught(() => inNetwork(call({ [wrong]: 1 } as never)))
    expect(error).toBeInstanceOf(latch.LatchError)
    expect(String(error)).toContain(wrong)
  })

  test('is listed here for every function of the public API', () => {
    const tested = new Set([...CASES, ...LAYERS].map(([name]) => name))
    const functions = readdirSync('docs/api').flatMap((name) => {
      const report = readFileSync(`docs/api/${name}`, 'utf8')
      return [...report.matchAll(/^function (\w+)(.*?)^```/gms)]
    })
    const parameters =
      /(options|place|engine|config)\??: (?!ActivationOptions|NetworkConfig)|\}\??: \w*Options/
    const missing = functions.filter(([, , text]) => parameters.test(text)).map(([, name]) => name)
    expect(functions.length).toBeGreaterThan(60)
    expect(missing.filter((name) => !tested.has(name) && !REQUIRED.includes(name))).toEqual([])
  })
})

async function caught(call: () => unknown): Promise<unknown> {
  try {
    await call()
  } catch (error) {
    return error
  }
  return 'nothing'
}
