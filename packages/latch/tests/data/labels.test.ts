/** The order of labels that are learned: numbers by size, names by their characters. */
import { expect, test } from 'vitest'
import { sortLabels } from '../../src/data/labels.ts'
import { naiveBayes } from '../../src/tasks/baselines/naiveBayes.ts'
import { textClassifier } from '../../src/tasks/textClassifier/textClassifier.ts'
import { quick, tiny } from '../tasks/textClassifier/classifierHelpers.ts'

test.each([
  [
    ['10', '9', '2', '9'],
    ['2', '9', '10'],
  ],
  [
    ['1.5', '-3', '1e1', '0'],
    ['-3', '0', '1.5', '1e1'],
  ],
  [
    ['1', '01', '1.0'],
    ['01', '1', '1.0'],
  ],
  [
    ['b', '10', '9'],
    ['10', '9', 'b'],
  ],
  [
    ['b', 'B', 'a'],
    ['B', 'a', 'b'],
  ],
  [
    ['10', '9', ''],
    ['', '10', '9'],
  ],
])('%j', (labels, sorted) => {
  expect(sortLabels(labels)).toEqual(sorted)
  expect(sortLabels([...labels].reverse())).toEqual(sorted)
})

test('stars from 1 to 10 are classes in that order', async () => {
  const rows = Array.from({ length: 40 }, (_, i) => ({ text: `word${i % 10}`, label: (i % 10) + 1 }))
  const model = textClassifier(tiny)
  await model.fit(rows, { ...quick, epochs: 1 })
  const inOrder = ['1', '2', '3', '4', '5', '6', '7', '8', '9', '10']
  expect(model.labels).toEqual(inOrder)
  expect(naiveBayes(rows, { text: 'text', label: 'label' }).labels).toEqual(inOrder)
})
