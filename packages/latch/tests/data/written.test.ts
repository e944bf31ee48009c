/** Cells keep their written form, and columns appear late (cases 08, 09, 52 and 58). */
import { describe, expect, test } from 'vitest'
import { examplesFromRows } from '../../src/data/examples.ts'
import { readExamples, readTexts } from '../../src/data/tablesNode.ts'
import { parseExamples, parseTable } from '../../src/tables.ts'

const json = (cells: readonly string[]): string =>
  cells.map((cell) => `{"text":"a","label":${cell}}\n`).join('')
const labels = (text: string, name: string): string[] =>
  parseExamples(text, { name, text: 'text', label: 'label' }).labels

describe('08, 09, 58: numbers of JSON as they are written', () => {
  test.each([
    ['integers beyond 2^53', ['12345678901234567890', '12345678901234567891', '9007199254740993', '7']],
    ['floats', ['1.0', '0.0', '1', '-1.50', '1e3', '1E-2', '-0', '0.1']],
    ['other values', ['true', 'false', '"1.0"', '"x"']],
  ])('%s', (_, cells) => {
    const wanted = cells.map((cell) => cell.replaceAll('"', ''))
    expect(labels(json(cells), 'rows.jsonl')).toEqual(wanted)
    expect(labels(`text,label\n${wanted.map((cell) => `a,${cell}\n`).join('')}`, 'rows.csv')).toEqual(wanted)
    expect(labels(`[${json(cells).trim().split('\n').join(',')}]`, 'rows.json')).toEqual(wanted)
  })

  test('digits in texts stay what they are, whatever keys there are', () => {
    const line = String.raw`{"text":"at 1.0, \"2.50\": 12345678901234567890 NaN","__proto__":1.0,"label":1.0}`
    expect(parseTable(line, { columns: ['text', 'label', '__proto__'] }).rows).toEqual([
      ['at 1.0, "2.50": 12345678901234567890 NaN', '1.0', '1.0'],
    ])
  })

  test('58: NaN and Infinity, as Python writes them', () => {
    const found = parseExamples(json(['NaN', '"x"', 'Infinity', '-Infinity', 'null']), {
      text: 'text',
      label: 'label',
    })
    expect(found.labels).toEqual(['x', 'Infinity', '-Infinity'])
    expect(found.skipped.emptyLabel).toBe(2)
    expect(found.notes.at(-1)).toBe('table: skipped 2 rows with an empty label.')
    expect(() => parseTable('{"text":"a","label":nan}')).toThrow(/line 1: expected a JSON object/)
  })
})

test('52: NaN, null and undefined of a program are missing', () => {
  const rows = [
    { text: 'clean', label: 'good' },
    { text: 'no idea', label: NaN },
    { text: NaN, label: 'good' },
    { text: 'nothing', label: null },
    { text: undefined, label: 'bad' },
    { text: 'dirty', label: 'bad' },
    { text: 'a big number', label: 12345678901234567890n },
  ]
  const found = examplesFromRows(rows, { text: 'text', label: 'label' })
  expect(found.labels).toEqual(['good', 'bad', '12345678901234567890'])
  expect(found.skipped).toEqual({ emptyText: 2, emptyLabel: 2 })
})

describe('58: columns that appear late', () => {
  const late = Array.from({ length: 400 }, (_, i) =>
    i < 210 ? { text: `some words ${i}` } : { text: `some words ${i}`, label: i % 2 ? 'x' : 'y' },
  )
  const lines = late.map((row) => JSON.stringify(row)).join('\n')

  test.each([
    ['named', { text: 'text', label: 'label' }],
    ['inferred', {}],
    ['the label inferred', { text: 'text' }],
  ])('%s', async (_, options) => {
    expect(parseExamples(lines, options).labels).toHaveLength(190)
    expect(examplesFromRows(late, options).labels).toHaveLength(190)
    expect((await readExamples(Buffer.from(lines), options)).labels).toHaveLength(190)
    expect(
      parseExamples(`[${late.map((row) => JSON.stringify(row)).join(',')}]`, options).labels,
    ).toHaveLength(190)
  })

  test('all columns', () => {
    expect(parseTable(lines).columns).toEqual(['text', 'label'])
  })

  test('a column that never appears names those there are', () => {
    expect(() => parseExamples(lines, { text: 'text', label: 'mood' })).toThrow(
      'table: expected a column "mood", got the columns "text", "label"',
    )
  })

  test('of texts: an object of several needs the column', async () => {
    await expect(readTexts(Buffer.from(lines), { name: 'a.jsonl' })).rejects.toThrow(
      'the columns "text", "label"',
    )
  })

  test('BOM, CRLF and blank lines', () => {
    expect(
      labels('\ufeff{"text":"a b","label":"y"}\r\n\r\n{"text":"c d","label":"x"}\r\n', 'a.jsonl'),
    ).toEqual(['y', 'x'])
  })
})
