/** Texts of a table for prediction: one per row, from the column named or inferred. */
import { Readable } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { readTexts } from '../../src/data/tablesNode.ts'
import { UsageError } from '../../src/core/errors.ts'

const table = (text: string) => Readable.from([Buffer.from(text)])
const comments = 'id,comment,mood\n1,good food,happy\n2,,sad\n3,a very bad day,sad\n'

describe('readTexts', () => {
  it('keeps rows with an empty text', async () => {
    const { texts, column } = await readTexts(table(comments), { name: 'rows.csv', text: 'comment' })
    expect(texts).toEqual(['good food', '', 'a very bad day'])
    expect(column).toBe('comment')
  })

  it('asks for the column of a table of several', async () => {
    await expect(readTexts(table(comments), { name: 'rows.csv' })).rejects.toThrow(
      'rows.csv: expected the column of the texts, got none of the columns "id", "comment", "mood". Pass `text: "comment"` to read that column.',
    )
  })

  it.each([
    ['great place\nnever again\n', ['great place', 'never again'], '0'],
    ['text\ngreat place\n', ['great place'], 'text'],
  ])(
    'takes a first line as the header of one column only if it is a usual name: %j',
    async (text, texts, column) => {
      expect(await readTexts(table(text), { name: 'rows.csv' })).toMatchObject({ texts, column })
    },
  )

  it.each(['mood', '2'])('reads column %s without a note on it', async (text) => {
    const { texts, column, notes } = await readTexts(table(comments), { text, header: true })
    expect(texts).toEqual(['happy', 'sad', 'sad'])
    expect(column).toBe('mood')
    expect(notes.join(' ')).not.toContain('texts from')
  })

  it('refuses a column that does not exist', async () => {
    await expect(readTexts(table(comments), { text: 'review' })).rejects.toThrow(UsageError)
  })
})
