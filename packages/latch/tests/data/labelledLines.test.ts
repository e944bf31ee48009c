/** Lines of a label and a text: fastText's by their prefix, others by `format: 'lines'`; in memory and as streams. */
import { expect, test } from 'vitest'
import { parseExamples, parseTable } from '../../src/data/tables.ts'
import { readExamples, readTable } from '../../src/data/tablesNode.ts'

const FASTTEXT = '__label__good what a film\n\n__label__bad\tdreary,  "really"\r\n__label__good no end'
const LINES = 'good what a film\nbad dreary\n'
const TEXTS = ['what a film', 'dreary,  "really"', 'no end']

const encoded = (text: string) => new TextEncoder().encode(text)
/** In pieces of three bytes. */
async function* pieces(text: string) {
  const bytes = encoded(text)
  for (let at = 0; at < bytes.length; at += 3) yield await Promise.resolve(bytes.slice(at, at + 3))
}

test('lines of fastText are recognised by their prefix, with a note', async () => {
  for (const examples of [parseExamples(FASTTEXT), await readExamples(pieces(FASTTEXT))]) {
    expect(examples.texts).toEqual(TEXTS)
    expect(examples.labels).toEqual(['good', 'bad', 'good'])
    expect(examples.columns).toEqual({ text: 'text', label: 'label' })
    expect(examples.notes[0]).toContain('as fastText writes them')
  }
})

test('a label, a space and a text are read where the format says so', async () => {
  const options = { format: 'lines' } as const
  const rows = [
    ['good', 'what a film'],
    ['bad', 'dreary'],
  ]
  for (const table of [parseTable(LINES, options), await readTable(pieces(LINES), options)]) {
    expect([table.columns, table.rows, table.format]).toEqual([['label', 'text'], rows, 'lines'])
  }
  expect(parseTable(FASTTEXT, options).rows.map(([label]) => label)).toEqual(['good', 'bad', 'good'])
})

test('one line without the prefix makes another table, and options decide', () => {
  expect(parseTable('__label__a good\nbad line\n').format).toBe('csv')
  expect(parseTable('__label__a\tgood\n', { format: 'tsv', header: false }).columns).toEqual(['0', '1'])
})

test('a head that ends inside a line is judged by its whole lines', async () => {
  const long = Array.from({ length: 5000 }, (_, i) => `__label__${i % 3} text number ${i}`).join('\n')
  expect(long.length).toBeGreaterThan(1 << 16)
  expect((await readExamples(encoded(long))).texts).toHaveLength(5000)
  expect(parseExamples(long).labels.slice(0, 4)).toEqual(['0', '1', '2', '0'])
})

test('several labels are refused with the line; a label alone is skipped', () => {
  expect(() => parseExamples('__label__a good\n__label__a __label__b soup\n')).toThrow(
    'table, line 2: expected one label, got two or more',
  )
  expect(parseExamples('__label__a good\n__label__b\n').skipped).toEqual({ emptyText: 1, emptyLabel: 0 })
})
