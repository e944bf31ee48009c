/** Labels of whole sentences beside their tags: the sum of both losses and its gradient, training, files, and refusals. */
import { describe, expect, it } from 'vitest'
import { DataError, FormatError, UnsupportedError, UsageError } from '../../../src/core/errors.ts'
import { logSoftmax } from '../../../src/core/probabilities.ts'
import { decodeModel, encodeModel } from '../../../src/formats/latch/modelFile.ts'
import { exporters } from '../../../src/formats/write.ts'
import { buildNetwork, internalsOf, networkFromConfig } from '../../../src/model/network.ts'
import { allLayers } from '../../../src/model/allLayers.ts'
import type { LayerOptions } from '../../../src/model/config.ts'
import type { SentenceLabelLayer } from '../../../src/layers/words/sentenceLabel.ts'
import { taggerLayers } from '../../../src/tasks/tagger/network.ts'
import { Tagger, tagger } from '../../../src/tasks/tagger/tagger.ts'
import { PackedBatch } from '../../../src/tensors/packedBatch.ts'
import { NAMES, tinyTagger } from './taggerHelpers.ts'

/** Who does something, or where. */
const INTENTS = NAMES.map((row) => ({ ...row, intent: row.tokens.includes('in') ? 'where' : 'who' }))
const JOINT = { sentenceLabel: 'intent', characters: false } as const

const batch = PackedBatch.ofIds([
  [1, 2, 3],
  [4, 1],
  [2, 2, 5, 1, 0],
])
const tags = [
  [0, 1, 2],
  [2, 2],
  [1, 0, 0, 2, 1],
]

function joint(crf: boolean, more: object = {}) {
  const layers: LayerOptions[] = [
    { type: 'embedding', vocabulary: 6, size: 4 },
    { type: 'recurrent', cell: 'lstm', units: 3, direction: 'bidirectional' },
    { type: 'sentenceLabel', classes: 4, lossWeight: 0.7, ...more },
    { type: 'dense', units: 3 },
    ...(crf ? [{ type: 'crf' } as const] : []),
  ]
  const loss = { type: crf ? 'crf' : 'softmaxCrossEntropy' } as const
  const net = buildNetwork({ layers, loss }, taggerLayers, {
    engine: 'reference',
    precision: 'float64',
    seed: 3,
  })
  net.prepareTraining()
  return net
}

describe.each([true, false])('the loss with a CRF: %s', (crf) => {
  const classes = [3, 0, 1]
  const pass = { training: true, record: false, key: 5 }

  it('is that of the tags and that of the labels, by its weight', () => {
    const net = joint(crf)
    net.forward(batch)
    const alone = net.loss(batch, { stepClasses: tags })
    const both = net.loss(batch, { stepClasses: tags, classes })
    const [, , layer] = internalsOf(net).layers
    const scores = (layer as SentenceLabelLayer).scoresOf(batch)
    const own = classes.reduce((sum, c, i) => sum - logSoftmax(scores[i])[c] / 3, 0)
    expect(both.weight).toBe(alone.weight)
    expect(both.mean).toBeCloseTo(alone.mean + 0.7 * own, 12)
    // A label that is not known says nothing.
    const one = net.loss(batch, { stepClasses: tags, classes: [-1, 0, -1] })
    expect(one.mean).toBeCloseTo(alone.mean - 0.7 * logSoftmax(scores[1])[0], 12)
  })

  it.each(['mean', 'sum'] as const)('has its gradient, of the %s, as float64 differences say', (of) => {
    const net = joint(crf, { rate: 0.3 })
    const targets = { stepClasses: tags, classes }
    const loss = () => {
      net.forward(batch, pass)
      const { mean, weight } = net.loss(batch, targets)
      return of === 'sum' ? mean * weight : mean
    }
    net.forward(batch, pass)
    net.zeroGradients()
    net.backward(batch, targets, pass, false, of)
    for (const { name } of net.parameters) {
      const gradient = net.readParameter(name, 'gradients')
      const weights = net.readParameter(name)
      for (let i = 0; i < weights.length; i += 1 + Math.floor(weights.length / 9)) {
        const [up, down] = [1e-5, -1e-5].map((h) => {
          const changed = weights.slice()
          changed[i] += h
          net.writeParameter(name, changed)
          return loss()
        })
        net.writeParameter(name, weights)
        expect(gradient[i], name).toBeCloseTo((up - down) / 2e-5, 6)
      }
    }
    expect(net.readParameter('sentenceLabel.0.weight', 'gradients').some((slope) => slope !== 0)).toBe(true)
  })

  it('leaves the labels out of a pass without them', () => {
    const net = joint(crf)
    net.forward(batch, pass)
    net.zeroGradients()
    net.backward(batch, { stepClasses: tags }, pass)
    expect(net.readParameter('sentenceLabel.0.weight', 'gradients').every((slope) => slope === 0)).toBe(true)
  })
})

