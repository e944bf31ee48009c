/** Texts of imported models, against the greedy texts of their goldens; what does not write is refused. */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { UnsupportedError } from '../../src/core/errors.ts'
import { openModel } from '../../src/tasks/files/openModel.ts'
import { gru, sequenceModel } from '../../src/node.ts'
import type { SequenceModel } from '../../src/tasks/sequenceModel/sequenceModel.ts'
import { modelFilesAt } from '../../src/formats/modelFilesNode.ts'
import {
  goldenOf,
  inModel,
  modelsAreHere,
  type TextGenerationGolden,
} from '../formats/conformance/otherModels.ts'
import { textgenrnnConfig } from '../formats/conformance/kerasModels.ts'

const json = (path: URL): Record<string, number> =>
  JSON.parse(readFileSync(path, 'utf8')) as Record<string, number>

async function open(folder: string, name: string, options: object): Promise<SequenceModel> {
  return (await openModel(
    await modelFilesAt(fileURLToPath(inModel(folder, name))),
    options,
  )) as unknown as SequenceModel
}

describe.skipIf(!modelsAreHere)('generation of imported models', () => {
  it('goes on as TensorFlow.js’ text generation does, over the last 40 characters', async () => {
    const vocabulary = json(inModel('tfjs_lstm_text_generation', 'char_indices.json'))
    const model = await open('tfjs_lstm_text_generation', 'model.json', { vocabulary })
    const { cases } = goldenOf<TextGenerationGolden>('tfjs_lstm_text_generation')
    for (const { text, greedy_next_40_characters: expected } of cases)
      expect(model.generate({ prime: text, length: 40, temperature: 0 }).text()).toBe(expected)
    expect(() => model.generate({ prime: 'too short' })).toThrow(/at least 40 tokens/)
    const drawn = model.generate({ prime: cases[0].text, temperature: 0.5, seed: 3, length: 60 })
    expect(drawn.text()).toBe(drawn.text())
    expect(drawn.text()).toHaveLength(60)
  })

  it('goes on as textgenrnn does, with texts padded at the start', async () => {
    const vocabulary = json(inModel('textgenrnn', 'textgenrnn_vocab.json'))
    const model = await open('textgenrnn', 'textgenrnn_weights.hdf5', {
      config: textgenrnnConfig(),
      vocabulary,
    })
    const { cases } = goldenOf<{ cases: { text: string; greedy_next_30: string }[] }>('textgenrnn')
    for (const { text, greedy_next_30: expected } of cases)
      expect(model.generate({ prime: text, length: 30, temperature: 0 }).text()).toBe(expected)
  })

  it('writes with ml5’s charRNN step by step', async () => {
    const model = await open('ml5_charrnn_shakespeare', 'manifest.json', {})
    const greedy = model.generate({ prime: 'the', length: 80, temperature: 0 }).text()
    const stream = model.stream()
    let [written, answer] = ['', stream.pushText('the')]
    while (written.length < 80) {
      // Its vocabulary has one empty token, which is never written.
      const all = Object.entries(answer.probabilities!).filter(([token]) => token !== '')
      const [[likeliest]] = all.sort(([, x], [, y]) => y - x)
      written += likeliest
      answer = stream.push(likeliest)
    }
    expect(greedy).toBe(written)
    const sampled = model
      .generate({ prime: 'First Citizen:\n', length: 200, temperature: 0.6, seed: 1 })
      .text()
    expect(sampled).toMatch(/[a-z]{3}/)
    expect(() => model.generate({ prime: '漢' })).toThrow(/vocabulary/)
  })
})

describe('generate', () => {
  it.each([
    [
      'of features',
      () => sequenceModel({ input: { features: 1 }, layers: [gru(2)], output: { values: 1 } }),
      'a model of features',
    ],
    [
      'of ids without a vocabulary',
      () => sequenceModel({ input: { ids: 3 }, layers: [gru(2)], output: { classes: 3 } }),
      'a model of ids without a vocabulary',
    ],
  ])('refuses a model %s', (_, make, got) => {
    const generate = () => make().generate({ prime: 'a' })
    expect(generate).toThrow(UnsupportedError)
    expect(generate).toThrow(got)
  })
})
