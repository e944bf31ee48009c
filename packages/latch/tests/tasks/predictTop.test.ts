/** The most likely labels of a prediction, in order: `predict(…, { top })`. */
import { describe, expect, test } from 'vitest'
import { UsageError } from '../../src/core/errors.ts'
import { SequenceModel } from '../../src/tasks/sequenceModel/sequenceModel.ts'
import { nextLetter, oneNumber, threeClasses } from './sequenceModel/sequenceFixtures.ts'
import { comments, THREE, trained } from './textClassifier/classifierHelpers.ts'

const texts = ['the soup was awful', 'lovely coffee', 'a strange view', '']
const model = await trained({}, { epochs: 2 }, comments(48, 1, THREE))
const [rows, other] = [
  [
    [1, 0, -1],
    [0.5, 1, 0],
  ],
  [[0, 0, 2]],
]
const sequence = () => SequenceModel.fromImported(threeClasses())

describe('top', () => {
  test('lists labels and probabilities, the most likely first', () => {
    for (const prediction of model.predict(texts, { top: 3 })) {
      const { top, label, probabilities } = prediction
      const sorted = Object.values(probabilities).sort((a, b) => b - a)
      expect(top!.map(({ probability }) => probability)).toEqual(sorted)
      expect(top!.map((one) => probabilities[one.label as never])).toEqual(sorted)
      expect(top![0].label).toBe(label)
    }
  })

  test('has as many as asked for, at most all', () => {
    const counts = [1, 2, 3, 9].map((top) => model.predict(texts[0], { top }).top!.length)
    expect(counts).toEqual([1, 2, 3, 3])
  })

  test('is absent without the option, and changes nothing else', () => {
    const { top, ...rest } = model.predict(texts[0], { top: 2 })
    expect(top).toHaveLength(2)
    expect(model.predict(texts[0])).toStrictEqual(rest)
    expect(model.predict(texts)[0]).toStrictEqual(rest)
  })

  test('begins with the label where probabilities are equal', () => {
    const imported = threeClasses()
    for (const weights of imported.weights.values()) (weights as Float32Array).fill(0)
    const { label, top } = SequenceModel.fromImported(imported).predict(rows, { top: 3 })
    expect(label).toBe('low')
    expect(top!.map((one) => one.label)).toEqual(['low', 'middle', 'high'])
  })

  test('of a sequence model, also one that keeps its state', () => {
    const plain = sequence()
    const [first] = plain.predict([rows, other], { top: 1 })
    expect(first.top).toEqual([{ label: first.label, probability: first.probabilities![first.label!] }])
    const letters = SequenceModel.fromImported(nextLetter())
    const { top, label } = letters.predict('ab', { top: 2, stateful: true })
    expect([top!.length, top![0].label]).toEqual([2, label])
  })
})

describe('refuses', () => {
  test.each([0, -1, 1.5, NaN, Infinity, '2'])('top: %j', (top) => {
    for (const input of [texts[0], texts, []]) {
      const call = () => model.predict(input as string, { top: top as number })
      expect(call).toThrow(UsageError)
      expect(call).toThrow(/predict option top: expected a positive integer, got /)
    }
  })

  test('top of a model of numbers, with the remedy', () => {
    const numbers = SequenceModel.fromImported(oneNumber())
    const call = () => numbers.predict(rows, { top: 1 })
    expect(call).toThrow(UsageError)
    expect(call).toThrow(/expected a model of labels, got a model of numbers\. Omit `top`/)
    expect(numbers.predict(rows)).not.toHaveProperty('top')
  })

  test('an unknown option of a text classifier', () => {
    const call = () => model.predict(texts[0], { tops: 3 } as object)
    expect(call).toThrow(UsageError)
    expect(call).toThrow('predict option tops: expected the option top, got "tops"')
  })
})
