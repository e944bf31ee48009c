/** An error on one of many inputs carries its row, as data and in its message (cases 49 and 53). */
import { describe, expect, test } from 'vitest'
import { LatchError } from '../../src/core/errors.ts'
import { SequenceModel } from '../../src/tasks/sequenceModel/sequenceModel.ts'
import { textClassifier } from '../../src/node.ts'
import { nextLetter, oneNumber } from './sequenceModel/sequenceFixtures.ts'

const letters = SequenceModel.fromImported(nextLetter())
const numbers = SequenceModel.fromImported(oneNumber())

async function failureOf(action: () => unknown): Promise<LatchError> {
  try {
    await action()
  } catch (error) {
    return error as LatchError
  }
  return expect.fail('it should have failed')
}

describe('predict', () => {
  test.each([
    ['a token', () => letters.predict(['abc', 'cab', 'a#']), 2, 'row 2, text, token 1: expected a token'],
    ['an empty text', () => letters.predict(['abc', '']), 1, 'row 1, input: expected at least one step'],
    [
      'a width',
      () => numbers.predict([[[1, 2, 3]], [[1, 2]]]),
      1,
      'row 1, input, step 0: expected 3 features, got 2',
    ],
    [
      'a number that is infinite in 32 bits',
      () => numbers.predict([[[1, 2, 3]], [[1, 1e300, 3]]]),
      1,
      'row 1, input, step 0, feature 1: expected a finite 32-bit number, got 1e+300',
    ],
    ['not a number', () => numbers.predict([[[NaN, 2, 3]]]), 0, 'row 0, input, step 0, feature 0'],
  ])('%s', async (_, action, row, message) => {
    const error = await failureOf(action)
    expect(error).toBeInstanceOf(LatchError)
    expect(error.row).toBe(row)
    expect(error.message).toContain(message)
    expect(error.message.startsWith(error.where)).toBe(true)
  })

  test('one input has no row', async () => {
    const error = await failureOf(() => letters.predict('a#'))
    expect([error.row, error.where]).toEqual([undefined, 'text, token 1'])
  })
})

describe('fit and evaluate', () => {
  test.each([
    ['input', { input: [[1, 2]], target: 1 }, 'row 1, input, step 0: expected 3 features, got 2'],
    ['a large input', { input: [[1, 2, 1e39]], target: 1 }, 'row 1, input, step 0, feature 2'],
    [
      'target',
      { input: [[1, 2, 3]], target: NaN },
      'row 1, target: expected a finite 32-bit number, got NaN',
    ],
    ['a large target', { input: [[1, 2, 3]], target: -1e300 }, 'row 1, target'],
  ])('%s', async (_, bad, message) => {
    const rows = [{ input: [[1, 2, 3]], target: 1 }, bad]
    expect((await failureOf(() => numbers.fit(rows))).message).toContain(message)
    expect((await failureOf(() => numbers.evaluate(rows))).message).toContain(message)
    const validated = await failureOf(() => numbers.fit(rows.slice(0, 1), { validation: rows }))
    expect(validated.message).toContain(`validation ${message}`)
  })

  test('a label that the classifier lacks', async () => {
    const model = textClassifier({ units: 4, labels: ['good', 'bad'], engine: 'simd' })
    const rows = ['good', 'bad', '', 'odd'].map((label) => ({ text: 'a b', label }))
    const error = await failureOf(() => model.fit(rows, { text: 'text', label: 'label' }))
    expect([error.row, error.where]).toEqual([3, 'row 3, label'])
  })
})
