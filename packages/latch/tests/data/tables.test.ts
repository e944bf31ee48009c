/** Tables in memory: CSV, TSV and JSON Lines, headers, guesses, and every refusal with its words. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { examplesFromRows } from '../../src/data/examples.ts'
import { parseExamples, parseTable } from '../../src/tables.ts'
import { DataError } from '../../src/core/errors.ts'

const bytes = (...parts: (string | number[])[]): Uint8Array =>
  new Uint8Array(Buffer.concat(parts.map((part) => Buffer.from(part as string))))

const asCsv = (rows: string[][], end = '\n'): string =>
  rows.map((row) => row.map((cell) => `"${cell.replaceAll('"', '""')}"`).join(',')).join(end)

describe('blank lines', () => {
  const rowsOf = (text: string) => parseTable(text, { name: 'x.csv', header: true }).rows
  test('between the rows of a single column are empty cells', () => {
    expect(rowsOf('\n\ntext\ngood\n\r\n\nbad\n\n\n')).toEqual([['good'], [''], [''], ['bad']])
  })
  test('are skipped beside several columns', () => {
    expect(rowsOf('text,label\n\ngood,a\n\n\nbad,b\n')).toEqual([
      ['good', 'a'],
      ['bad', 'b'],
    ])
  })
  test('count as lines in messages', () => {
    expect(() => rowsOf('text\n\ngood\n\nbad,b\n')).toThrow(/x\.csv, line 5: expected 1 cell, got 2/)
  })
})

describe('CSV', () => {
  test('quotes, doubled quotes, newlines in cells, every line end, blank lines, BOM', () => {
    const text = '\ufefftext,label\r\n"a, ""b""\nc",1\r\n\r\nplain "x" y,2\rlast,3'
    const table = parseTable(text, { name: 'a.csv' })
    expect(table.columns).toEqual(['text', 'label'])
    expect(table.rows).toEqual([
      ['a, "b"\nc', '1'],
      ['plain "x" y', '2'],
      ['last', '3'],
    ])
  })

  test('any table comes back from its CSV', () => {
    const cell = fc.string({
      unit: fc.constantFrom('a', 'é', '😀', '"', ',', '\n', '\r', ' ', "'", '\t', ';'),
    })
    const table = fc.array(fc.tuple(cell, cell, cell), { minLength: 1, maxLength: 6 })
    fc.assert(
      fc.property(table, fc.constantFrom('\n', '\r\n', '\r'), (rows, end) => {
        expect(parseTable(asCsv(rows, end), { header: false, format: 'csv' }).rows).toEqual(rows)
      }),
      { numRuns: 500 },
    )
  })

  test('a semicolon is the delimiter of a first line without commas, and a note says so', () => {
    const table = parseTable('text;label\n"a, b";x\nc;y', { name: 'a.csv' })
    expect(table.rows[0]).toEqual(['a, b', 'x'])
    expect(table.notes.join(' ')).toMatch(/delimiter is ";"/)
  })
})

describe('refusals of delimited text', () => {
  test.each([
    [
      'text,label\nfine,1\n"one\ntwo",2\nx,"never\nmore,3\n',
      'table, line 5: expected every quote closed, got a quote that opens here and never closes. Close it. Write a quote inside a quoted cell twice ("").',
    ],
    [
      'text,label\n"a\nb"c,1',
      'table, line 3: expected a delimiter after the closing quote, got "c" (the quote opened on line 2). Write a quote inside a quoted cell twice ("")',
    ],
    [
      'text,label\r\n\r\n"a\r\nb",1\r\n\n"c ""d",2\rx,"so""\nit goes',
      'table, line 7: expected every quote closed, got a quote that opens here and never closes.',
    ],
    [
      'text,label\r\n"a\r\n\nb",1\nplain "x" y,"z\n"😀,"2',
      'table, line 6: expected a delimiter after the closing quote, got "😀" (the quote opened on line 5).',
    ],
    ['text,label\n\n"a\r\nb",1\r\n\r\n"c\nd",2,3\n', 'table, line 6: expected 2 cells, got 3.'],
    [
      'text,label\na,1\nb,c,2',
      'table, line 3: expected 2 cells, got 3. Quote cells that contain the delimiter. Pass `delimiter` to name another.',
    ],
    ['', 'table: expected a table with at least one row, got an empty table'],
    [' \n\n', 'table: expected a table with at least one row, got an empty table'],
    ['text,label\n', 'table: expected a table with at least one row, got only a header line'],
  ])('%j', (text, message) => {
    const options = { columns: ['text', 'label'] }
    expect(() => parseTable(text, options)).toThrow(DataError)
    expect(() => parseTable(text, options)).toThrow(message)
  })

  test('a missing column names those there are', () => {
    expect(() => parseExamples('comment,mood\na,b', { text: 'text', label: 'mood', name: 'x.csv' })).toThrow(
      'x.csv: expected a column "text", got the columns "comment", "mood". Name one of them, or its number from 0.',
    )
    expect(() => parseExamples('a,b\nc,d', { text: '7', label: '0' })).toThrow(
      'table: expected a column "7", got the columns "a", "b"',
    )
    expect(() => parseTable('a,a\n1,2', { columns: ['a'] })).toThrow(
      'table: expected one column "a", got two columns with that name. Rename one of them, or name the column by its number, 0 or 1.',
    )
    const wide = Array.from({ length: 25 }, (_, i) => `${i}${'c'.repeat(50)}`).join(',')
    expect(() => parseTable(`${wide}\n1`, { columns: ['z'] })).toThrow(/c…", .* and 5 more/)
  })

  test('doubled quotes at a cell’s ends are no fault', () => {
    const text = 'text,label\n"""a"" b""",1\n"""""",2\n"",3\n'
    expect(parseTable(text, { columns: ['text'] }).rows).toEqual([['"a" b"'], ['""'], ['']])
  })

  test('an unknown format', () => {
    expect(() => parseTable('a', { format: 'xls' as never })).toThrow(
      "format: expected 'csv', 'tsv', 'jsonl', 'json', 'parquet' or 'lines', got 'xls'",
    )
  })
})

describe('bytes', () => {
  test('not UTF-8: byte and line are named', () => {
    const latin1 = bytes('text,label\nok,1\ncaf', [0xe9], ' noir,0\n')
    expect(() => parseTable(latin1, { name: 'a.csv' })).toThrow(
      'a.csv, line 3, byte 19: expected UTF-8 text, got the byte 0xE9, probably windows-1252. Pass `encoding: "windows-1252"` to read "café noir,0".',
    )
    expect(() => parseTable(bytes('a,b\n', [0xe2, 0x82]))).toThrow(/line 2, byte 4.*0xE2/)
  })

  test('UTF-8 with BOM, as ArrayBuffer; gzip is named', () => {
    const data = bytes([0xef, 0xbb, 0xbf], 'text,label\né😀,1\n')
    expect(
      parseTable(data.buffer.slice(data.byteOffset, data.byteOffset + data.length) as ArrayBuffer).rows,
    ).toEqual([['é😀', '1']])
    expect(() => parseTable(bytes([0x1f, 0x8b, 8]))).toThrow(/expected a plain text table, got gzip data/)
  })
})

describe('TSV', () => {
  test('stray quotes are characters like any other', () => {
    const { texts, labels, notes } = parseExamples('He said "no.\t0\n"Good\t1\n', { text: '0', label: '1' })
    expect(texts).toEqual(['He said "no.', '"Good'])
    expect(labels).toEqual(['0', '1'])
    expect(notes).toEqual([
      'table: read as tab-separated values (2 columns in 2 of 2 lines); `delimiter` names another.',
      'table: quotes are read as characters; `quotes: true` reads cells in quotes.',
      'table: no header line ("He said "no." is no name): columns are numbered from 0, and the first line is data; `header: true` takes it as the header.',
    ])
  })
})

describe('JSON Lines', () => {
  test('keys in any order, numbers, booleans, absent values', () => {
    const text = '{"text":"a","label":1}\r\n\n{"label":true,"more":{},"text":"b"}\n{"text":null,"label":"x"}'
    const table = parseTable(text, { columns: ['label', 'text'] })
    expect(table.format).toBe('jsonl')
    expect(table.rows).toEqual([
      ['1', 'a'],
      ['true', 'b'],
      ['x', ''],
    ])
  })

  test.each([
    ['{"text":"a","label":1}\n\n{"text":', /table, line 3: expected a JSON object, got {"text": \(/],
    ['[{"text":"a"}, 7]', /table, row 1: expected a JSON object, got 7/],
    ['[{"text":"a"}', /table: expected a JSON array of objects, got invalid JSON/],
    ['{\n  "text": "a"\n}', /table, line 1: expected a JSON object, got \{ \(.*one whole object per line/],
    ['{"text":["a"],"label":"x"}', /table, line 1, "text": expected a text, number or boolean, got an array/],
    ['{"text":{},"label":"x"}', /got an object/],
    ['{"body":"a","label":"x"}', /expected a column "text", got the columns "body", "label"/],
  ])('%j', (text, message) => {
    expect(() => parseTable(text, { columns: ['text', 'label'] })).toThrow(message)
  })
})

describe('headers and columns', () => {
  test('numbers mean no header, unless the first line holds them as names', () => {
    expect(parseExamples('x,1\ny,2', { text: '0', label: '1' }).texts).toEqual(['x', 'y'])
    expect(parseExamples('1,0\nx,p\ny,q', { text: '1', label: '0' })).toMatchObject({
      texts: ['x', 'y'],
      labels: ['p', 'q'],
    })
    expect(parseExamples('text,label\nx,p', { text: '0', label: '1', header: true }).texts).toEqual(['x'])
    expect(parseExamples('text,label\nx,p', { text: 'text', label: '1' })).toMatchObject({
      texts: ['x'],
      labels: ['p'],
    })
  })

  test('columns are found by name, and reported', () => {
    const found = parseExamples('id,comment_text,intent\n1,some words,a\n2,more words,b')
    expect(found.columns).toEqual({ text: 'comment_text', label: 'intent' })
    expect(found.notes).toContain(
      'table: texts from column "comment_text" (by its name), labels from column "intent" (by its name).',
    )
    expect(found.notes).toContain(
      'table: the first line is taken as the header ("id" is a usual name); `header: false` reads it as data.',
    )
  })

  test('nameless columns are found by their cells', () => {
    const found = parseExamples('7\tI liked it very much\t1\tx\n8\tnot at all\t0\tx\n9\tit was fine\t1\tx')
    expect(found).toMatchObject({ columns: { text: '1', label: '2' }, labels: ['1', '0', '1'] })
    expect(found.notes.at(-1)).toBe(
      'table: texts from column "1" (the longest cells), labels from column "2" (the fewest different values).',
    )
  })

  test('a named label leaves the text to be guessed, and the other way round', () => {
    const text = 'x,y\nsome long text,1\nmore long text,2'
    expect(parseExamples(text, { label: 'y' }).columns).toEqual({ text: 'x', label: 'y' })
    expect(parseExamples(text, { text: 'x' }).columns).toEqual({ text: 'x', label: 'y' })
  })

  test('texts alone, and one column where two are needed', () => {
    expect(parseExamples('text\nhello\nyou', { label: false })).toMatchObject({
      texts: ['hello', 'you'],
      labels: [],
      columns: { label: undefined },
    })
    expect(() => parseExamples('text\nhello\nyou')).toThrow(
      'table: expected a column of texts and a column of labels, got one column',
    )
  })

  test('more rows than the sample pass through with the columns decided', () => {
    const rows = Array.from({ length: 1000 }, (_, i) => `${i % 2},text number ${i}`)
    expect(parseExamples(`label,text\n${rows.join('\n')}`).texts.length).toBe(1000)
  })
})

describe('rows without text or label', () => {
  test('are counted, reported and skipped', () => {
    const found = parseExamples('text,label\n a ,x\n,x\n  ,\nb,\nshort\nc, y ', { name: 'a.csv' })
    expect(found.texts).toEqual(['a', 'c'])
    expect(found.labels).toEqual(['x', 'y'])
    expect(found.skipped).toEqual({ emptyText: 2, emptyLabel: 2 })
    expect(found.notes.at(-1)).toBe(
      'a.csv: skipped 2 rows with an empty text and 2 rows with an empty label.',
    )
  })

  test('only such rows: refused', () => {
    expect(() => parseExamples('text,label\n,x')).toThrow(
      'table: expected at least one row with text and label, got 1 row with an empty text or label',
    )
  })
})

test('rows of objects', () => {
  const rows = [
    { comment: 'good', mood: 1, other: [] },
    { comment: 'bad', mood: 0, other: [] },
    { comment: '', mood: 0 },
  ]
  expect(examplesFromRows(rows, { text: 'comment', label: 'mood' })).toMatchObject({
    texts: ['good', 'bad'],
    labels: ['1', '0'],
    skipped: { emptyText: 1 },
  })
  expect(examplesFromRows(rows, { text: 'comment', label: 'mood' }).rows).toEqual([
    { text: 'good', label: '1' },
    { text: 'bad', label: '0' },
  ])
  expect(examplesFromRows(rows, { text: 'comment', label: false }).rows[0]).toEqual({
    text: 'good',
    label: '',
  })
  expect(examplesFromRows([{ t: 'a', l: ' cafe\u0301 ' }], { text: 't', label: 'l' }).labels).toEqual([
    'caf\u00e9',
  ])
  expect(examplesFromRows(rows).columns).toEqual({ text: 'comment', label: 'mood' })
  // Rows of a program count from 0, lines of a file from 1.
  expect(() => examplesFromRows(rows, { text: 'comment', label: 'other' })).toThrow(
    'rows, row 0, "other": expected a text, number or boolean, got an array',
  )
  expect(() => examplesFromRows(rows, { text: 'text', label: 'mood' })).toThrow(
    'rows: expected a column "text", got the columns "comment", "mood", "other"',
  )
  expect(() => examplesFromRows([])).toThrow(
    'rows: expected a table with at least one row, got an empty table',
  )
})
