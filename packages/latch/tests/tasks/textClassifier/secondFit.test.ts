/** A second `fit` on other rows: unknown tokens are reported, refused when they are most, or added to the vocabulary. */
import { describe, expect, it } from 'vitest'
import { gru } from '../../../src/layers/recurrent/factories.ts'
import { DataError, UsageError } from '../../../src/core/errors.ts'
import { sequenceModel } from '../../../src/tasks/sequenceModel/build.ts'
import { textClassifier, TextClassifier } from '../../../src/tasks/textClassifier/textClassifier.ts'
import type { CellChoice, ClassifierOptions } from '../../../src/tasks/textClassifier/options.ts'
import { thrown } from './classifierHelpers.ts'

const COLUMNS = { text: 'text', label: 'label', epochs: 1, validation: 0 } as const
const OLD = [
  { text: 'the soup was great', label: 'good' },
  { text: 'the soup was awful', label: 'bad' },
]
const NEW = [
  { text: 'die Suppe war toll', label: 'good' },
  { text: 'die Suppe war schlecht', label: 'bad' },
]
const mixed = OLD.concat({ text: 'the soup was superb today', label: 'good' })
const TEXTS = ['the soup was great', 'awful', 'great was the soup the soup']

async function trained(options: ClassifierOptions = {}): Promise<TextClassifier> {
  const model = textClassifier({ units: 3, embedding: 4, dropout: 0, ...options }) as TextClassifier
  await model.fit(OLD, COLUMNS)
  return model
}

describe('a second fit', () => {
  it('reports the tokens that the model does not know', async () => {
    const model = await trained()
    const { warnings } = await model.fit(mixed, COLUMNS)
    expect(warnings).toContain('15 % of the tokens ("superb", "today") are unknown to the model.')
    expect((await model.fit(OLD, COLUMNS)).warnings).toEqual([])
  })

  it('refuses rows of another language, unchanged, with a remedy that works', async () => {
    const model = await trained()
    const before = model.toBytes()
    const error = await thrown(() => model.fit(NEW, COLUMNS))
    expect(error).toBeInstanceOf(DataError)
    expect(error.message).toBe(
      'fit, vocabulary of the trained model: expected rows of which it knows at least half of the tokens, got ' +
        '100 % of the tokens ("die", "suppe", "war") that it does not know. Train a new model, or extend the ' +
        'vocabulary of this one. Pass `extendVocabulary: true` to add the tokens to the vocabulary.',
    )
    expect(model.toBytes()).toEqual(before)
    const { warnings, vocabulary } = await model.fit(NEW, { ...COLUMNS, extendVocabulary: true })
    expect(warnings).toContain('5 tokens added to the vocabulary.')
    expect(vocabulary).toBe(11)
    expect(model.vocabulary.tokens.slice(-5)).toEqual(['die', 'suppe', 'war', 'schlecht', 'toll'])
    const again = TextClassifier.fromBytes(model.toBytes())
    expect(again.predict('die suppe')).toEqual(model.predict('die suppe'))
    expect((await model.fit(NEW, { ...COLUMNS, extendVocabulary: true })).warnings).toEqual([])
  })

  const networks: [string, ClassifierOptions][] = [
    ...(['rnn', 'lstm', 'gru', 'ann', 'bag'] as CellChoice[]).map((cell): [string, ClassifierOptions] => [
      cell,
      { cell },
    ]),
    ['one-hot', { cell: 'rnn', embedding: 'oneHot' }],
    ['two layers, both directions', { cell: 'gru', layers: 2, bidirectional: true, pooling: 'max' }],
    ['both directions, one-hot', { cell: 'lstm', bidirectional: true, embedding: 'oneHot' }],
  ]
  it.each(networks)('with a larger vocabulary begins with the same predictions: %s', async (_, options) => {
    const model = await trained({ ...options, maximumLength: 5 })
    const before = model.predict(TEXTS)
    let started: unknown
    await model.fit(NEW, {
      ...COLUMNS,
      extendVocabulary: true,
      onEvent: ({ type }) => {
        if (type === 'start') started = model.predict(TEXTS)
      },
    })
    expect(started).toEqual(before)
    expect(model.predict(TEXTS)).not.toEqual(before)
  })

  it('keeps to the largest vocabulary', async () => {
    const model = await trained({ maximumVocabulary: 8 })
    await model.fit(NEW, { ...COLUMNS, extendVocabulary: true })
    expect(model.vocabulary.size).toBe(8)
  })

  it('resumes with the vocabulary that it had extended', async () => {
    const model = await trained()
    const options = { ...COLUMNS, epochs: 4, extendVocabulary: true } as const
    const bytes = model.toBytes()
    let checkpoint: Uint8Array | undefined
    await model.fit(NEW, {
      ...options,
      checkpoint: { everySteps: 2, write: (state) => void (checkpoint ??= state.slice()) },
    })
    const whole = model.toBytes()
    const { model: resumed, fitOptions } = await TextClassifier.fromCheckpoint(checkpoint!)
    await resumed.fit(NEW, { ...COLUMNS, ...fitOptions, resume: checkpoint })
    expect(resumed.predict(TEXTS)).toEqual(model.predict(TEXTS))
    expect(whole.length).toBe(resumed.toBytes().length)
    expect(bytes.length).toBeLessThan(whole.length)
  })

  it('has no effect to extend on the first fit, and none for models without a vocabulary', async () => {
    const first = textClassifier({ units: 2 })
    expect((await first.fit(OLD, { ...COLUMNS, extendVocabulary: true })).warnings.join()).not.toMatch(
      /added/,
    )
    const model = sequenceModel({
      input: { features: 1 },
      layers: [gru(2)],
      output: { values: 1 },
      loss: 'meanSquaredError',
    })
    const error = await thrown(() => model.fit([{ input: [[1]], target: 1 }], { extendVocabulary: true }))
    expect(error).toBeInstanceOf(UsageError)
    expect(error.message).toContain('fit option extendVocabulary')
  })
})
