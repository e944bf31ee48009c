/** Beam search against every continuation there is, on language models and on models of a window. */
import { beforeAll, describe, expect, it } from 'vitest'
import { UnsupportedError, UsageError } from '../../src/core/errors.ts'
import { exponential, logarithm } from '../../src/core/portableMath.ts'
import { flatten, gru, languageModel, sequenceModel, type LanguageModel } from '../../src/node.ts'

const TEXTS = ['a b', 'a b c', 'b b a', 'c', 'c a c', 'a a b c', 'b']

async function model(endToken: boolean): Promise<LanguageModel> {
  const found = languageModel({
    tokens: 'words',
    units: 8,
    embedding: 4,
    minimumCount: 1,
    endToken,
    engine: 'reference',
  })
  await found.fit(TEXTS, { epochs: 3, batchSize: 2, validation: 0, learningRate: 0.05 })
  return found
}

interface Known {
  text: string
  tokens: string[]
  logProbability: number
}

/** Every continuation of at most `length` tokens; those that ended, and those of the full length. */
function everyContinuation(found: LanguageModel, prime: string, length: number): Known[] {
  const all: Known[] = []
  const extend = (tokens: string[], logProbability: number) => {
    if (tokens.length === length || tokens.at(-1) === '<end>') {
      const text = tokens
        .filter((token) => token !== '<end>')
        .map((token, i) => (i > 0 || prime ? ` ${token}` : token))
      all.push({ text: text.join(''), tokens, logProbability })
      return
    }
    const read = [prime, ...tokens].join(' ').trim()
    const { probabilities } = found.predict(read)
    for (const [token, probability] of Object.entries(probabilities))
      if (token !== '<unk>' && token !== '<unknown>')
        extend([...tokens, token], logProbability + Math.log(probability))
  }
  extend([], 0)
  return all.sort((x, y) => y.logProbability - x.logProbability)
}

describe.each([
  ['with an end token', true, ''],
  ['with an end token, after a prime', true, 'a b'],
  ['without one', false, 'c'],
])('beam search %s', (_, endToken, prime) => {
  let found: LanguageModel
  beforeAll(async () => {
    found = await model(endToken)
  })

  it('of every beginning finds the likeliest of all continuations, in order', () => {
    const every = everyContinuation(found, prime, 4)
    expect(every.length).toBeGreaterThan(80)
    const searched = found.beamSearch({ prime, length: 4, beams: 200 })
    expect(searched).toHaveLength(Math.min(200, every.length))
    searched.forEach(({ text, tokens, logProbability, score }, i) => {
      expect(tokens).toEqual(every[i].tokens)
      expect(text).toBe(every[i].text)
      expect(logProbability).toBeCloseTo(every[i].logProbability, 5)
      expect(score).toBe(logProbability)
    })
  })

  it('of one beginning takes the likeliest token at each step', () => {
    const [only, ...others] = found.beamSearch({ prime, length: 6, beams: 1 })
    expect(others).toEqual([])
    expect(only.text.trimStart()).toBe(
      found.generate({ prime, length: 6, temperature: 0 }).text().trimStart(),
    )
  })

  it('with few beginnings is as good as with one, and gives the same each time', () => {
    const few = found.beamSearch({ prime, length: 6, beams: 3 })
    expect(few).toHaveLength(3)
    const [one] = found.beamSearch({ prime, length: 6, beams: 1 })
    expect(few[0].logProbability).toBeGreaterThanOrEqual(one.logProbability)
    expect(found.beamSearch({ prime, length: 6, beams: 3 })).toEqual(few)
  })
})

describe('beam search', () => {
  it('compares by the length penalty, and finds the best of all', async () => {
    const found = await model(true)
    const penalised = everyContinuation(found, '', 4)
      .map((known) => ({ ...known, score: known.logProbability / ((5 + known.tokens.length) / 6) ** 3 }))
      .sort((x, y) => y.score - x.score)
    const searched = found.beamSearch({ length: 4, beams: 200, lengthPenalty: 3 })
    searched.slice(0, 20).forEach(({ text, score }, i) => {
      expect(text).toBe(penalised[i].text)
      expect(score).toBeCloseTo(penalised[i].score, 5)
    })
    const [likeliest] = found.beamSearch({ length: 4, beams: 200 })
    expect(searched[0].tokens.length).toBeGreaterThan(likeliest.tokens.length)
  })

  it('ends before a stop text', async () => {
    const found = await model(false)
    const searched = found.beamSearch({ prime: 'a', length: 5, beams: 8, stop: ['c', 'b b'] })
    expect(searched.some(({ tokens }) => tokens.at(-1) === 'c')).toBe(true)
    for (const { text, tokens } of searched) {
      expect(text).not.toMatch(/c|b b/)
      expect(tokens.slice(0, -1)).not.toContain('c')
    }
  })

  it('of a model with a window of steps reads the last ones of each text', () => {
    const vocabulary = ['a', 'b', 'c']
    const found = sequenceModel({
      input: { vocabulary, tokens: 'chars', embedding: 'oneHot' },
      layers: [gru(4, { returnSequences: true }), flatten(2)],
      output: { classes: vocabulary },
      seed: 4,
    })
    const every: { text: string; logProbability: number }[] = []
    for (const first of vocabulary)
      for (const second of vocabulary) {
        const one = found.predict('ab').probabilities![first]
        const two = found.predict(`b${first}`).probabilities![second]
        every.push({ text: first + second, logProbability: Math.log(one) + Math.log(two) })
      }
    every.sort((x, y) => y.logProbability - x.logProbability)
    const searched = found.beamSearch({ prime: 'ab', length: 2, beams: 9 })
    expect(searched.map(({ text }) => text)).toEqual(every.map(({ text }) => text))
  })

  it('names the option that does not fit', async () => {
    const found = await model(true)
    expect(() => found.beamSearch({ beams: 0 })).toThrow(/beamSearch option beams: .*1 to 1000, got 0/)
    expect(() => found.beamSearch({ lengthPenalty: -1 })).toThrow(/beamSearch option lengthPenalty/)
    expect(() => found.beamSearch({ length: 0 })).toThrow(UsageError)
    expect(() => found.beamSearch({ temperature: 1 } as never)).toThrow(/beamSearch option temperature/)
    const numbers = sequenceModel({ input: { features: 1 }, layers: [gru(2)], output: { values: 1 } })
    expect(() => numbers.beamSearch({})).toThrow(UnsupportedError)
    expect(() => numbers.beamSearch({})).toThrow(/^beamSearch: /)
  })
})

describe('portable functions', () => {
  it('are those of Math to the last bits', () => {
    for (let i = 0; i < 2000; i++) {
      const x = 2 ** ((i * 37) % 600) * (1 + i / 2000) * 2 ** -300
      expect(Math.abs(logarithm(x) - Math.log(x))).toBeLessThanOrEqual(
        4e-16 * Math.max(1, Math.abs(Math.log(x))),
      )
      const y = -i / 4
      expect(Math.abs(exponential(y) / Math.exp(y) - 1)).toBeLessThanOrEqual(2e-15)
    }
    expect([logarithm(1), exponential(0), exponential(-1e9)]).toEqual([0, 1, 0])
  })
})
