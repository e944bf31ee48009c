/** Delimiters, quotes and headers by rule (cases 04, 05, 06, 07 and 56), with what the notes say. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { DataError, UsageError } from '../../src/core/errors.ts'
import { readTable } from '../../src/data/tablesNode.ts'
import type { TableOptions } from '../../src/data/tableStart.ts'
import { parseExamples, parseTable } from '../../src/tables.ts'

async function* inPieces(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

/** In memory and as a stream: the same table. */
async function read(text: string, options: TableOptions) {
  const table = parseTable(text, options)
  for (const size of [7, 1 << 16]) {
    expect(await readTable(inPieces(Buffer.from(text), size), { name: 'table', ...options })).toEqual(table)
  }
  return table
}

describe('delimiters', () => {
  test.each([
    ['05: pipes', 'rows.csv', 'text|label\nclean hotel|good\ndirty hotel|bad\n', '"|"'],
    ['05: tabs in .csv', 'rows.csv', 'text\tlabel\nclean hotel\tgood\ndirty, cold hotel\tbad\n', 'a tab'],
    ['05: a comma in the header', 'rows.csv', 'Text (short, free);Label\nclean;good\ndirty;bad\n', '";"'],
    [
      '05: a comma in the first text',
      'rows.csv',
      'clean, but small;good\ndirty;bad\nvery clean;good\n',
      '";"',
    ],
    ['05: commas as decimal points', 'rows.csv', 'text;price\nclean;1,50\ndirty;2,75\n', '";"'],
    ['05: quoted cells with commas', 'rows.csv', 'text;label\n"a, b";x\n"c, d";y\n', '";"'],
    [
      '05: a comma in each text',
      'rows.csv',
      'clean, small\tgood\ndirty, cold\tbad\nnice, warm\tgood\n',
      'a tab',
    ],
    ['05: semicolons in .tsv', 'rows.tsv', 'text;label\nclean hotel;good\ndirty hotel;bad\n', '";"'],
    ['05: commas in .tsv', 'rows.tsv', 'text,label\nclean hotel,good\ndirty hotel,bad\n', '","'],
  ])('%s', async (_, name, text, delimiter) => {
    const table = await read(text, { name, header: false })
    expect(table.columns).toEqual(['0', '1'])
    expect(table.notes.join(' ')).toMatch(
      new RegExp(
        `the delimiter is ${delimiter.replace('|', '\\|')} \\(2 columns in 3 of 3 lines\\); \`delimiter\` names another`,
      ),
    )
  })

  test.each([
    ['sentences with commas in .csv', 'rows.csv', 'text,label\n"a; b",x\nc; d,y\n', ['a; b', 'x']],
    [
      'one column with a comma in each text',
      'rows.csv',
      'text\n"clean, small"\n"dirty, cold"\n',
      ['clean, small'],
    ],
    ['commas in each text of .tsv', 'rows.tsv', 'text\tlabel\na, b\tx\nc, d\ty\n', ['a, b', 'x']],
  ])('05: the expected one stays: %s', async (_, name, text, first) => {
    const table = await read(text, { name })
    expect(table.rows[0]).toEqual(first)
    expect(table.notes.join(' ')).not.toContain('delimiter')
  })

  test.each([
    'sep=;\ntext;label\na,b;x\n',
    'sep=;\r\ntext;label\r\na,b;x\r\n',
    '"sep=;"\ntext;label\na,b;x\n',
    '\ufeffSEP=;\ntext;label\na,b;x\n',
  ])('04: a line %j says the delimiter', async (text) => {
    const table = await read(text, { name: 'rows.csv', columns: ['text', 'label'] })
    expect(table).toMatchObject({ rows: [['a,b', 'x']], format: 'csv' })
    expect(table.notes).toEqual(['rows.csv: the first line says that the delimiter is ";".'])
  })

  test('04: lines are counted with that line', async () => {
    const text = 'sep=,\ntext,label\na,x\nb,y,z\n'
    const message = 'table, line 4: expected 2 cells, got 3'
    expect(() => parseTable(text)).toThrow(message)
    await expect(readTable(Buffer.from(text))).rejects.toThrow(message)
  })

  test.each([',', ';', '\t', '|', '^', '\u0001', '·'])('the option names %j', async (delimiter) => {
    const text = `text${delimiter}label\na b${delimiter}x\n`
    const table = await read(text, { name: 'rows.csv', delimiter, header: true })
    expect(table).toMatchObject({ columns: ['text', 'label'], rows: [['a b', 'x']] })
  })

  test.each(['', 'ab', '"', '\n', 7])('the option refuses %j', (delimiter) => {
    expect(() => parseTable('a,b\n', { delimiter: delimiter as string })).toThrow(UsageError)
  })
})

