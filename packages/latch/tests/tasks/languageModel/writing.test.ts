/** Writing step by step: as `generate`, with alternatives, choices and sampling that changes on the way. */
import { beforeAll, describe, expect, it } from 'vitest'
import { UsageError } from '../../../src/core/errors.ts'
import { softmax } from '../../../src/core/probabilities.ts'
import type { LanguageModel } from '../../../src/tasks/languageModel/languageModel.ts'
import type { Writing } from '../../../src/tasks/generation/writing.ts'
import { tinyLanguage } from './languageHelpers.ts'

let words: LanguageModel
let characters: LanguageModel
beforeAll(async () => {
  words = await tinyLanguage({ tokens: 'words', minimumCount: 1 }, { epochs: 30 })
  characters = await tinyLanguage({ endToken: false }, { epochs: 4 })
})

function write(writing: Writing, count: number): string {
  for (let i = 0; i < count; i++) writing.next()
  return writing.tokens.map(({ text }) => text).join('')
}

describe('writing', () => {
  it('writes as generate does, whatever the sampling', () => {
    for (const sampling of [
      {},
      { temperature: 0 },
      { topK: 3, temperature: 2 },
      { repetitionPenalty: 1.5 },
    ]) {
      const options = { prime: 'the ', length: 40, seed: 5, ...sampling }
      expect(write(characters.generate(options).begin(), 40)).toBe(characters.generate(options).text())
      expect(write(words.generate({ seed: 2, ...sampling }).begin(), 40)).toBe(
        words.generate({ seed: 2, length: 40, ...sampling }).text(),
      )
    }
  })

  it('says how likely each token was to the model, and ends at the end token', () => {
    const writing = words.generate({ prime: 'the cat', seed: 3 }).begin()
    write(writing, 40)
    expect(writing.prime).toEqual(['the', 'cat'])
    expect(writing.ended).toBe(true)
    expect(writing.next()).toBeNull()
    const text = `the cat${writing.tokens.map((one) => one.text).join('')}`
    const { tokens } = words.score(text)
    writing.tokens.forEach(({ token, probability }, i) => {
      expect(tokens[i + 2].token).toBe(token)
      expect(probability).toBeCloseTo(tokens[i + 2].probability, 12)
    })
  })

  it('lists the alternatives of any place, with the token that stands there', () => {
    const writing = characters.generate({ prime: 'the ', temperature: 3, seed: 1 }).begin()
    write(writing, 12)
    for (const at of [0, 7, 12]) {
      const text = `the ${writing.tokens
        .slice(0, at)
        .map((one) => one.text)
        .join('')}`
      const best = characters.next(text, 3)
      const listed = writing.alternatives(at, 3)
      expect(listed.slice(0, 3).map(({ token }) => token)).toEqual(best.map(({ token }) => token))
      listed.slice(0, 3).forEach(({ probability, rank }, i) => {
        expect(probability).toBeCloseTo(best[i].probability, 12)
        expect(rank).toBe(i + 1)
      })
      const there = writing.tokens[at]?.id ?? listed[0].id
      expect(listed.map(({ id }) => id)).toContain(there)
    }
    const all = writing.alternatives(12, 100)
    expect(all.reduce((sum, { chance }) => sum + chance, 0)).toBeCloseTo(1, 12)
    expect(all.every(({ token }) => token !== '<unk>')).toBe(true)
  })

  it('chances follow temperature and top-k from there on', () => {
    const writing = characters.generate({ prime: 'the ', seed: 1 }).begin()
    const logits = writing.alternatives(0, 100).map(({ probability }) => Math.log(probability))
    writing.sample({ temperature: 0.5, topK: 4 })
    const cut = writing.alternatives(0, 100)
    const expected = softmax(logits.slice(0, 4).map((x) => x / 0.5))
    cut.forEach(({ chance }, i) => expect(chance).toBeCloseTo(expected[i] ?? 0, 10))
    writing.sample({ temperature: 0 })
    expect(writing.alternatives(0, 2).map(({ chance }) => chance)).toEqual([1, 0])
    expect(() => writing.sample({ topK: 0 })).toThrow(UsageError)
  })

  it('goes on from a chosen token; the one that stood there gives the same text', () => {
    const options = { prime: 'the ', temperature: 1.5, seed: 4 }
    const first = characters.generate(options).begin()
    const text = write(first, 20)
    const same = first.choose(8, first.tokens[8].id)
    expect(same?.chosen).toBe(true)
    expect(write(first, 11)).toBe(text)
    const other = first.alternatives(8).find(({ id }) => id !== first.tokens[8].id)!
    first.choose(8, other.id)
    const changed = write(first, 11)
    expect(changed.slice(0, 8)).toBe(text.slice(0, 8))
    expect(changed[8]).toBe(other.token)
    expect(changed).toHaveLength(20)
    const again = characters.generate(options).begin()
    write(again, 9)
    again.choose(8, other.id)
    expect(write(again, 11)).toBe(changed)
  })

  it('ends where the end is chosen, and goes on from an earlier place', () => {
    const writing = words.generate({ prime: 'the', seed: 3 }).begin()
    write(writing, 2)
    const end = writing.alternatives(1, 100).find((one) => one.end)!
    expect(end.text).toBe('')
    expect(writing.choose(1, end.id)).toBeNull()
    expect([writing.ended, writing.tokens.length]).toEqual([true, 1])
    writing.choose(0, writing.tokens[0].id)
    expect([writing.ended, writing.next() === null]).toEqual([false, false])
  })

  it('refuses places and tokens outside of the text and the vocabulary', () => {
    const writing = words.generate({ prime: 'the', seed: 3 }).begin()
    expect(() => writing.alternatives(1)).toThrow(/from 0 to 0, got 1/)
    expect(() => writing.choose(-1, 2)).toThrow(UsageError)
    expect(() => writing.choose(0, 9999)).toThrow(/id/)
    expect(() => writing.choose(0, words.vocabulary.idOf('<unk>'))).toThrow(/id/)
    expect(() => writing.alternatives(0, 0)).toThrow(UsageError)
  })
})
