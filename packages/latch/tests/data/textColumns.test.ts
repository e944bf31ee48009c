/** Texts of several columns, joined in order; and the columns that a model was trained on. */
import { describe, expect, test } from 'vitest'
import { DataError, UsageError } from '../../src/core/errors.ts'
import { examplesFromRows } from '../../src/data/examples.ts'
import { parseExamples } from '../../src/data/tables.ts'
import { readExamples, readTexts } from '../../src/data/tablesNode.ts'
import { TextClassifier } from '../../src/tasks/textClassifier/textClassifier.ts'
import { comments, trained } from '../tasks/textClassifier/classifierHelpers.ts'

const TABLE =
  'id,title,body,topic\n1,Soup , hot and good,food\n2,,rain again,weather\n3,Sun,,weather\n4,,,food\n'
const bytes = new TextEncoder().encode(TABLE)

describe('several columns', () => {
  test('are joined in their order with a space, without empty cells', async () => {
    for (const examples of [
      parseExamples(TABLE, { text: ['title', 'body'], label: 'topic' }),
      await readExamples(bytes, { text: ['title', 'body'], label: 'topic' }),
    ]) {
      expect(examples.texts).toEqual(['Soup hot and good', 'rain again', 'Sun'])
      expect(examples.labels).toEqual(['food', 'weather', 'weather'])
      expect([examples.columns, examples.textColumns]).toEqual([
        { text: 'title,body', label: 'topic' },
        ['title', 'body'],
      ])
      expect(examples.skipped).toEqual({ emptyText: 1, emptyLabel: 0 })
    }
    expect(parseExamples(TABLE, { text: ['body', 'title'], label: 'topic' }).texts[0]).toBe(
      'hot and good Soup',
    )
    expect(parseExamples(TABLE, { text: ['1', '2'], label: '3' }).texts[0]).toBe('Soup hot and good')
  })

  test('of objects, and without labels', () => {
    const rows = [{ a: 'x', b: 2, c: 'l' }]
    expect(examplesFromRows(rows, { text: ['b', 'a'], label: 'c' }).texts).toEqual(['2 x'])
    expect(parseExamples(TABLE, { text: ['title', 'body'], label: false }).texts).toHaveLength(3)
  })

  test('the label is inferred among the others', () => {
    expect(parseExamples(TABLE, { text: ['topic', 'title'] }).columns.label).not.toMatch(/topic|title/)
  })

  test('keep every row for prediction', async () => {
    const { texts, column } = await readTexts(bytes, { text: ['title', 'body'] })
    expect(texts).toEqual(['Soup hot and good', 'rain again', 'Sun', ''])
    expect(column).toBe('title,body')
  })

  test('a missing one, an empty list and two of one name are refused', async () => {
    const wrong = (text: string[]) => readExamples(bytes, { text, label: 'topic' })
    await expect(wrong(['title', 'bdy'])).rejects.toThrow(UsageError)
    await expect(wrong(['title', 'bdy'])).rejects.toThrow(/Did you mean "body"\?/)
    await expect(wrong([])).rejects.toThrow('text: expected a column, or a list of them, got an empty list')
    await expect(readTexts(new TextEncoder().encode('a,a\n1,2\n'), { text: ['a'] })).rejects.toThrow(
      DataError,
    )
  })
})

describe('the columns of the training', () => {
  const trainedText = ['title', 'body']

  test('are read where none is given and the table has them', async () => {
    const texts = ['Soup hot and good', 'rain again', 'Sun', '']
    const read = await readTexts(bytes, { trainedText })
    expect(read.texts).toEqual(texts)
    expect(read.notes.join()).toContain('texts from columns "title", "body" (as in training)')
    expect((await readExamples(bytes, { trainedText })).columns).toEqual({
      text: 'title,body',
      label: 'topic',
    })
    expect((await readTexts(bytes, { trainedText, text: 'topic' })).texts[0]).toBe('food')
  })

  test('make a header of the first record', async () => {
    const odd = new TextEncoder().encode('zz,qq\none,two\nzz,three\n')
    expect((await readTexts(odd, { trainedText: ['zz'] })).texts).toEqual(['one', 'zz'])
  })

  test('are not needed: another table is read as without them', async () => {
    await expect(readTexts(bytes, { trainedText: ['title', 'away'] })).rejects.toThrow(UsageError)
    expect((await readExamples(bytes, { trainedText: ['away'] })).columns.text).toBe('body')
    expect((await readExamples(bytes, { trainedText: null })).columns.text).toBe('body')
  })

  test('are in the file of a model', async () => {
    const rows = comments(24, 1).map(({ text, label }) => ({ comment: text, label }))
    const model = await trained({}, { epochs: 1, text: 'comment' as 'text' }, rows as never)
    expect(model.summary().textColumn).toBe('comment')
    const bytesOf = model.toBytes()
    const read = TextClassifier.fromBytes(bytesOf)
    expect(read.summary().textColumn).toBe('comment')
    expect(read.toBytes()).toEqual(bytesOf)
  })
})
