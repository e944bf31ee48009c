/** Tables from files, gzip and streams: the same rows from every source, and a message for every fault. */
import { existsSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { afterAll, describe, expect, test } from 'vitest'
import { readExamples, readTable } from '../../src/data/tablesNode.ts'
import { readLines } from '../../src/data/linesNode.ts'
import { parseTable } from '../../src/tables.ts'
import { DataError } from '../../src/core/errors.ts'

const folder = mkdtempSync(join(tmpdir(), 'latch-tables-'))
afterAll(() => rmSync(folder, { recursive: true }))

function file(name: string, content: string | Uint8Array): string {
  const path = join(folder, name)
  writeFileSync(path, content)
  return path
}

/** As standard input or a socket might hand it over: in pieces of any size. */
async function* inPieces(content: string | Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  const bytes = Buffer.from(content as Uint8Array)
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

async function collect(lines: AsyncIterable<string>): Promise<string[]> {
  const all: string[] = []
  for await (const line of lines) all.push(line)
  return all
}

const FORMATS = {
  'rows.csv': 'label,text\nx,"é, 😀\n""b"""\ny,plain\n',
  'rows.jsonl': '{"label":"x","text":"é, 😀\\n\\"b\\""}\n{"text":"plain","label":"y"}\n',
}
const EXPECTED = [
  ['é, 😀\n"b"', 'x'],
  ['plain', 'y'],
]

describe('the same rows from every source', () => {
  test.each(Object.entries(FORMATS))('%s', async (name, content) => {
    const options = { columns: ['text', 'label'] }
    expect((await readTable(file(name, content), options)).rows).toEqual(EXPECTED)
    expect((await readTable(file(`${name}.gz`, gzipSync(content)), options)).rows).toEqual(EXPECTED)
    expect((await readTable(file('no-ending', gzipSync(content)), options)).rows).toEqual(EXPECTED)
    for (const size of [1, 2, 3, 1000]) {
      expect((await readTable(inPieces(content, size), options)).rows).toEqual(EXPECTED)
      expect((await readTable(inPieces(gzipSync(content), size), options)).rows).toEqual(EXPECTED)
    }
  })

  test('rows and refusals as in memory, however the bytes are cut', async () => {
    const piece = fc.constantFrom(
      'a',
      'é😀',
      '"b"',
      '"c,d"',
      '"e\r\nf"',
      '"g""h"',
      '"',
      ',',
      ',',
      '\n',
      '\r\n',
      '',
    )
    const body = fc.array(piece, { maxLength: 14 }).map((parts) => parts.join(''))
    await fc.assert(
      fc.asyncProperty(body, fc.integer({ min: 1, max: 5 }), async (cells, size) => {
        const text = `x,y,z\n${cells}`
        const options = { header: false, format: 'csv' as const }
        const streamed = readTable(inPieces(text, size), options).catch(String)
        const inMemory = () => parseTable(text, options)
        expect(await streamed).toEqual(await new Promise((done) => done(inMemory())).catch(String))
      }),
      { numRuns: 500 },
    )
  })

  test('TSV, and gzip of it', async () => {
    const content = 'I "liked it\t1\nNo\t0\n'
    for (const path of [
      file('t.tsv', content),
      file('t.tsv.gz', gzipSync(content)),
      file('t.txt', content),
    ]) {
      const { texts, labels } = await readExamples(path, { text: '0', label: '1' })
      expect([texts, labels]).toEqual([
        ['I "liked it', 'No'],
        ['1', '0'],
      ])
    }
  })

  test('standard input', async () => {
    const own = Object.getOwnPropertyDescriptor(process, 'stdin')
    Object.defineProperty(process, 'stdin', {
      value: Readable.from(inPieces('text,label\na,x\n', 4)),
      configurable: true,
    })
    try {
      const { texts, notes } = await readExamples('-', { text: 'text', label: 'label' })
      expect(texts).toEqual(['a'])
      expect(notes).toEqual([
        'standard input: read as comma-separated values (2 columns in 2 of 2 lines); `delimiter` names another.',
      ])
    } finally {
      Object.defineProperty(process, 'stdin', own as PropertyDescriptor)
    }
  })

  test('notes name what was guessed', async () => {
    const { notes } = await readTable(file('n.csv', 'a,b\nc,d\n'))
    expect(notes).toEqual([
      'n.csv: the first line is taken as the header (none of its cells occurs again); `header: false` reads it as data.',
    ])
  })

  test('a large file passes through, only the columns asked for kept', async () => {
    const row = `${'wide '.repeat(50)},text,label\n`
    const path = file('large.csv', `junk,text,label\n${row.repeat(20_000)}`)
    const table = await readTable(path, { columns: ['label', 'text'] })
    expect(table.rows.length).toBe(20_000)
    expect(table.rows[19_999]).toEqual(['label', 'text'])
  })
})

describe('faults', () => {
  async function fault(source: Parameters<typeof readTable>[0], name?: string): Promise<string> {
    const error = await readTable(source, { name }).then(
      () => undefined,
      (thrown: unknown) => thrown,
    )
    expect(error).toBeInstanceOf(DataError)
    return (error as DataError).message.replaceAll(folder, '')
  }
  const packed = gzipSync('text,label\n'.repeat(5000))

  test('missing file, directory, empty file', async () => {
    expect(await fault(join(folder, 'none.csv'))).toBe(
      '/none.csv: expected a readable file, got no such file. Check the path.',
    )
    expect(await fault(folder)).toBe(': expected a readable file, got a folder. Name a file in it.')
    expect(await fault(file('empty.csv', ''))).toBe(
      'empty.csv: expected a table with at least one row, got an empty table',
    )
    expect(await fault(file('empty.gz', gzipSync('')))).toMatch(/got an empty table/)
    expect(await fault(inPieces('', 1))).toMatch(/table: .*got an empty table/)
  })

  test('truncated, damaged and false gzip', async () => {
    const cut = file('cut.csv.gz', packed)
    truncateSync(cut, packed.length - 9)
    expect(await fault(cut)).toBe(
      '/cut.csv.gz: expected a readable file, got gzip data that ends too early. Copy or compress the file again.',
    )
    const damaged = Uint8Array.from(packed)
    damaged[damaged.length - 6] ^= 0xff
    expect(await fault(file('bad.csv.gz', damaged))).toMatch(/got gzip data that is damaged/)
    expect(await fault(inPieces(damaged, 7), 'standard input')).toMatch(/^standard input: .*damaged/)
    expect(await fault(file('false.csv.gz', 'a,b\n'))).toBe(
      'false.csv.gz: expected gzip data, as its name says, got other data. Rename the file.',
    )
  })

  test('not UTF-8, wherever the pieces are cut', async () => {
    const latin1 = Buffer.concat([Buffer.from('é,b\n'.repeat(40)), Buffer.from([0x63, 0xe9, 0x21])])
    for (const size of [1, 2, 3, 5, 64]) {
      expect(await fault(inPieces(latin1, size))).toMatch(
        /^table, line 41, byte 201: expected UTF-8 text, got the byte 0xE9\. The text before it is UTF-8/,
      )
    }
  })

  test('a quote left open does not read a large file to its end', async () => {
    let read = 0
    async function* endless(head: string, rest: string): AsyncGenerator<Uint8Array> {
      yield Buffer.from(head)
      for (read = 0; ; read++) yield Buffer.from(rest)
    }
    expect(await fault(endless('text,label\n\n"a\nb",1\n"', 'never '.repeat(1e5)))).toMatch(
      /^table, line 5: expected every quote closed, got a quote that opens here and stays open for 4194304 bytes\./,
    )
    expect(await fault(endless('text,label\n', 'no end '.repeat(1e5)))).toMatch(
      /^table, line 2: expected a record of at most 4194304 bytes, got a longer record\./,
    )
    expect(read).toBeLessThan(100)
  })

  test('an error of the stream itself stays what it is', async () => {
    async function* broken(): AsyncGenerator<Uint8Array> {
      yield packed.subarray(0, 50)
      throw new Error('the wire broke')
    }
    await expect(readTable(broken())).rejects.toThrow('the wire broke')
  })
})

test('plain lines', async () => {
  expect(await collect(readLines(inPieces('é one\r\ntwo\n\nlast', 2)))).toEqual(['é one', 'two', '', 'last'])
  expect(await collect(readLines(file('lines.gz', gzipSync('a\n'))))).toEqual(['a'])
  await expect(collect(readLines(join(folder, 'none')))).rejects.toThrow(/no such file/)
})

const SENTENCES = '../shared/data/uci_sentiment_sentences/imdb_labelled.txt'

test.skipIf(!existsSync(SENTENCES))('real sentences with stray quotes: every row arrives', async () => {
  const { texts, labels, skipped, columns } = await readExamples(SENTENCES)
  expect(texts.length).toBe(1000)
  expect(texts.length).toBe(readFileSync(SENTENCES, 'utf8').trimEnd().split('\n').length)
  expect([...new Set(labels)].sort()).toEqual(['0', '1'])
  expect(skipped).toEqual({ emptyText: 0, emptyLabel: 0 })
  expect(columns).toEqual({ text: '0', label: '1' })
})
