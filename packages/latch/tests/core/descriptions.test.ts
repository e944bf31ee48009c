/** Values in messages, and names that were meant. */
import { expect, test } from 'vitest'
import { closestName } from '../../src/core/knownNames.ts'
import { describeTyped } from '../../src/core/typedValues.ts'
import { textClassifier } from '../../src/tasks/textClassifier/textClassifier.ts'

test.each([
  ['64', '"64" (string)'],
  ['-0.5', '"-0.5" (string)'],
  ['true', '"true" (string)'],
  ['null', '"null" (string)'],
  ['lstm', '"lstm"'],
  [64, '64'],
  [true, 'true'],
])('%j is described with its type where that is not clear', (value, words) => {
  expect(describeTyped(value)).toBe(words)
})

test('an option of the wrong type shows it', () => {
  expect(() => textClassifier({ units: '64' as never })).toThrow(
    'option units: expected a whole number from 1 to 1048576, got "64" (string)',
  )
  expect(() => textClassifier({ bidirectional: 'true' as never })).toThrow('got "true" (string)')
})

test('the closest name: misspelt, in other case, abbreviated; none is far away', () => {
  const names = ['Text', 'label', 'learningRate']
  expect(['text', 'TEXT', 'lable', 'lr', 'xyz'].map((name) => closestName(name, names))).toEqual([
    'Text',
    'Text',
    'label',
    'learningRate',
    undefined,
  ])
})

test('a long name is not compared with others', () => {
  const long = 'a'.repeat(200_000)
  expect(closestName(long, [`${long}b`])).toBeUndefined()
})
