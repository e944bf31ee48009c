/** Generated tasks: what they promise about order, distance and balance, and that bags of words fail. */
import { describe, expect, test } from 'vitest'
import { CITIES, addingProblem, changingFacts, copyMemory, negationComments } from '../../src/datasets.ts'
import type { LabelledText } from '../../src/datasets.ts'
import { Random } from '../../src/core/random.ts'

const bag = (text: string): string => text.split(' ').sort().join(' ')

/** Accuracy of naive Bayes on word counts (add-one smoothing). */
function naiveBayes(train: LabelledText[], held: LabelledText[]): number {
  const weights = new Map<string, [number, number]>()
  const totals = [0, 0]
  for (const { text, label } of train) {
    for (const word of text.split(' ')) {
      const counts = weights.get(word) ?? [1, 1]
      counts[label === 'positive' ? 1 : 0]++
      totals[label === 'positive' ? 1 : 0]++
      weights.set(word, counts)
    }
  }
  return accuracy(held, (words) =>
    words.reduce((sum, word) => {
      const [negative, positive] = weights.get(word) ?? [1, 1]
      return sum + Math.log(positive / totals[1]) - Math.log(negative / totals[0])
    }, 0),
  )
}

/** Accuracy of a bag of words through one hidden tanh layer, trained by plain stochastic descent. */
function bagNetwork(train: LabelledText[], held: LabelledText[], hidden = 32, epochs = 12): number {
  const random = new Random(1, 'bag')
  const wordWeights = new Map<string, Float64Array>()
  const out = Float64Array.from({ length: hidden }, () => random.between(-0.3, 0.3))
  const weightsOf = (word: string): Float64Array => {
    const known =
      wordWeights.get(word) ?? Float64Array.from({ length: hidden }, () => random.between(-0.3, 0.3))
    wordWeights.set(word, known)
    return known
  }
  const states = (words: readonly string[]): Float64Array => {
    const sums = new Float64Array(hidden)
    for (const word of words) weightsOf(word).forEach((weight, unit) => (sums[unit] += weight))
    return sums.map(Math.tanh)
  }
  const score = (h: Float64Array): number => h.reduce((sum, value, unit) => sum + value * out[unit], 0)
  for (let epoch = 0; epoch < epochs; epoch++) {
    const rate = 0.05 / (1 + epoch / 4)
    for (const { text, label } of random.shuffle([...train])) {
      const words = text.split(' ')
      const h = states(words)
      const error = 1 / (1 + Math.exp(-score(h))) - (label === 'positive' ? 1 : 0)
      const dh = h.map((value, unit) => error * out[unit] * (1 - value * value))
      h.forEach((value, unit) => (out[unit] -= rate * error * value))
      for (const word of words) {
        const weights = weightsOf(word)
        dh.forEach((slope, unit) => (weights[unit] -= rate * slope))
      }
    }
  }
  return accuracy(held, (words) => score(states(words)))
}

function accuracy(held: LabelledText[], score: (words: string[]) => number): number {
  const right = held.filter(({ text, label }) => score(text.split(' ')) > 0 === (label === 'positive'))
  return right.length / held.length
}

describe('comments with negation', () => {
  const train = negationComments({ count: 4000, seed: 1 })
  const held = negationComments({ count: 1000, seed: 1, test: true })

  test('are balanced, repeatable, and differ by seed', () => {
    expect(train.length).toBe(4000)
    expect(train.filter(({ label }) => label === 'positive').length).toBe(2000)
    expect(held.filter(({ label }) => label === 'positive').length).toBe(500)
    expect(negationComments({ count: 4000, seed: 1 })).toEqual(train)
    expect(negationComments({ count: 4000, seed: 2 })).not.toEqual(train)
    expect(negationComments({ count: 3, seed: 2 }).length).toBe(3)
  })

  test('the same words stand under both labels, and the same text never does', () => {
    const labelsOf = (key: (text: string) => string): Map<string, Set<string>> => {
      const found = new Map<string, Set<string>>()
      for (const { text, label } of train)
        found.set(key(text), (found.get(key(text)) ?? new Set()).add(label))
      return found
    }
    const bags = labelsOf(bag)
    const shared = train.filter(({ text }) => bags.get(bag(text))?.size === 2).length / train.length
    expect(shared).toBeGreaterThan(0.75)
    expect([...labelsOf((text) => text).values()].every((labels) => labels.size === 1)).toBe(true)
  })

  test('the test part and the training part share no set of words, but every word', () => {
    const bags = new Set(train.map(({ text }) => bag(text)))
    expect(held.filter(({ text }) => bags.has(bag(text)))).toEqual([])
    const known = new Set(train.flatMap(({ text }) => text.split(' ')))
    expect(held.flatMap(({ text }) => text.split(' ')).filter((word) => !known.has(word))).toEqual([])
  })

  test('bags of words fail: naive Bayes and a hidden layer stay below 0.80', () => {
    expect(naiveBayes(train, held)).toBeLessThan(0.65)
    expect(bagNetwork(train, held)).toBeLessThan(0.8)
  })
})