test('04: one column is offered another delimiter', () => {
  expect(() => parseExamples('text:label\na b:x\nc d:y\n', { name: 'rows.csv' })).toThrow(
    'expected a column of texts and a column of labels, got one column, "text:label". Pass `delimiter` to name the character between cells.',
  )
})

describe('56: quotes in tab-separated text', () => {
  test('as pandas, Excel and R write them, with line ends and tabs inside', async () => {
    const text = 'text\tlabel\n"first line\nsecond\tline"\tgood\n"he said ""dirty"""\tbad\nvery clean\tgood\n'
    const table = await read(text, { name: 'rows.tsv' })
    expect(table.rows).toEqual([
      ['first line\nsecond\tline', 'good'],
      ['he said "dirty"', 'bad'],
      ['very clean', 'good'],
    ])
    expect(table.notes).toContain(
      'rows.tsv: cells in quotes are read without them; `quotes: false` keeps the quotes.',
    )
    expect(parseTable('a\tb\n"c"\td\n', { name: 'rows.tsv', quotes: false }).rows).toEqual([['"c"', 'd']])
  })

  test.each([
    ['a quote that does not close', 'text\tlabel\n"Good\t1\nNo\t0\n', ['"Good', '1']],
    ['a word in quotes before others', 'text\tlabel\n"Good" he said\t1\nNo\t0\n', ['"Good" he said', '1']],
    ['tokens that are quotes', '"\tPUNCT\t``\nHello\tINTJ\tUH\n"\tPUNCT\t\'\'\n', ['"', 'PUNCT', '``']],
  ])('%s: characters like any other', async (_, text, first) => {
    const table = await read(text, { name: 'rows.tsv' })
    expect(table.rows[0]).toEqual(first)
    expect(table.notes).toContain(
      'rows.tsv: quotes are read as characters; `quotes: true` reads cells in quotes.',
    )
  })

  test('the first quote comes after many rows', async () => {
    const plain = 'very clean hotel\tgood\n'.repeat(5000)
    const quoted = await read(`text\tlabel\n${plain}"one\ntwo"\tbad\n`, { name: 'rows.tsv' })
    expect(quoted.rows.at(-1)).toEqual(['one\ntwo', 'bad'])
    const stray = await read(`text\tlabel\n${plain}"one two\tbad\n`, { name: 'rows.tsv' })
    expect(stray.rows.at(-1)).toEqual(['"one two', 'bad'])
  })

  test('a fault in quotes offers to read them as characters', () => {
    const text = 'text,label\n"Good,1\nNo,0\n'
    expect(() => parseTable(text)).toThrow(/Pass `quotes: false` to read quotes as characters\.$/)
    expect(parseTable(text, { quotes: false }).rows[0]).toEqual(['"Good', '1'])
  })
})

