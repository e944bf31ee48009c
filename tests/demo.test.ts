/** The demo's parts: what it learns from, what it is tested on, and that a tiny version of it learns. */
import { describe, expect, test } from 'vitest'
import { francAll } from 'franc'
import { data } from '../node_modules/franc/data.js'
import { expressions } from '../node_modules/franc/expressions.js'
import { cropRows, isHeldOut, readDeclarations, splitSentences } from '../demo/declarations.ts'
import { detector } from '../demo/detector.ts'
import { EVERYDAY } from '../demo/everyday.ts'
import { LANGUAGES } from '../demo/languages.ts'
import { PIECES, recipe } from '../demo/recipe.ts'
import { confusions, mistakes, accuracy, shortened } from '../demo/scores.ts'
import { SHORT } from '../demo/shortSentences.ts'
import { byLength } from '../demo/showScores.ts'
import { countUntilStable } from '../demo/showSentences.ts'
import { bareText, frequentWords, trainingRows } from '../demo/talk.ts'
import { textClassifier } from '../packages/latch/src/node.ts'

const parts = readDeclarations(LANGUAGES)
const names = LANGUAGES.map(({ name }) => name)

describe('the languages', () => {
  test('are 44, each once, and franc knows them all', () => {
    const known = new Set(Object.values(data as Record<string, object>).flatMap(Object.keys))
    for (const script of Object.keys(expressions)) known.add(script)
    expect(LANGUAGES).toHaveLength(44)
    expect(new Set(names).size).toBe(LANGUAGES.length)
    expect(new Set(LANGUAGES.map(({ iso }) => iso)).size).toBe(LANGUAGES.length)
    expect(LANGUAGES.filter(({ iso }) => !known.has(iso))).toEqual([])
    expect(francAll('The weather is fine today.').map(([iso]) => iso)).toContain('eng')
  })

  test('are those of the everyday sentences: two each, none twice', () => {
    expect(EVERYDAY.filter(({ language }) => !names.includes(language))).toEqual([])
    for (const name of names)
      expect(
        EVERYDAY.filter(({ language }) => language === name),
        name,
      ).toHaveLength(2)
    expect(new Set(EVERYDAY.map(({ text }) => text)).size).toBe(EVERYDAY.length)
  })

  test('are those of the short sentences: three each, as typed, and no sentence of the test is in training', () => {
    for (const name of names)
      expect(SHORT.filter(({ language }) => language === name).length, name).toBeGreaterThanOrEqual(3)
    expect(new Set(SHORT.map(({ text }) => text)).size).toBe(SHORT.length)
    expect(SHORT.filter(({ text }) => Array.from(text).length > 40)).toEqual([])
    const plain = SHORT.filter(({ text }) => !/[^\p{L}\p{M}]$/u.test(text))
    expect(plain.length).toBeGreaterThanOrEqual(40)
    const rows = trainingRows(parts.training, PIECES)
    // More would take longer than a minute on two cores.
    expect(rows.length).toBeLessThan(310_000)
    const trained = new Set(rows.map(({ text }) => bareText(text)))
    const tested = [...parts.heldOut, ...EVERYDAY, ...SHORT]
    expect(tested.filter(({ text }) => trained.has(bareText(text)))).toEqual([])
  })

  test('franc predicted with their names, for short text too', () => {
    const ask = detector(LANGUAGES)
    expect(ask('Where is the railway station, and when does the next train leave?')).toBe('English')
    expect(names).toContain(ask('Guten Tag'))
    expect(ask('12345')).toBeNull()
  })
})