describe('changing facts', () => {
  test.each([0, 1, 7, 40])('the deciding fact stands %i tokens before the question', (distance) => {
    for (const { text, label } of changingFacts({ count: 300, distance, seed: 5, people: 3 })) {
      const tokens = text.split(' ')
      const [person] = tokens.slice(-3)
      expect(tokens.slice(-5)).toEqual(['where', 'does', person, 'live', '?'])
      const fact = tokens.slice(-5 - distance - 5, tokens.length - 5 - distance)
      expect(fact.join(' ')).toMatch(new RegExp(`^${person} (lives in|moved to) ${label} \\.$`))
      expect(tokens.slice(tokens.length - 5 - distance, -5)).not.toContain(person)
    }
  })

  test('a range of distances is met from end to end, each story exactly', () => {
    const found = new Set<number>()
    for (const { text } of changingFacts({ count: 300, distance: [2, 9], seed: 1 })) {
      const tokens = text.split(' ').slice(0, -5)
      found.add(tokens.length - tokens.lastIndexOf(text.split(' ').at(-3) as string) - 5)
    }
    expect([...found].sort((a, b) => a - b)).toEqual([2, 3, 4, 5, 6, 7, 8, 9])
    expect(() => changingFacts({ count: 1, distance: [5, 4], seed: 1 })).toThrow(
      'distance: expected an integer of at least 5, got 4',
    )
  })

  test('people move never, once and twice; others distract; labels are level', () => {
    const stories = changingFacts({ count: 3000, distance: 40, seed: 1 })
    const facts = (text: string, person: string): number =>
      text.split(new RegExp(`${person} (?:lives|moved)`)).length - 1
    const moves = stories.map(({ text }) => facts(text, text.split(' ').at(-3) as string) - 1)
    for (const count of [0, 1, 2]) expect(moves.filter((move) => move === count).length).toBeGreaterThan(800)
    expect(Math.max(...moves)).toBe(2)
    for (const city of CITIES) {
      const share = stories.filter(({ label }) => label === city).length / stories.length
      expect(Math.abs(share - 1 / 6)).toBeLessThan(0.03)
    }
    expect(changingFacts({ count: 3000, distance: 40, seed: 1 })).toEqual(stories)
  })

  test('the last city mentioned is no answer: somebody else moves there', () => {
    const lastCity = (text: string): string | undefined =>
      text.match(/(?:in|to) (\w+) \.(?!.*(?:in|to) \w+ \.)/)?.[1]
    const stories = changingFacts({ count: 2000, distance: 40, seed: 1 })
    const right = stories.filter(({ text, label }) => lastCity(text) === label).length / stories.length
    expect(right).toBeLessThan(0.5)
  })
})

test('adding problem: one mark in each half, target their sum, variance 1/6', () => {
  const { features, targets, steps } = addingProblem({ count: 2000, steps: 11, seed: 1 })
  expect([features.length, targets.length, steps]).toEqual([44_000, 2000, 11])
  let squares = 0
  for (let row = 0; row < 2000; row++) {
    const marked = Array.from({ length: 11 }, (_, step) => step).filter(
      (step) => features[(row * 11 + step) * 2 + 1] === 1,
    )
    expect(marked.length).toBe(2)
    expect(marked[0]).toBeLessThan(5)
    expect(marked[1]).toBeGreaterThanOrEqual(5)
    const sum = marked.reduce((total, step) => total + features[(row * 11 + step) * 2], 0)
    expect(targets[row]).toBeCloseTo(sum, 6)
    squares += (targets[row] - 1) ** 2
  }
  expect(squares / 2000).toBeCloseTo(1 / 6, 1)
  expect(addingProblem({ count: 2000, steps: 11, seed: 1 }).features).toEqual(features)
})

test('copy memory: symbols, blanks, marker; the answer after it', () => {
  const { inputs, targets, steps, classes } = copyMemory({
    count: 50,
    blanks: 6,
    symbols: 3,
    length: 4,
    seed: 1,
  })
  expect([steps, classes, inputs.length, targets.length]).toEqual([14, 5, 700, 700])
  for (let row = 0; row < 50; row++) {
    const input = [...inputs.subarray(row * steps, (row + 1) * steps)]
    const target = [...targets.subarray(row * steps, (row + 1) * steps)]
    expect(input.slice(0, 4).every((symbol) => symbol >= 1 && symbol <= 3)).toBe(true)
    expect(input.slice(4)).toEqual([0, 0, 0, 0, 0, 4, 0, 0, 0, 0])
    expect(target).toEqual([...Array<number>(10).fill(0), ...input.slice(0, 4)])
  }
})

test('impossible options are refused by name', () => {
  expect(() => negationComments({ count: 0, seed: 1 })).toThrow(
    'count: expected an integer of at least 1, got 0',
  )
  expect(() => changingFacts({ count: 1, distance: -1, seed: 1 })).toThrow(
    'distance: expected an integer of at least 0, got -1',
  )
  expect(() => changingFacts({ count: 1, distance: 4, seed: 1, people: 9 })).toThrow(
    'people: expected an integer from 1 to 6, got 9',
  )
  expect(() => addingProblem({ count: 1, steps: 1, seed: 1 })).toThrow(
    'steps: expected an integer of at least 2, got 1',
  )
  expect(() => copyMemory({ count: 1, blanks: 0, seed: 1 })).toThrow(
    'blanks: expected an integer of at least 1, got 0',
  )
})
