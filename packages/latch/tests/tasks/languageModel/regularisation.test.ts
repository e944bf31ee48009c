/** The options of a language model that regularise it: the layers they make, files, refusals. */
import { describe, expect, it } from 'vitest'
import { UsageError } from '../../../src/core/errors.ts'
import { decodeModel, encodeModel } from '../../../src/formats/latch/modelFile.ts'
import { LanguageModel, languageModel } from '../../../src/tasks/languageModel/languageModel.ts'
import { languageNetwork } from '../../../src/tasks/languageModel/network.ts'
import {
  resolveLanguageSettings,
  type LanguageModelOptions,
} from '../../../src/tasks/languageModel/options.ts'
import { SENTENCES, tinyLanguage } from './languageHelpers.ts'

const layersOf = (options: LanguageModelOptions) =>
  languageNetwork(resolveLanguageSettings(options), 30).layers

const ALL: LanguageModelOptions = {
  units: 12,
  embedding: 8,
  layers: 2,
  dropout: { input: 0.6, output: 0.4 },
  lockedDropout: true,
  embeddingDropout: 0.1,
  weightDropout: 0.5,
  zoneout: { cell: 0.2 },
  activationPenalty: { alpha: 2, beta: 1 },
  tied: true,
}

describe('the network', () => {
  it('of the defaults is what it was before the options', () => {
    expect(layersOf({ layers: 2 })).toEqual([
      { type: 'embedding', vocabulary: 30, size: 64 },
      { type: 'dropout', rate: 0.1 },
      { type: 'recurrent', cell: 'lstm', units: 128 },
      { type: 'dropout', rate: 0.1 },
      { type: 'recurrent', cell: 'lstm', units: 128 },
      { type: 'dropout', rate: 0.1 },
      { type: 'dense', units: 30 },
    ])
  })

  it('has each option in its place, and a projection where the widths differ', () => {
    const recurrent = {
      type: 'recurrent',
      cell: 'lstm',
      units: 12,
      weightDropout: 0.5,
      zoneout: { hidden: 0, cell: 0.2 },
    }
    expect(layersOf(ALL)).toEqual([
      { type: 'embedding', vocabulary: 30, size: 8, rowDropout: 0.1 },
      { type: 'dropout', rate: 0.6, locked: true },
      recurrent,
      { type: 'dropout', rate: 0.1, locked: true },
      recurrent,
      { type: 'activationPenalty', beta: 1 },
      { type: 'dropout', rate: 0.4, locked: true },
      { type: 'activationPenalty', alpha: 2 },
      { type: 'dense', units: 8 },
      { type: 'dense', units: 30, tied: true },
    ])
    expect(layersOf({ tied: true, units: 9, embedding: 9, dropout: 0 })).toEqual([
      { type: 'embedding', vocabulary: 30, size: 9 },
      { type: 'recurrent', cell: 'lstm', units: 9 },
      { type: 'dense', units: 30, tied: true },
    ])
    expect(resolveLanguageSettings({ cell: 'gru', zoneout: 0.1 }).zoneout).toEqual({ hidden: 0.1, cell: 0 })
  })
})

it('trains with all of them to the same bits, reads its file back, and older files without them', async () => {
  const [model, again] = [await tinyLanguage(ALL), await tinyLanguage(ALL)]
  expect(model.toBytes()).toEqual(again.toBytes())
  const read = LanguageModel.fromBytes(model.toBytes(), 'saved', { engine: 'simd', threads: 1 })
  expect(read.settings).toEqual(model.settings)
  expect(read.score(SENTENCES[0])).toEqual(model.score(SENTENCES[0]))

  const plain = await tinyLanguage()
  const { document, tensors } = decodeModel(plain.toBytes(), 'plain')
  const settings = document.settings as Record<string, unknown>
  for (const name of [
    'lockedDropout',
    'embeddingDropout',
    'weightDropout',
    'zoneout',
    'activationPenalty',
    'tied',
    'resetStates',
  ])
    delete settings[name]
  const old = LanguageModel.fromBytes(encodeModel(document, tensors.values()))
  // What they were trained with.
  expect(old.settings).toEqual({ ...plain.settings, resetStates: false })
})

describe('refused by name', () => {
  it.each([
    [{ tied: 'yes' }, /option tied: expected true or false/],
    [{ tied: true, embedding: 'oneHot' }, /option embedding: expected a width, as `tied` needs a table/],
    [{ embeddingDropout: 0.1, embedding: 'oneHot' }, /as `embeddingDropout` needs a table, got oneHot/],
    [{ weightDropout: 1 }, /option weightDropout: expected a rate from 0 to below 1/],
    [{ lockedDropout: 0.5 }, /option lockedDropout: expected true or false/],
    [{ zoneout: { cell: 0.1 }, cell: 'gru' }, /option zoneout\.cell: expected no value for cell gru/],
    [{ zoneout: { state: 0.1 } }, /option zoneout: expected numbers named hidden, cell, got state/],
    [{ zoneout: -1 }, /option zoneout: expected a rate/],
    [{ dropout: { words: 0.1 } }, /option dropout: expected numbers named input, layers, output, got words/],
    [{ dropout: { input: 1 } }, /option dropout\.input: expected a rate from 0 to below 1/],
    [{ activationPenalty: 2 }, /option activationPenalty: expected numbers named alpha, beta, got 2/],
    [{ activationPenalty: { alpha: -1 } }, /option activationPenalty\.alpha: expected a number from 0/],
  ])('%o', (options, message) => {
    expect(() => languageModel(options as never)).toThrow(UsageError)
    expect(() => languageModel(options as never)).toThrow(message)
  })
})
