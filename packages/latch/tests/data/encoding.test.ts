/** Encodings (cases 02 and 03): read, or refused with a remedy that gives the characters. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { DataError, UsageError } from '../../src/core/errors.ts'
import { readLines } from '../../src/data/linesNode.ts'
import { readTable } from '../../src/data/tablesNode.ts'
import { parseTable } from '../../src/tables.ts'

const folder = mkdtempSync(join(tmpdir(), 'latch-encoding-'))
afterAll(() => rmSync(folder, { recursive: true }))

const TEXT = 'text,label\nhotel “was” clean 😀,good\nZürich 一二三,bad\n'
const ROWS = [
  ['hotel “was” clean 😀', 'good'],
  ['Zürich 一二三', 'bad'],
]

/** As editors and scripts write it. */
function encoded(text: string, encoding: string): Uint8Array {
  if (encoding === 'utf-8') return Buffer.from(text)
  const isBigEndian = encoding.endsWith('be')
  if (encoding.startsWith('utf-16')) {
    const bytes = Buffer.from(text, 'utf16le')
    return isBigEndian ? bytes.swap16() : bytes
  }
  const points = Array.from(text, (character) => character.codePointAt(0)!)
  const view = new DataView(new ArrayBuffer(points.length * 4))
  points.forEach((point, i) => view.setUint32(i * 4, point, !isBigEndian))
  return new Uint8Array(view.buffer)
}

