/**
 * The generated tasks: what order and memory ask of a network. Simple RNN's figures stand beside the
 * gated cells' as measured, without a bar.
 */
import { describe, expect, it } from 'vitest'
import { changingFacts, negationComments } from '../../packages/latch/src/datasets.ts'
import {
  textClassifier,
  type CellChoice,
  type ClassifierFitOptions,
  type ClassifierOptions,
} from '../../packages/latch/src/node.ts'
import { solveAdding } from './adding.ts'
import { print } from './log.ts'

const columns = { text: 'text', label: 'label' } as const
interface Row {
  text: string
  label: string
}

async function accuracy(
  train: Row[],
  test: Row[],
  options: ClassifierOptions,
  training: Partial<ClassifierFitOptions<Row>> = {},
): Promise<number> {
  const model = textClassifier(options)
  await model.fit(train, { ...columns, seed: 1, ...training })
  return (await model.evaluate(test, columns)).accuracy
}

describe('comments with negation', () => {
  const train = negationComments({ count: 4000, seed: 1 })
  const test = negationComments({ count: 1000, seed: 2, test: true })

  it.each(['lstm', 'gru', 'bag', 'rnn', 'ann'] as CellChoice[])('%s', async (cell) => {
    const share = await accuracy(train, test, { cell })
    print(`negation  ${cell}  accuracy ${share.toFixed(4)}`)
    expect(share).toBeGreaterThanOrEqual(cell === 'lstm' || cell === 'gru' ? 0.99 : 0)
    expect(share).toBeLessThanOrEqual(cell === 'bag' ? 0.8 : 1)
  })
})

/** Short distances among the training stories show what is asked before the memory can reach far. */
describe('facts that change, distance 40', () => {
  const train = changingFacts({ count: 10_000, distance: [0, 40], seed: 1 })
  const test = changingFacts({ count: 1000, distance: 40, seed: 7 })
  const epochs = 24
  const training = {
    epochs,
    learningRate: 0.006,
    schedule: { type: 'cosine', tMax: epochs },
    labelSmoothing: 0,
    patience: null,
  } as const

  it.each(['lstm', 'gru', 'rnn'] as CellChoice[])('%s', async (cell) => {
    const share = await accuracy(train, test, { cell, dropout: 0 }, training)
    print(`facts, distance 40  ${cell}  accuracy ${share.toFixed(4)}`)
    expect(share).toBeGreaterThanOrEqual(cell === 'rnn' ? 0 : 0.95)
  })
})

describe('adding problem, T = 100', () => {
  it.each(['lstm', 'gru', 'rnn'] as const)('%s', async (cell) => {
    const { error } = await solveAdding(cell, 100)
    print(`adding, T = 100  ${cell}  mean squared error ${error.toFixed(5)}`)
    expect(error).toBeLessThanOrEqual(cell === 'rnn' ? Infinity : 0.01)
  })
})