describe('the two parts', () => {
  test('share no article, and every language has both', () => {
    expect(parts.training.filter(({ article }) => isHeldOut(article))).toEqual([])
    expect(parts.heldOut.filter(({ article }) => !isHeldOut(article))).toEqual([])
    const numbers = (language: string) => {
      const articles = parts.heldOut.filter((one) => one.language === language).map(({ article }) => article)
      return [...new Set(articles)]
    }
    for (const name of names) expect(numbers(name), name).toEqual([5, 10, 15, 20, 25, 30])
    const trained = new Set(parts.training.map(({ article }) => article))
    expect([...trained].sort((a, b) => a - b)).toEqual(
      Array.from({ length: 31 }, (_, article) => article).filter((article) => !isHeldOut(article)),
    )
  })

  test('share no sentence', () => {
    const seen = new Set(parts.training.map(({ text }) => text))
    expect(parts.heldOut.filter(({ text }) => seen.has(text))).toEqual([])
  })

  test('are plain text', () => {
    const odd = [...parts.training, ...parts.heldOut].filter(({ text }) => /[<>]|&#|&amp;|\s\s/.test(text))
    expect(odd).toEqual([])
  })
})

test('sentences end at the marks of their script', () => {
  const sentences = ['One sentence is here.', 'Another is there;', 'and more?']
  expect(splitSentences(`${sentences.join(' ')} 5.`)).toEqual(sentences)
  expect(splitSentences('すべての人は自由である。何人も奴隷にされない。')).toHaveLength(2)
})

describe('the pieces', () => {
  const options = { seed: 3, least: 6, most: 30, each: 40 }

  test('are parts of training sentences of their own language, of the wanted length', () => {
    const rows = cropRows(parts.training, options)
    expect(rows).toHaveLength(40 * LANGUAGES.length)
    for (const { text, language } of rows) {
      const own = parts.training.filter((one) => one.language === language)
      expect(
        own.some((one) => one.text.includes(text)),
        text,
      ).toBe(true)
      expect(Array.from(text).length).toBeLessThanOrEqual(options.most)
    }
  })

  test('are the same for the same seed only', () => {
    const some = parts.training.filter(({ language }) => language === 'Dutch')
    expect(cropRows(some, options)).toEqual(cropRows(some, options))
    expect(cropRows(some, { ...options, seed: 4 })).not.toEqual(cropRows(some, options))
  })
})

describe('the runs of words', () => {
  const options = { ...PIECES, each: 200 }
  const rows = trainingRows(parts.training, options)
  const count = (name: string) => rows.filter(({ language }) => language === name).length

  test('are as many as asked for, fewer where the script names the language', () => {
    expect(count('German')).toBe(200)
    expect(count('Greek')).toBe(24)
    expect(count('Hindi')).toBe(24)
    expect(rows.every(({ text }) => text !== '' && Array.from(text).length <= options.most)).toBe(true)
  })

  test('are words of the language in its script, the most frequent first', () => {
    const declaration = (name: string) =>
      parts.training
        .filter(({ language }) => language === name)
        .map(({ text }) => text)
        .join(' ')
    expect(frequentWords('German', declaration('German'), 20)).toContain('ich')
    expect(frequentWords('English', declaration('English'), 20)).toContain('you')
    expect(frequentWords('French', declaration('French'), 20)).toContain('je')
    expect(frequentWords('Urdu', declaration('Urdu'), 1500).length).toBeGreaterThan(200)
    const ukrainian = frequentWords('Ukrainian', declaration('Ukrainian'), 1500)
    expect(ukrainian.filter((word) => /[ыэёъ]/.test(word))).toEqual([])
    expect(ukrainian).toContain('що')
    const latin = frequentWords('Japanese', declaration('Japanese'), 1500).filter((word) =>
      /[a-z]/.test(word),
    )
    expect(latin).toEqual([])
  })

  test('are the same for the same seed only', () => {
    expect(trainingRows(parts.training, options)).toEqual(rows)
    expect(trainingRows(parts.training, { ...options, seed: 2 })).not.toEqual(rows)
  })
})

test('texts are grouped by their length in characters', () => {
  const rows = ['ab', 'abc', 'abcd', '𝒜𝒷'].map((text) => ({ text, language: 'A' }))
  expect(byLength(rows, [2, 3]).map(([name, group]) => [name, group.length])).toEqual([
    ['1 to 2 characters', 2],
    ['3 to 3 characters', 1],
    ['4 characters or more', 1],
  ])
})

test('scores count correct and confused languages', () => {
  const rows = [
    { text: 'aaaa', language: 'A' },
    { text: 'bbbb', language: 'B' },
    { text: 'cccc', language: 'B' },
  ]
  const predicted = ['A', 'A', 'A']
  expect(accuracy(rows, predicted)).toBeCloseTo(1 / 3)
  expect(confusions(mistakes(rows, predicted))).toEqual([{ language: 'B', predicted: 'A', count: 2 }])
  expect(shortened(rows, 2)[1].text).toBe('bb')
  expect(countUntilStable(['B', 'A', 'B', 'A', 'A'], 'A')).toBe(4)
  expect(countUntilStable(['A', 'A'], 'A')).toBe(1)
})

test('four languages and two rounds are enough to learn something, and to trace it', async () => {
  const four = LANGUAGES.filter(({ name }) => ['English', 'Finnish', 'Greek', 'Thai'].includes(name))
  const small = readDeclarations(four)
  const rows = cropRows(small.training, { ...PIECES, each: 150 })
  const plan = recipe(rows.length * 2)
  const model = textClassifier({ ...plan.network, units: 24, minimumCount: 2 })
  await model.fit(rows, { text: 'text', label: 'language', ...plan.training, epochs: 2 })
  const predicted = model.predict(small.heldOut.map(({ text }) => text)).map(({ label }) => label)
  expect(accuracy(small.heldOut, predicted)).toBeGreaterThan(0.6)
  const trace = model.trace('Good morning', { label: 'English' })
  expect(trace.steps).toHaveLength(12)
  expect(trace.steps[0].gates.update).toHaveLength(24)
})