async function* inPieces(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

async function collect(lines: AsyncIterable<string>): Promise<string[]> {
  const all: string[] = []
  for await (const line of lines) all.push(line)
  return all
}

function thrownBy(action: () => unknown): DataError {
  try {
    action()
  } catch (error) {
    return error as DataError
  }
  return expect.fail('it should have failed')
}

const UNICODE = ['utf-16le', 'utf-16be', 'utf-32le', 'utf-32be']

describe.each(UNICODE)('02: %s', (encoding) => {
  test.each(['\ufeff', ''])('with byte order mark %j', async (mark) => {
    const bytes = encoded(mark + TEXT, encoding)
    const table = parseTable(bytes, { name: 'rows.csv' })
    expect(table.rows).toEqual(ROWS)
    const how = mark === '' ? 'by its NUL bytes' : 'by its byte order mark'
    const name = encoding.replace('utf', 'UTF').replace('le', 'LE').replace('be', 'BE')
    expect(table.notes).toContain(`rows.csv: read as ${name} (${how}).`)
    for (const size of [1, 3, 64]) {
      expect((await readTable(inPieces(bytes, size), { name: 'rows.csv' })).rows).toEqual(ROWS)
      expect(await collect(readLines(inPieces(bytes, size)))).toEqual(TEXT.trimEnd().split('\n'))
    }
  })

  test('as the option names it', () => {
    expect(parseTable(encoded(TEXT, encoding), { encoding, name: 'rows.csv' }).rows).toEqual(ROWS)
  })

  test('cut inside a character', () => {
    const bytes = encoded(TEXT, encoding)
    expect(() => parseTable(bytes.subarray(0, -1), { name: 'rows.csv', encoding })).toThrow(
      /rows\.csv, line 3: expected UTF-(16|32).. text, got an end inside a character/,
    )
  })
})

test('02: UTF-16 of Chinese alone, where only the delimiter has a NUL byte', () => {
  const text = '文本,标签\n房间很干净,好\n一定不好,坏\n'
  for (const encoding of ['utf-16le', 'utf-16be']) {
    expect(parseTable(encoded(text, encoding)).rows).toEqual([
      ['房间很干净', '好'],
      ['一定不好', '坏'],
    ])
  }
})

test.each([
  ['text,label\na b,x\nc\0d,y\n', 'line 3'],
  ['text,label\n\n"a\nb",x\ne,f\0', 'line 5'],
  ['\0\0text,label\na,b\n', 'line 1'],
])('02: single NUL characters are refused: %j', async (text, place) => {
  const message = `rows.csv, ${place}: expected text, got a NUL character`
  expect(() => parseTable(text, { name: 'rows.csv' })).toThrow(message)
  expect(() => parseTable(Buffer.from(text), { name: 'rows.csv' })).toThrow(message)
  await expect(readTable(inPieces(Buffer.from(text), 5), { name: 'rows.csv' })).rejects.toThrow(message)
  await expect(collect(readLines(inPieces(Buffer.from(text), 5), { name: 'rows.csv' }))).rejects.toThrow(
    message,
  )
})

/** Bytes that are not UTF-8, with the text that they are. */
const OTHERS: [encoding: string, hex: string, text: string][] = [
  [
    'windows-1252',
    '746578742c6c6162656c0a4920646f6e9274206c696b652069742096206e6f2c6261640a636166e920936e6f697294203520802c676f6f640a',
    'text,label\nI don’t like it – no,bad\ncafé “noir” 5 €,good\n',
  ],
  [
    'gbk',
    'cec4b1be2cb1eac7a90ab7bfbce4badcb8c9bebb2cbac30ab7fecef1ccacb6c8badcb2ee2cbbb50a',
    '文本,标签\n房间很干净,好\n服务态度很差,坏\n',
  ],
  [
    'shift_jis',
    '8365834c835883672c83898378838b0a959489ae82cd82ab82ea82a282c582b582bd2c97c782a20a899882a982c182bd2c88ab82a20a',
    'テキスト,ラベル\n部屋はきれいでした,良い\n汚かった,悪い\n',
  ],
  [
    'euc-jp',
    'a5c6a5ada5b9a5c82ca5e9a5d9a5eb0ac9f4b2b0a4cfa4ada4eca4a4a4c7a4b7a4bf2ccec9a4a40ab1f8a4aba4c3a4bf2cb0ada4a40a',
    'テキスト,ラベル\n部屋はきれいでした,良い\n汚かった,悪い\n',
  ],
  [
    'big5',
    'a4e5a5bb2cbcd0c5d20aa9d0b6a1abdcb0aeb2622ca66e0aaa41b0c8ba41abd7abdcae742cc3610a',
    '文本,標籤\n房間很乾淨,好\n服務態度很差,壞\n',
  ],
  [
    'euc-kr',
    'c5d8bdbac6ae2cb6f3baa70ab9e6c0cc20b1fab2fdc7dfbeeebfe42cc1c1c0bd0ab4f5b7afbffcbeeebfe42cb3aabbdd0a',
    '텍스트,라벨\n방이 깨끗했어요,좋음\n더러웠어요,나쁨\n',
  ],
  [
    'windows-1251',
    'f2e5eaf1f22cece5f2eae00aeaeeecede0f2e020e1fbebe020f7e8f1f2e0ff2cf5eef0eef8ee0ae3f0ffe7ede0ff20e820f2b8ecede0ff2cefebeef5ee0a',
    'текст,метка\nкомната была чистая,хорошо\nгрязная и тёмная,плохо\n',
  ],
  [
    'koi8-r',
    'd4c5cbd3d42ccdc5d4cbc10acbcfcdcec1d4c120c2d9ccc120dec9d3d4c1d12cc8cfd2cfdbcf0ac7d2d1dacec1d120c920d4a3cdcec1d12cd0cccfc8cf0a',
    'текст,метка\nкомната была чистая,хорошо\nгрязная и тёмная,плохо\n',
  ],
  [
    'windows-1250',
    '74656b73742c6574796b696574610a706f6bf36a206279b320637a797374792c646f62727a650ab3f3bf6b6f206279b36f209f6c6520706f9c6369656c6f6e652c9f6c650a',
    'tekst,etykieta\npokój był czysty,dobrze\nłóżko było źle pościelone,źle\n',
  ],
  [
    'windows-1254',
    '6d6574696e2c6574696b65740a6f646120e76f6b2074656d697a64692c6979690afe696b61796574696d20796f6b206465f0696c2c6bf674fc0a',
    'metin,etiket\noda çok temizdi,iyi\nşikayetim yok değil,kötü\n',
  ],
  [
    'windows-1253',
    'eae5dfece5edef2ce5f4e9eaddf4e10af4ef20e4f9ecdcf4e9ef20def4e1ed20eae1e8e1f1fc2ceae1ebfc0a',
    'κείμενο,ετικέτα\nτο δωμάτιο ήταν καθαρό,καλό\n',
  ],
]

describe('03: text that is not UTF-8', () => {
  test.each(OTHERS)('%s is named, and the remedy reads it', async (encoding, hex, text) => {
    const bytes = Buffer.from(hex, 'hex')
    const error = thrownBy(() => parseTable(bytes, { name: 'rows.csv' }))
    expect(error).toBeInstanceOf(DataError)
    expect(error.where).toMatch(/^rows\.csv, line \d, byte \d+$/)
    expect(error.got).toMatch(new RegExp(`^the byte 0x[0-9A-F]{2}, probably ${encoding}$`))
    const [fix] = error.fixes
    expect(fix).toMatchObject({ option: 'encoding', value: encoding })
    const reading = { name: 'rows.csv', encoding: fix.value as string, header: true }
    const rows = text
      .trimEnd()
      .split('\n')
      .slice(1)
      .map((line) => line.split(','))
    expect(parseTable(bytes, reading).rows).toEqual(rows)
    for (const size of [1, 7]) expect((await readTable(inPieces(bytes, size), reading)).rows).toEqual(rows)
    expect(await collect(readLines(inPieces(bytes, 1), { encoding }))).toEqual(text.trimEnd().split('\n'))
  })

  test('Latin-1 and its names read the characters of Windows', () => {
    for (const encoding of ['latin1', 'ISO-8859-1', 'cp1252', 'ascii']) {
      const bytes = Buffer.from([0x93, 0x61, 0x94, 0x2c, 0x80, 0x0a])
      expect(parseTable(bytes, { encoding, header: false, name: 'a.csv' }).rows).toEqual([['“a”', '€']])
    }
  })

  test('one damaged line among UTF-8 is no other encoding', () => {
    const bytes = Buffer.concat([
      Buffer.from('text,label\ncafé,a\n'),
      Buffer.from([0xe9]),
      Buffer.from(',b\n'),
    ])
    expect(() => parseTable(bytes, { name: 'a.csv' })).toThrow(
      'a.csv, line 3, byte 19: expected UTF-8 text, got the byte 0xE9. The text before it is UTF-8, so this line is damaged',
    )
  })

  test('a given encoding of text that is UTF-8 is noted', () => {
    const bytes = Buffer.from('text,label\ncafé,a\n')
    expect(parseTable(bytes, { name: 'a.csv', encoding: 'windows-1252' })).toMatchObject({
      rows: [['cafÃ©', 'a']],
      notes: expect.arrayContaining([
        'a.csv: read as windows-1252, as given, although the text is valid UTF-8.',
      ]) as string[],
    })
    expect(parseTable(bytes, { name: 'a.csv', encoding: 'utf8' }).rows).toEqual([['café', 'a']])
  })

  test('an unknown encoding lists common ones', async () => {
    const error = thrownBy(() => parseTable(Buffer.from('a,b\n'), { encoding: 'windows-9999' }))
    expect(error).toBeInstanceOf(UsageError)
    expect(error.message).toMatch(
      /^encoding: expected an encoding such as utf-8, .*gbk.*, got "windows-9999"$/,
    )
    await expect(collect(readLines(inPieces(Buffer.from('a'), 1), { encoding: '?' }))).rejects.toThrow(
      UsageError,
    )
  })

  test('bytes that the named encoding does not have are refused with their line', () => {
    const bytes = Buffer.concat([Buffer.from('a,b\nc,d\n'), Buffer.from([0x81, 0x20, 0x0a])])
    expect(() => parseTable(bytes, { name: 'a.csv', encoding: 'gbk' })).toThrow(
      /a\.csv, line 3: expected gbk text, got bytes that are none/,
    )
  })
})

test('lines: one that cannot be decoded is reported in its place, and reading goes on', async () => {
  const bytes = Buffer.concat([
    Buffer.from('good\n'),
    Buffer.from([0xff, 0x0a]),
    Buffer.from('a\0b\nfine\r\nlast'),
  ])
  for (const size of [1, 4, 100]) {
    const faults: [number, string][] = []
    const lines = readLines(inPieces(bytes, size), {
      onFault: ({ message }, line) => faults.push([line, message]),
    })
    expect(await collect(lines)).toEqual(['good', '', '', 'fine', 'last'])
    expect(faults).toEqual([
      [2, expect.stringContaining('table, line 2, byte 5: expected UTF-8 text, got the byte 0xFF')],
      [3, expect.stringContaining('table, line 3: expected text, got a NUL character')],
    ])
  }
})

test('19: a line of 22 million characters takes time in proportion to its length', async () => {
  const path = join(folder, 'long.txt')
  const seconds = async (size: number): Promise<number> => {
    writeFileSync(path, Buffer.alloc(size, 'word '))
    const started = performance.now()
    const lines = await collect(readLines(path))
    expect(lines.map(({ length }) => length)).toEqual([size])
    return performance.now() - started
  }
  await seconds(1e6)
  // The square of the length would take minutes here.
  expect(await seconds(22e6)).toBeLessThan(5000)
})