describe('headers', () => {
  const HEADER: [string, string, string][] = [
    [
      '06: a value that is a column’s name',
      'message,spam\nwin now,spam\nsee you,ham\n',
      '"message" is a usual name',
    ],
    ['usual names', 'Review Text,y\ngood one,1\nbad one,0\n', '"Review Text" is a usual name'],
    ['part of a usual name', 'a,commentBody\n1,x y\n2,z\n', '"commentBody" is a usual name'],
    [
      'names that do not occur again',
      'Kommentar (kurz),Urteil\nsauber,gut\nlaut,schlecht\n',
      'none of its cells occurs again',
    ],
    [
      'a column of row numbers without a name',
      ',comment,mood\n0,fine,good\n1,poor,bad\n',
      '"comment" is a usual name',
    ],
  ]
  test.each(HEADER)('%s', async (_, text, reason) => {
    for (const columns of [undefined, ['0', '1']]) {
      const table = await read(text, { name: 'rows.csv', columns })
      expect(table.hasHeader).toBe(true)
      expect(table.rows).toHaveLength(2)
      expect(table.notes).toContain(
        `rows.csv: the first line is taken as the header (${reason}); \`header: false\` reads it as data.`,
      )
    }
  })

  const DATA: [string, string, string][] = [
    ['06: a label that occurs again', 'win now,spam\nsee you,ham\nfree prize,spam\n', '"spam" occurs again'],
    [
      '06: a usual name that is a value',
      'spam,win now\nham,see you\nspam,free prize\n',
      '"spam" occurs again',
    ],
    ['a sentence', 'It is clean.,good\nDirty,bad\n', '"It is clean." is no name'],
    ['many words', 'it was a very clean hotel,good\nDirty,bad\n', '"it was a very clean hotel" is no name'],
    ['a number', 'clean,1\ndirty,0\n', '"1" is no name'],
    ['a date', 'clean,2024-01-02\ndirty,2024-01-03\n', '"2024-01-02" is no name'],
    ['an empty cell', 'clean,\ndirty,bad\n', '"" is no name'],
    ['two cells alike', 'clean,clean\ndirty,bad\n', 'two cells are the same'],
    ['one column of texts', 'great place\nnever again\n', '"great place" is no usual name'],
  ]
  test.each(DATA)('none: %s', async (_, text, reason) => {
    for (const columns of [undefined, ['0']]) {
      const table = await read(text, { name: 'rows.csv', columns })
      expect(table.hasHeader).toBe(false)
      expect(table.notes).toContain(
        `rows.csv: no header line (${reason}): columns are numbered from 0, and the first line is data; \`header: true\` takes it as the header.`,
      )
    }
  })

  test('07: columns by number leave the header out of the data', () => {
    const text = 'comment,verdict\nhotel was clean,good\nhotel was dirty,bad\n'
    expect(parseExamples(text, { text: '0', label: '1' })).toMatchObject({
      texts: ['hotel was clean', 'hotel was dirty'],
      labels: ['good', 'bad'],
    })
  })

  test('11: a column whose name occurs twice is named by its number', () => {
    const text = 'text,text,label\na b,x,good\nc d,y,bad\n'
    expect(() => parseExamples(text, { text: 'text', label: 'label' })).toThrow(
      'Rename one of them, or name the column by its number, 0 or 1.',
    )
    expect(parseExamples(text, { text: '0', label: 'label' }).texts).toEqual(['a b', 'c d'])
  })
})

describe('time in proportion to the length', () => {
  test.each([
    ['a long first line', `${'x'.repeat(3e6)},a\nhello,b\n`, 'a'],
    ['a long blank start', `${'\n'.repeat(3e6)}hello,b\nyou,a\n`, 'b'],
    ['spaces before the first line', `${' '.repeat(3e6)}hello,b\nyou,a\n`, 'b'],
    ['a wide first line', `${'c,'.repeat(300_000)}d\n`, 'c'],
  ])('%s', async (_, text, cell) => {
    const started = performance.now()
    const options = { header: false, columns: ['1'], name: 'rows.csv' }
    expect(parseTable(text, options).rows[0]).toEqual([cell])
    const table = await readTable(inPieces(Buffer.from(text), 1 << 16), options)
    expect(table.rows[0]).toEqual([cell])
    expect(performance.now() - started).toBeLessThan(20_000)
  })

  test('lines behind a long blank start keep their numbers', async () => {
    const text = `${'\n'.repeat(2e5)}a,b\nc,d,e\n`
    const message = 'rows.csv, line 200002: expected 2 cells, got 3'
    expect(() => parseTable(text, { name: 'rows.csv' })).toThrow(message)
    await expect(readTable(inPieces(Buffer.from(text), 5000), { name: 'rows.csv' })).rejects.toThrow(message)
  })
})

describe('a table in memory and as a stream', () => {
  test.each<[string, string]>([
    ['tabs in the first lines', `${'\t\n'.repeat(90_000)}text,label\na,b\n`],
    ['spaces before the first cell', `${' '.repeat(180_000)}a,b\nc,d\n`],
    ['lines of spaces', `${' \n'.repeat(90_000)}a\nc\n`],
    ['empty lines of each kind', `${'\r\n\r\n\n'.repeat(30_000)}a,b\nc,d\n`],
    ['old line ends', `${'\r'.repeat(90_000)}a,b\rc,d\r`],
    ['a wide first line', `${'c,'.repeat(100_000)}d\n`],
    ['many lines', 'a,b\n'.repeat(50_000)],
    ['a little more than the head', `${'x'.repeat(70_000)},a\nhello,b\n`],
    ['empty lines before a line sep=', `\n\nsep=;\na;b\nc;d\n`],
  ])('is the same: %s', async (_, text) => {
    const table = parseTable(text)
    for (const size of [1 << 12, 50_000, 1 << 16, 1 << 20])
      expect(await readTable(inPieces(Buffer.from(text), size))).toEqual(table)
  })

  test('that starts with very many blanks is refused, not collected', async () => {
    async function* spaces() {
      for (let i = 0; i < 40; i++) yield Buffer.alloc(1 << 20, ' ')
      throw new Error('read on')
    }
    await expect(readTable(spaces())).rejects.toThrow(
      'expected a table with at least one row, got more than 16,777,216 blank characters at its start',
    )
  })

  test('names the first fault of quotes, however many follow', () => {
    const parse = (text: string) => () => parseTable(text)
    expect(parse(`a,b\n"x\ny","z"w${'"a'.repeat(50_000)}\n`)).toThrow(
      'line 3: expected a delimiter after the closing quote, got "w" (the quote opened on line 3)',
    )
    expect(parse(`a,b\n1,"x\ny"w\n`)).toThrow(
      'line 3: expected a delimiter after the closing quote, got "w" (the quote opened on line 2)',
    )
    expect(parse(`a,b\n${'q"'.repeat(50_000)},"x\n`)).toThrow('line 2: expected every quote closed')
  })
})

