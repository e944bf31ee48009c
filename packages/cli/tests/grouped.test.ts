/** What is true of many layers is written once. */
import { expect, test } from 'vitest'
import { grouped } from '../src/info/grouped.ts'

test('equal sentences are said once', () => {
  const acts = ', which is active only in training'
  const left = ['gru', 'gru_1'].flatMap((name) => [
    `${name}: dropout 0.5${acts}`,
    `${name}: recurrent_dropout 0.25${acts}`,
  ])
  expect(
    grouped([
      ...left,
      'optimizer state',
      `d: Dropout${acts}`,
      'tensor a',
      'tensor b.c',
      'layer x',
      'e: relu',
    ]),
  ).toEqual([
    'gru, gru_1: dropout 0.5 and recurrent_dropout 0.25, which are active only in training',
    'optimizer state',
    `d: Dropout${acts}`,
    'tensors a, b.c',
    'layer x',
    'e: relu',
  ])
  expect(grouped([])).toEqual([])
})
