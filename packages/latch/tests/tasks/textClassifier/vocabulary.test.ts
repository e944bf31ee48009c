/** The vocabulary that a text classifier chooses: by the number of rows, for scripts without spaces, and never empty. */
import { describe, expect, it } from 'vitest'
import { DataError } from '../../../src/core/errors.ts'
import { textClassifier } from '../../../src/tasks/textClassifier/textClassifier.ts'
import { thrown } from './classifierHelpers.ts'

const COLUMNS = { text: 'text', label: 'label', epochs: 1, validation: 0 } as const

function rows(texts: readonly string[]): { text: string; label: string }[] {
  return texts.map((text, i) => ({ text, label: i % 2 === 0 ? 'good' : 'bad' }))
}

/** Texts of two words each that occur nowhere else. */
const once = (count: number) => Array.from({ length: count }, (_, i) => `first${i} second${i}`)

describe('the smallest count of a token', () => {
  it.each([
    [4, 1, 9],
    [199, 1, 399],
  ])('is 1 for few rows: %i', async (count, minimumCount, size) => {
    const model = textClassifier({ units: 2, embedding: 2 })
    expect(model.settings.minimumCount).toBeUndefined()
    await model.fit(rows(once(count)), COLUMNS)
    expect(model.settings.minimumCount).toBe(minimumCount)
    expect(model.vocabulary.tokens).toHaveLength(size)
  })

  it('is 2 from 200 rows on', async () => {
    const model = textClassifier({ units: 2, embedding: 2 })
    await model.fit(rows(once(200).map((text) => `${text} clean`)), COLUMNS)
    expect(model.settings.minimumCount).toBe(2)
    expect(model.vocabulary.tokens).toEqual(['<unk>', 'clean'])
  })

  it('that was given holds for any number of rows', async () => {
    const model = textClassifier({ units: 2, embedding: 2, minimumCount: 2 })
    await model.fit(rows(['clean plate', 'dirty plate']), COLUMNS)
    expect(model.vocabulary.tokens).toEqual(['<unk>', 'plate'])
  })
})

describe('a vocabulary with nothing but the unknown token', () => {
  it('is an error with remedies that work', async () => {
    const model = textClassifier({ units: 2, embedding: 2 })
    const error = await thrown(() => model.fit(rows(once(200)), COLUMNS))
    expect(error).toBeInstanceOf(DataError)
    expect(error.message).toBe(
      'vocabulary: expected at least one token that occurs 2 times in the training rows, got none: every token ' +
        'would be unknown. Pass `tokens: "chars"` to train on single characters. ' +
        'Pass `minimumCount: 1` to keep tokens that occur once.',
    )
    for (const remedy of [{ tokens: 'chars' }, { minimumCount: 1 }] as const) {
      const again = textClassifier({ units: 2, embedding: 2, ...remedy })
      await again.fit(rows(once(200)), COLUMNS)
      expect(again.vocabulary.size).toBeGreaterThan(10)
    }
  })

  it('asks for no smaller count where it is 1', async () => {
    const model = textClassifier({ units: 2, embedding: 2, minimumCount: 1 })
    const error = await thrown(() => model.fit(rows(['\u200b', '\u200b\u200b']), COLUMNS))
    expect(error.message).toMatch(/occurs 1 times.*tokens: "chars"/)
    expect(error.message).not.toMatch(/minimumCount/)
  })
})

describe('scripts without spaces', () => {
  it.each([
    ['Chinese', '这个房间很干净', '这个房间很脏', '净'],
    ['Japanese', 'この部屋はきれい', 'この部屋は汚い', 'の'],
    ['Thai', 'ห้องสะอาด', 'ห้องสกปรก', 'ห้'],
    ['Khmer', 'បន្ទប់ស្អាត', 'បន្ទប់កខ្វក់', 'ប់'],
  ])('%s: letters are the words', async (_, good, bad, letter) => {
    const model = textClassifier({ units: 2, embedding: 2 })
    await model.fit(rows([good, bad, good, bad]), COLUMNS)
    expect(model.vocabulary.tokens).toContain(letter)
    const [a, b] = model.predict([good, bad]).map(({ probabilities }) => probabilities.good)
    expect(a).not.toBe(b)
  })

  it('that were split before keep their words', async () => {
    const model = textClassifier({ units: 2, embedding: 2, tokens: 'whitespace' })
    await model.fit(rows(['房间 很 干净', '房间 很 脏']), COLUMNS)
    expect(model.vocabulary.tokens).toEqual(['<unk>', '很', '房间', '干净', '脏'])
    expect(model.settings.lowercase).toBe(true)
  })
})
