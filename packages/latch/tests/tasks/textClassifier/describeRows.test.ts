/** Notes before training on rows that are hard to learn from, and none on ordinary rows. */
import { describe, expect, it } from 'vitest'
import { textClassifier } from '../../../src/tasks/textClassifier/textClassifier.ts'
import { comments } from './classifierHelpers.ts'

async function warningsOf(rows: readonly object[]): Promise<readonly string[]> {
  const model = textClassifier({ units: 2, embedding: 2 })
  const { warnings } = await model.fit(rows as { text: string; label: string }[], {
    text: 'text',
    label: 'label',
    epochs: 1,
    validation: 0,
  })
  model.dispose()
  return warnings
}
const numbered = (count: number, row: (i: number) => { text: string; label: string }) =>
  Array.from({ length: count }, (_, i) => row(i))

describe('rows that are hard to learn from', () => {
  it('ordinary rows have no note', async () => {
    expect(await warningsOf(comments(200, 1))).toEqual([])
  })

  it('few rows', async () => {
    expect(await warningsOf(comments(12, 1))).toContain(
      '12 rows to train on: predictions will be unreliable.',
    )
    expect(await warningsOf(comments(20, 1))).toEqual([])
  })

  it('columns for text and label that are swapped', async () => {
    const swapped = comments(100, 1).map(({ text, label }, i) => ({ text: label, label: `${text} ${i}` }))
    expect(await warningsOf(swapped)).toEqual([
      '100 different labels in 100 training rows: check that the label column holds classes, not texts, numbers or names.',
      'The vocabulary has only 2 tokens.',
    ])
  })

  it('more than a thousand labels', async () => {
    const rows = numbered(4004, (i) => ({
      text: `one two three four five ${i % 1001}`,
      label: `${i % 1001}`,
    }))
    expect((await warningsOf(rows)).join()).toMatch(/^1001 different labels in 4004 training rows/)
  })

  it('one class above 95 %', async () => {
    const rows = comments(200, 1).map(({ text }, i) => ({ text, label: i < 5 ? 'spam' : 'ham' }))
    expect(await warningsOf(rows)).toEqual([
      '97.5 % of the training rows have the label "ham": always predicting it is as accurate, so compare macro F1, or balance the class weights.',
    ])
    const fewer = rows.map(({ text }, i) => ({ text, label: i < 12 ? 'spam' : 'ham' }))
    expect(await warningsOf(fewer)).toEqual([])
  })

  it('most tokens unknown', async () => {
    const rows = numbered(300, (i) => ({
      text: `a b c d e f only${i} here${i} and${i} x${i}`,
      label: `${i % 2}`,
    }))
    expect(await warningsOf(rows)).toEqual(['40 % of the tokens of the training rows are read as unknown.'])
  })
})

describe('options without effect for the cell', () => {
  it.each([
    [{ cell: 'lstm', reset: 'after' }, 'option reset: expected no value for cell lstm, got after'],
    [{ cell: 'bag', reset: 'before' }, 'option reset: expected no value for cell bag, got before'],
    [{ cell: 'gru', activation: 'relu' }, 'option activation: expected no value for cell gru, got relu'],
    [{ cell: 'ann', pooling: 'last' }, 'option pooling: expected no value for cell ann, got last'],
  ] as const)('%j is refused', (options, message) => {
    expect(() => textClassifier(options)).toThrow(message)
  })

  it('those with an effect are taken', () => {
    expect(textClassifier({ cell: 'gru', reset: 'before', pooling: 'max' }).settings.reset).toBe('before')
    expect(textClassifier({ cell: 'rnn', activation: 'relu' }).settings.activation).toBe('relu')
  })
})
