/**
 * What the lessons claim about their trained models, measured again on fewer stories: the model files are the
 * ones measured, measured.json is right about them, and docs/lessons.md states its numbers.
 */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import type { measure } from '../demo/lessons/measurements.ts'
import {
  accuracyByDistance,
  cityInfluence,
  gradientByLag,
  keepsAtMove,
  oneMoveStories,
  storyInfluence,
} from '../demo/lessons/measureFacts.ts'
import { keepsByWord, measureKeeps, paragraphAccuracy } from '../demo/lessons/measureParagraph.ts'
import { orderMatters } from '../demo/lessons/measureTraining.ts'
import { FAR, nextWordsOf } from '../demo/lessons/measureNextWords.ts'
import {
  ENGINE,
  LESSON_CELLS,
  MODEL_NAMES,
  type LanguageName,
  type ModelName,
} from '../demo/lessons/models.ts'
import { farTexts, nextWordTexts } from '../demo/lessons/nextWords.ts'
import { rounded, type Share } from '../demo/lessons/spread.ts'
import { LanguageModel, TextClassifier } from '../packages/latch/src/node.ts'

const at = (path: string) => new URL(`../${path}`, import.meta.url)
const bytesOf = (name: ModelName | LanguageName) =>
  readFileSync(at(`packages/studio/public/models/${name}.safetensors`))
const open = (name: ModelName) => TextClassifier.fromBytes(bytesOf(name), name, ENGINE)
const measured: Awaited<ReturnType<typeof measure>> = JSON.parse(
  readFileSync(at('packages/studio/src/lessons/measured.json'), 'utf8'),
)
const gated = ['lstm', 'gru'] as const
const decades = (a: number, b: number) => Math.abs(Math.log10(a / b))

/** Two shares from samples of one population: apart by no more than three standard errors of their difference. */
function expectSameShare(a: Share, b: Share): void {
  const least = 1 / Math.min(a.count, b.count)
  const error = Math.hypot(Math.max(a.standardError, least), Math.max(b.standardError, least))
  expect(Math.abs(a.share - b.share)).toBeLessThanOrEqual(3 * error)
}

test.each(MODEL_NAMES)('%s is the file that was measured', (name) => {
  const bytes = bytesOf(name)
  const { sha256 } = measured.models.find((model) => model.name === name)!
  expect(createHash('sha256').update(bytes).digest('hex')).toBe(sha256)
  expect(bytes.length).toBeLessThan(70_000)
})

describe.each(LESSON_CELLS)('facts, %s', (cell) => {
  const model = open(`facts-${cell}`)
  const claims = measured.facts[cell]

  test('is right as often as stated, at every distance', async () => {
    const distances = [0, 20, 40, 60, 80]
    for (const found of await accuracyByDistance(model, 200, distances)) {
      expectSameShare(
        found,
        claims.accuracy.find(({ distance }) => distance === found.distance)!,
      )
    }
  })

  test('the second city decides, the first is forgotten', () => {
    const story = storyInfluence(model)
    expect(story.answer).toBe('london')
    expect(rounded(story.words.map(({ token }) => token))).toEqual(
      claims.story.words.map(({ token }) => token),
    )
    expect(story.ratio).toBeGreaterThanOrEqual(5)
    expect(decades(story.ratio, claims.story.ratio)).toBeLessThan(0.01)
    const far = cityInfluence(model, oneMoveStories(40, 40))
    expect(far.ratio).toBeGreaterThanOrEqual(5)
    expect(far.fiveTimes.share).toBeGreaterThanOrEqual(cell === 'rnn' ? 0 : 0.9)
    expectSameShare(far.fiveTimes, claims.influence.far.fiveTimes)
  })

  test('the gradient at lag 40 is as large as stated', () => {
    const initial = gradientByLag(model, 30, true)
    expect(decades(initial.ratio.median, claims.gradient.initial.ratio.median)).toBeLessThan(0.3)
    const trained = gradientByLag(model, 60, false)
    // The simple RNN's spreads over eleven orders of magnitude: its median says little.
    const { median, high, low } = claims.gradient.trained.ratio
    expect(decades(trained.ratio.median, median)).toBeLessThan(cell === 'rnn' ? Infinity : 1)
    expect(high / low).toBeGreaterThan(cell === 'rnn' ? 1e6 : 0)
  })
})

describe('what contradicts the lecture', () => {
  test('before training the simple RNN has the longest gradient, the GRU the shortest', () => {
    const [rnn, lstm, gru] = LESSON_CELLS.map((cell) => measured.facts[cell].gradient.initial.ratio.median)
    expect(rnn).toBeGreaterThan(lstm)
    expect(lstm).toBeGreaterThan(1000 * gru)
  })

  test('a trained simple RNN answers over 40 words', () => {
    const far = measured.facts.rnn.accuracy.find(({ distance }) => distance === 40)!
    expect(far.share).toBeGreaterThan(0.95)
  })
})

test.each(gated)('%s keeps less at "moved to CITY" than elsewhere', (cell) => {
  const model = open(`facts-${cell}`)
  const claims = measured.facts[cell].keeps!
  const found = keepsAtMove(model, oneMoveStories(40, 30))
  expect(found.movedToCity.mean).toBeLessThan(found.elsewhere.mean)
  expect(found.movedToCity.mean).toBeCloseTo(claims.movedToCity.mean, 1)
  expect(found.elsewhere.mean).toBeCloseTo(claims.elsewhere.mean, 1)
})

