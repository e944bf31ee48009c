/** Texts of a table for prediction: one per row, from the column named or inferred. */
import { Readable } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { readTexts } from '../../src/data/tablesNode.ts'
import { DataError } from '../../src/core/errors.ts'

const table = (text: string) => Readable.from([Buffer.from(text)])
const comments = 'id,comment,mood\n1,good food,happy\n2,,sad\n3,a very bad day,sad\n'

describe('readTexts', () => {
  it('infers the column, says so, and keeps rows with an empty text', async () => {
    const { texts, column, notes } = await readTexts(table(comments), { name: 'rows.csv' })
    expect(texts).toEqual(['good food', '', 'a very bad day'])
    expect(column).toBe('comment')
    expect(notes.join(' ')).toContain('texts from column "comment" (by its name)')
  })

  it.each(['mood', '2'])('reads column %s without a note on it', async (text) => {
    const { texts, column, notes } = await readTexts(table(comments), { text, header: true })
    expect(texts).toEqual(['happy', 'sad', 'sad'])
    expect(column).toBe('mood')
    expect(notes.join(' ')).not.toContain('texts from')
  })

  it('refuses a column that does not exist', async () => {
    await expect(readTexts(table(comments), { text: 'review' })).rejects.toThrow(DataError)
  })
})