/** One cell as a program writes it. */
function written(cell: string, delimiter: string, always: boolean): string {
  const needs =
    always || cell === '' || cell.startsWith('"') || /[\r\n]/.test(cell) || cell.includes(delimiter)
  return needs ? `"${cell.replaceAll('"', '""')}"` : cell
}

function toBytes(text: string, encoding: string): Uint8Array {
  if (encoding === 'utf-8') return Buffer.from(text)
  if (encoding === 'windows-1252') return Buffer.from(text, 'latin1')
  const bytes = Buffer.from(`\ufeff${text}`, 'utf16le')
  return encoding === 'utf-16be' ? bytes.swap16() : bytes
}

describe('random tables', () => {
  const word = fc.constantFrom('clean', 'dirty', 'café', 'hotel', 'it’s'.replace('’', '´'), 'über', '5', 'no')
  const piece = fc.constantFrom('"', ',', ';', '\t', '|', '\n', '\r\n', ' ', '""', '. ')
  const text = fc
    .array(fc.oneof({ weight: 3, arbitrary: word }, piece), { minLength: 1, maxLength: 8 })
    .map((parts) => `a${parts.join(' ')}`)
  const row = fc.tuple(text, fc.constantFrom('good', 'bad', 'so, so', 'x|y', '1.0'), text)
  const dialect = fc.record({
    delimiter: fc.constantFrom(',', ';', '\t', '|'),
    always: fc.boolean(),
    end: fc.constantFrom('\n', '\r\n'),
    encoding: fc.constantFrom('utf-8', 'utf-16le', 'utf-16be', 'windows-1252'),
    header: fc.boolean(),
    size: fc.integer({ min: 1, max: 50 }),
  })

  test('give the rows that were written, when the form is given', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(row, { minLength: 2, maxLength: 8 }), dialect, async (rows, how) => {
        const { delimiter, always, end, encoding, header, size } = how
        const all = header ? [['text', 'label', 'note'], ...rows] : rows
        const source = all
          .map((cells) => cells.map((cell) => written(cell, delimiter, always)).join(delimiter))
          .join(end)
        const bytes = toBytes(source, encoding)
        const options = {
          name: 'rows.csv',
          delimiter,
          quotes: true,
          header,
          ...(encoding === 'windows-1252' ? { encoding } : {}),
        }
        const table = parseTable(bytes, options)
        expect(table.rows).toEqual(rows)
        expect(await readTable(inPieces(bytes, size), options)).toEqual(table)
      }),
      { numRuns: 300 },
    )
  })

  test('give the rows that were written, when the form is inferred', async () => {
    const plain = fc.array(word, { minLength: 1, maxLength: 5 }).map((words) => `the ${words.join(' ')}`)
    const plainRow = fc.tuple(plain, fc.constantFrom('good', 'bad'))
    await fc.assert(
      fc.asyncProperty(fc.array(plainRow, { minLength: 3, maxLength: 12 }), dialect, async (rows, how) => {
        const { delimiter, always, end, encoding, size } = how
        const all = [['text', 'label'], ...rows]
        const source = all
          .map((cells) => cells.map((cell) => written(cell, delimiter, always)).join(delimiter))
          .join(end)
        const bytes = toBytes(source, encoding)
        const options = { name: 'rows.csv', ...(encoding === 'windows-1252' ? { encoding } : {}) }
        const table = parseTable(bytes, options)
        expect(table.columns).toEqual(['text', 'label'])
        expect(table.rows).toEqual(rows)
        expect(await readTable(inPieces(bytes, size), options)).toEqual(table)
      }),
      { numRuns: 300 },
    )
  })
})

test('options of other kinds are refused', () => {
  expect(() => parseTable('a,b\n', { quotes: 'yes' as never })).toThrow(UsageError)
  expect(() => parseTable('a,b\n', { format: 'parquet' })).toThrow(DataError)
})