describe.each(gated)('the lecture’s paragraph, %s', (cell) => {
  const model = open(`paragraph-${cell}`)
  const claims = measured.paragraph[cell]

  test('every question is answered right', async () => {
    for (const { share } of Object.values(await paragraphAccuracy(model, 200))) expect(share).toBe(1)
    const says = Object.fromEntries(claims.facts.map((fact) => [fact.fact, fact.says]))
    const right = {
      Gender: 'she',
      Profession: 'doctor',
      Delhi: 'london',
      Hospital: 'research lab',
      London: 'london',
    }
    expect(says).toEqual(right)
  })

  test('keeps of each fact what is stated, and not what the lecture states', () => {
    const found = measureKeeps(model, 20)
    found.forEach(({ fact, paragraph, says }, i) => {
      expect(fact).toBe(claims.facts[i].fact)
      expect(says).toBe(claims.facts[i].says)
      expect(paragraph.toEnd).toBeCloseTo(claims.facts[i].paragraph.toEnd, 3)
      expect(paragraph.gate).toBeCloseTo(claims.facts[i].paragraph.gate, 3)
      expect(paragraph.toEnd).toBeLessThan(0.5)
    })
    keepsByWord(model).forEach(({ keeps }, i) => expect(keeps).toBeCloseTo(claims.words[i].keeps, 3))
  })
})

describe('order matters', () => {
  test.each(LESSON_CELLS)('%s: right as written, by chance when shuffled', async (cell) => {
    const found = await orderMatters(open(`comments-${cell}`))
    expect(rounded(found)).toEqual(measured.trainings!.order[cell])
    expect(found.asWritten.share).toBeGreaterThan(0.95)
    expect(found.shuffled.share).toBeLessThan(0.6)
  })

  test('a bag of words cannot tell the difference', () => {
    const { bag } = measured.trainings!.order
    expect(bag.asWritten.share).toBe(bag.shuffled.share)
    expect(bag.asWritten.share).toBeLessThan(0.7)
  })
})

describe('the next word', () => {
  test.each(['rnn', 'lstm'] as const)('%s is right as often as stated, near and far', (cell) => {
    const model = LanguageModel.fromBytes(bytesOf(`next-${cell}`), cell, ENGINE)
    const claims = measured.nextWords[cell]
    const found = nextWordsOf(model, 150, [0, 5, 20, 40])
    expectSameShare(found.near, claims.near)
    for (const one of found.far)
      expectSameShare(
        one,
        claims.far.find(({ distance }) => distance === one.distance)!,
      )
    expect(rounded(found.sayings)).toEqual(claims.sayings)
    for (const { says, answer } of found.sayings) expect(says).toBe(answer)
  })

  test('the LSTM carries the country farther than the simple RNN, and neither carries it safely', () => {
    const shareAt = (cell: 'rnn' | 'lstm', distance: number) =>
      measured.nextWords[cell].far.find((one) => one.distance === distance)!.share
    for (const distance of FAR.slice(1))
      expect(shareAt('lstm', distance)).toBeGreaterThan(1.5 * shareAt('rnn', distance))
    expect(shareAt('rnn', 40)).toBeLessThan(0.3)
    expect(shareAt('lstm', 40)).toBeLessThan(0.9)
  })

  test('the texts are the same at every call, and of the distance that was asked for', () => {
    expect(nextWordTexts(50, 1)).toEqual(nextWordTexts(50, 1))
    for (const distance of FAR)
      for (const { text } of farTexts(distance, 20)) expect(text.split(' ')).toHaveLength(6 + distance + 3)
  })
})

describe('docs/lessons.md', () => {
  const page = readFileSync(at('docs/lessons.md'), 'utf8')
  const percent = ({ share }: Share) => (100 * share).toFixed(1)

  test.each(LESSON_CELLS)('states the measured accuracies of %s', (cell) => {
    const row = measured.facts[cell].accuracy.filter(({ distance }) => [0, 20, 40, 60, 80].includes(distance))
    expect(cells(page)).toContain([cell, ...row.map(percent)].join('|'))
  })

  test.each(['rnn', 'lstm'] as const)('states how often the next word of %s is right', (cell) => {
    const { near, far } = measured.nextWords[cell]
    expect(cells(page)).toContain([cell, percent(near), ...far.map(percent)].join('|'))
  })

  test.each(['ann', 'bag', ...LESSON_CELLS])('states what order is worth to %s', (kind) => {
    const { asWritten, shuffled } = measured.trainings!.order[kind]
    expect(cells(page)).toContain([kind, percent(asWritten), percent(shuffled)].join('|'))
  })

  test.each(gated)('states what %s keeps of each fact', (cell) => {
    const shares = measured.paragraph[cell].facts.map(({ paragraph }) => paragraph.toEnd.toFixed(2))
    expect(cells(page)).toContain([cell, ...shares].join('|'))
  })
})

/** Rows of all tables without spaces around their cells, so that only the numbers count. */
function cells(page: string): string {
  return page.replace(/ *\| */g, '|')
}