describe('a tagger of sentences with labels', () => {
  it('learns both, and predicts and evaluates both', async () => {
    const model = await tinyTagger(JOINT, INTENTS, { epochs: 150, ema: null })
    const { tags: said, sentence } = model.predict('in New York Ada sleeps')
    expect(said).toEqual(['O', 'B-LOC', 'I-LOC', 'B-PER', 'O'])
    expect(sentence!.label).toBe('where')
    const { who, where } = sentence!.probabilities
    expect(who + where).toBeCloseTo(1, 6)
    expect(where).toBeGreaterThan(0.9)
    const many = model.predict(INTENTS.map(({ tokens }) => ({ tokens })))
    expect(many.map((one) => one.sentence!.label)).toEqual(INTENTS.map(({ intent }) => intent))
    const { sentences, entities } = await model.evaluate(INTENTS)
    expect(entities!.f1).toBe(1)
    expect(sentences).toMatchObject({ accuracy: 1, exact: 1, n: INTENTS.length })
    expect(sentences!.perClass.map(({ label, support }) => [label, support])).toEqual([
      ['where', 3],
      ['who', 5],
    ])
    const strange = [
      { ...INTENTS[0], intent: 'why' },
      { ...INTENTS[1], tags: ['O', 'O', 'O', 'B-PER', 'O'] },
    ]
    const other = await model.evaluate(strange)
    expect(other.sentences).toMatchObject({ accuracy: 0.5, exact: 0 })
    expect(other.warnings.join()).toMatch(/1 sentence of 2 have labels that the model does not know/)
  })

  it('has the same bits on 1, 2 and 3 threads, resumes exactly, and comes back from its file', async () => {
    const saved: Uint8Array[] = []
    const checkpoint = { everySteps: 1, write: (bytes: Uint8Array) => void saved.push(bytes.slice()) }
    const model = await tinyTagger(JOINT, INTENTS, { epochs: 2, checkpoint })
    const text = 'Ada sees Paris'
    for (const threads of [2, 3]) {
      const other = await tinyTagger({ ...JOINT, threads }, INTENTS, { epochs: 2 })
      expect(other.predict(text)).toEqual(model.predict(text))
      other.dispose()
    }
    for (const bytes of saved) {
      const { model: resumed, fitOptions } = await Tagger.fromCheckpoint(bytes)
      await resumed.fit(INTENTS, { ...fitOptions, resume: bytes })
      expect(resumed.predict(text)).toEqual(model.predict(text))
    }
    const read = Tagger.fromBytes(model.toBytes(), 'saved', { engine: 'simd', threads: 1 })
    expect(read.predict(text)).toEqual(model.predict(text))
    expect(read.settings).toMatchObject({ sentenceLabel: 'intent', sentenceWeight: 0.2 })
  })

  it('of the other kind is what it was: no label, and files of before open', async () => {
    const plain = await tinyTagger({ characters: false }, NAMES, { epochs: 1 })
    expect(plain.predict('Ada sings').sentence).toBeNull()
    expect((await plain.evaluate(NAMES)).sentences).toBeNull()
    const { document, tensors } = decodeModel(plain.toBytes(), 'plain')
    const settings = document.settings as Record<string, unknown>
    delete settings.sentenceLabel
    delete settings.sentenceWeight
    const old = Tagger.fromBytes(encodeModel(document, tensors.values()), 'old')
    expect(old.settings).toEqual(plain.settings)
  })

  it('refuses files whose parts contradict each other, other formats, and streams', async () => {
    const model = await tinyTagger({ ...JOINT, bidirectional: false, crf: false }, INTENTS, { epochs: 1 })
    const { document, tensors } = decodeModel(model.toBytes(), 'joint')
    for (const [labels, message] of [
      [undefined, /sentenceLabels: expected the labels, as in settings\.sentenceLabel, got none/],
      [['who'], /sentenceLabels: expected at least two labels, each once/],
      [['who', 'where', 'why'], /network\.layers: expected .*"classes":3/],
    ] as const) {
      const bytes = encodeModel({ ...document, sentenceLabels: labels as never }, tensors.values())
      expect(() => Tagger.fromBytes(bytes, 'wrong')).toThrow(FormatError)
      expect(() => Tagger.fromBytes(bytes, 'wrong')).toThrow(message)
    }
    await expect(model.exportTo(exporters.onnx)).rejects.toThrow(
      /sentenceLabel\.0: expected a layer of ONNX, got sentenceLabel, which only a Latch file holds/,
    )
    expect(() => model.stream()).toThrow(/a label of the whole sentence.*Train it without `sentenceLabel`/)
  })

  it('refuses rows and options by name', async () => {
    const fit = (rows: object[]) => tagger(JOINT).fit(rows, { epochs: 1, validation: 0 })
    await expect(fit([INTENTS[0], NAMES[1]])).rejects.toThrow(DataError)
    await expect(fit([INTENTS[0], NAMES[1]])).rejects.toThrow(
      /row 1: expected a label of the sentence in "intent", got nothing/,
    )
    await expect(fit([INTENTS[0], { ...INTENTS[1], intent: ' ' }])).rejects.toThrow(/row 1: expected a label/)
    await expect(fit(NAMES.map((row) => ({ ...row, intent: 'one' })))).rejects.toThrow(
      /labels of sentences: expected at least two different labels, got only "one"/,
    )
    const model = await tinyTagger(JOINT, INTENTS, { epochs: 1 })
    await expect(model.fit([{ ...INTENTS[0], intent: 'why' }], { validation: 0 })).rejects.toThrow(
      /row 0: expected one of the labels where, who, got "why"/,
    )
    for (const [options, message] of [
      [{ sentenceLabel: 3 }, /option sentenceLabel: expected the name of a column/],
      [{ sentenceWeight: 2 }, /option sentenceWeight: expected no value without `sentenceLabel`/],
      [{ sentenceLabel: 'intent', sentenceWeight: -1 }, /option sentenceWeight: expected a number from 0/],
    ] as const) {
      expect(() => tagger(options as never)).toThrow(UsageError)
      expect(() => tagger(options as never)).toThrow(message)
    }
  })
})

it('does not train where the loss of a network would leave it out', () => {
  const { config } = joint(false)
  const net = networkFromConfig(config, allLayers, { engine: 'reference' })
  net.forward(batch)
  net.prepareTraining()
  expect(() => net.forward(batch)).toThrow(UnsupportedError)
  expect(() => net.forward(batch)).toThrow(/sentenceLabel\.0: expected the loss of a tagger/)
})
