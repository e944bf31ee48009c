/** Labels are the same label however they are written: with space around, decomposed, as a number. */
import { describe, expect, it } from 'vitest'
import { DataError } from '../../../src/core/errors.ts'
import { examplesFromRows } from '../../../src/data/examples.ts'
import { parseTable } from '../../../src/data/tables.ts'
import { textClassifier } from '../../../src/tasks/textClassifier/textClassifier.ts'
import { comments, quick, thrown, tiny } from './classifierHelpers.ts'

const once = { ...quick, epochs: 1 }
const composed = 'caf\u00e9'
const decomposed = 'cafe\u0301'

describe('labels', () => {
  it('are trimmed and composed in rows, in the option, in weights and in trace', async () => {
    const model = textClassifier({ ...tiny, labels: [` ${decomposed} `, 'bar\n'] })
    const rows = comments(12, 1).map(({ text, label }) => ({
      text,
      label: label === 'good' ? decomposed : ' bar',
    }))
    await model.fit(rows, { ...once, classWeights: { [decomposed]: 3 } })
    expect(model.labels).toEqual([composed, 'bar'])
    expect(model.network.config.loss!.classWeights).toEqual([3, 1])
    // As a program without types writes it.
    const label = ` ${decomposed}` as never
    expect(model.trace('soup', { label }).target).toBe(composed)
    const { n } = await model.evaluate([{ text: 'soup', label: decomposed }], {
      text: 'text',
      label: 'label',
    })
    expect(n).toBe(1)
  })

  it('that are numbers are their texts; class numbers follow `labels`, not the keys of probabilities', async () => {
    const rows = comments(30, 1).map(({ text, label }, i) => ({
      text,
      label: label === 'good' ? 10 : i % 4 === 1 ? -1 : 9,
    }))
    const model = textClassifier(tiny)
    await model.fit(rows, once)
    expect(model.labels).toEqual(['-1', '9', '10'])
    const { target, probabilities } = model.trace('great soup', { label: 9 })
    expect(target).toBe('9')
    expect(Object.keys(probabilities)).toEqual(['9', '10', '-1'])
    const error = await thrown(() => model.trace('great soup', { label: 1 }))
    expect(error).toBeInstanceOf(DataError)
    expect(error.message).toMatch(/^label: expected one of the labels -1, 9, 10, got 1/)
    expect((await thrown(() => model.trace('soup', { label: '1' }))).message).toMatch(/got "1"/)
  })

  it('come with their texts as rows, ready to fit', async () => {
    const named = comments(12, 1).map(({ text, label }) => ({ comment: text, mood: label }))
    const examples = examplesFromRows(named, { text: 'comment', label: 'mood' })
    const model = textClassifier(tiny)
    await model.fit(examples.rows, { ...once, text: 'text', label: 'label' })
    expect(model.labels).toEqual(['bad', 'good'])
  })
})

describe('a count of one is in the singular', () => {
  it('one row, one token', async () => {
    const one = await thrown(() => textClassifier(tiny).fit(comments(1, 1), once))
    expect(one.message).toMatch(/got only "good" in 1 row\./)
    const { warnings: notes } = await textClassifier({ ...tiny, maximumLength: 1 }).fit(comments(12, 1), once)
    expect(notes.join(' ')).toMatch(/\d+ texts cut at 1 token\./)
  })

  it('one column, one cell', () => {
    expect(() => parseTable('1\n2\n', { columns: ['7'] })).toThrow(/got 1 column, numbered from 0/)
    expect(() => parseTable('text\na\nb,c\n', { format: 'csv' })).toThrow(/expected 1 cell, got 2/)
  })
})
