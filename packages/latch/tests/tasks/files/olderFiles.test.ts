/**
 * Files that were saved before a setting existed: they open, with what files meant then. A setting that is not in `FIRST`
 * is a newer one, so a new setting without a meaning for older files fails here.
 */
import { beforeAll, describe, expect, it } from 'vitest'
import { decodeModel, encodeModel, type ModelDocument } from '../../../src/formats/latch/modelFile.ts'
import { openModelFile } from '../../../src/tasks/files/openModel.ts'
import { multiLabelClassifier } from '../../../src/tasks/multiLabelClassifier/multiLabelClassifier.ts'
import {
  sequenceToSequence,
  SequenceToSequence,
} from '../../../src/tasks/sequenceToSequence/sequenceToSequence.ts'
import { textRegressor } from '../../../src/tasks/textRegressor/textRegressor.ts'
import { tinyLanguage } from '../languageModel/languageHelpers.ts'
import { complaints, COLUMNS as LABELS, TINY as LABELLED } from '../multiLabelClassifier/multiLabelHelpers.ts'
import { backwards, BRIEF, SMALL, tiny } from '../sequenceToSequence/helpers.ts'
import { tinyTagger } from '../tagger/taggerHelpers.ts'
import { trained } from '../textClassifier/classifierHelpers.ts'
import { COLUMNS as RATED, ratings, TINY as RATING } from '../textRegressor/regressorHelpers.ts'

const CLASSIFIER =
  'cell units layers bidirectional reset activation pooling tokens lowercase embedding minimumCount maximumVocabulary maximumLength dropout'

/** The settings that the first files of each task had. */
const FIRST: Readonly<Record<string, string>> = {
  textClassifier: CLASSIFIER,
  multiLabelClassifier: CLASSIFIER,
  textRegressor: CLASSIFIER,
  languageModel:
    'cell units layers tokens lowercase embedding dropout steps minimumCount maximumVocabulary endToken',
  tagger:
    'cell units layers bidirectional embedding characters crf scheme repair tokens lowercase minimumCount maximumVocabulary wordDropout dropout',
  sequenceToSequence:
    'cell units layers bidirectional attention tokens targetTokens lowercase embedding dropout minimumCount maximumVocabulary maximumLength longestTarget',
}

interface Saved {
  toBytes(): Uint8Array
}

/** A model of each task, and an input. */
const MODELS: Readonly<Record<string, { make: () => Promise<Saved>; input: unknown }>> = {
  textClassifier: { make: () => trained({ counts: false }), input: 'the soup was great' },
  multiLabelClassifier: {
    make: async () => {
      const model = multiLabelClassifier(LABELLED)
      await model.fit(complaints(32), { ...LABELS, epochs: 1, validation: 0 })
      return model
    },
    input: 'the hotel was loud',
  },
  textRegressor: {
    make: async () => {
      const model = textRegressor(RATING)
      await model.fit(ratings(32), { ...RATED, epochs: 1, validation: 0 })
      return model
    },
    input: 'the hotel was good',
  },
  // Its older files mean the states of one text go on into the next.
  languageModel: { make: () => tinyLanguage({ resetStates: false }), input: 'the cat' },
  tagger: { make: () => tinyTagger({}, undefined, { epochs: 1 }), input: 'the cat sleeps' },
  sequenceToSequence: { make: () => tiny(), input: 'abc' },
}

function without(bytes: Uint8Array, names: readonly string[]): Uint8Array {
  const { document, tensors } = decodeModel(bytes)
  return encodeModel(strip(document, names), tensors.values())
}

function strip(document: ModelDocument, names: readonly string[]): ModelDocument {
  const settings = Object.entries(document.settings as object).filter(([name]) => !names.includes(name))
  return { ...document, settings: Object.fromEntries(settings) }
}

describe.each(Object.keys(FIRST))('a file of a %s of before its newer settings', (task) => {
  let bytes: Uint8Array
  let newer: string[]
  beforeAll(async () => {
    bytes = (await MODELS[task].make()).toBytes()
    const first = FIRST[task].split(' ')
    newer = Object.keys(decodeModel(bytes).document.settings as object).filter(
      (name) => !first.includes(name),
    )
  })

  it('opens without each of them, and without all', () => {
    const predict = (file: Uint8Array) => openModelFile(file).predict(MODELS[task].input as string)
    const expected = predict(bytes)
    const { settings } = openModelFile(bytes)
    for (const names of [...newer.map((name) => [name]), newer]) {
      const older = without(bytes, names)
      expect(predict(older)).toEqual(expected)
      expect(openModelFile(older).settings).toEqual(settings)
      // Saved again, it is a file of today.
      expect(openModelFile(older).toBytes()).toEqual(bytes)
    }
  })

  it('had the others: without one of those it is broken', () => {
    // A limit may be absent, as it may be null.
    for (const name of FIRST[task].split(' ').filter((one) => !/^m..imum/.test(one)))
      expect(() => openModelFile(without(bytes, [name]))).toThrow(`document.settings.${name}: expected`)
  })
})

describe('what the newer settings are', () => {
  it('is known for each task', async () => {
    const found: Record<string, string> = {}
    for (const [task, { make }] of Object.entries(MODELS)) {
      const { settings } = decodeModel((await make()).toBytes()).document
      const first = FIRST[task].split(' ')
      found[task] = Object.keys(settings as object)
        .filter((name) => !first.includes(name))
        .sort()
        .join(' ')
    }
    const regularisation = 'activationPenalty embeddingDropout layerNorm lockedDropout'
    expect(found).toEqual({
      textClassifier: '',
      multiLabelClassifier: '',
      textRegressor: '',
      languageModel: `${regularisation} resetStates tied weightDropout zoneout`,
      tagger: `${regularisation} sentenceLabel sentenceWeight weightDropout zoneout`,
      sequenceToSequence: 'scheduledSampling',
    })
  })
})

describe('a checkpoint of before scheduled sampling', () => {
  it('resumes to the same bits', async () => {
    const checkpoints: Uint8Array[] = []
    const rows = backwards(40)
    const whole = await tiny({}, rows)
    const checkpoint = { everySteps: 3, write: (bytes: Uint8Array) => void checkpoints.push(bytes.slice()) }
    await sequenceToSequence(SMALL).fit(rows, { ...BRIEF, checkpoint })
    expect(checkpoints.length).toBeGreaterThan(1)
    const older = without(checkpoints[0], ['scheduledSampling'])
    const { model, fitOptions } = await SequenceToSequence.fromCheckpoint(older, 'c')
    await model.fit(rows, { ...fitOptions, resume: older })
    expect(model.toBytes()).toEqual(whole.toBytes())
  })
})
