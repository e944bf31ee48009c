/** Files of word vectors: every form gives back the numbers that were written, and every fault its place. */
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { openVectors } from '../../../src/data/vectors/vectorFileNode.ts'
import { findVectors, parseVectors, widthOfVectors } from '../../../src/data/vectors/vectorSource.ts'
import { FORMS, pieces, randomTable, zipped } from './vectorHelpers.ts'

const folder = mkdtempSync(join(tmpdir(), 'vectors-'))
let files = 0

function fileOf(bytes: Uint8Array | string, name = 'vectors.any'): string {
  const path = join(mkdtempSync(join(folder, `${files++}-`)), name)
  writeFileSync(path, bytes)
  return path
}

/** The error of reading a text. */
async function faultOf(bytes: string | Uint8Array, words?: string[]): Promise<string> {
  const source = typeof bytes === 'string' ? Buffer.from(bytes) : bytes
  const error = await parseVectors(source, { words, name: 'v.txt' }).then(
    () => null,
    (thrown: unknown) => thrown as Error,
  )
  expect(error?.name ?? 'DataError').toBe('DataError')
  return error?.message ?? 'no error'
}

describe.each(Object.entries(FORMS))('%s', (form, write) => {
  it('gives back the numbers of random tables, in pieces of any size', async () => {
    for (let seed = 1; seed <= 12; seed++) {
      const table = randomTable(seed, 1 + (seed % 5) * 7, 2 + (seed % 7))
      const bytes = write(table)
      expect(await parseVectors(bytes)).toEqual(table)
      expect(await parseVectors(pieces(bytes, 1 + seed * 3))).toEqual(table)
    }
  })

  it.each([false, true])('is recognised in a file, gzip %s, and read for some words', async (gzip) => {
    const table = randomTable(99, 40, 6)
    const words = [...table.keys()].slice(10, 15)
    const file = await openVectors(fileOf(gzip ? zipped(write(table)) : write(table)))
    const expected = /GloVe/.test(form) ? 'text' : /binary/.test(form) ? 'binary' : 'headedText'
    expect(file).toMatchObject({ name: 'vectors.any', form: expected, width: 6 })
    const { vectors, rows, duplicates, notes } = await file.read(new Set([...words, 'elsewhere']))
    expect(vectors).toEqual(new Map(words.map((word) => [word, table.get(word)!])))
    expect({ rows, duplicates, notes }).toEqual({ rows: 40, duplicates: 0, notes: [] })
  })
})

describe('words', () => {
  it('may have spaces, be numbers, and occur twice: the first counts', async () => {
    const path = fileOf('. . . 0.5 1\n7 1 2\nname@x.org y 3 4\n7 5 6\n')
    const { vectors, rows, duplicates } = await (
      await openVectors(path)
    ).read(new Set(['7', '. . .', 'name@x.org y']))
    expect(Object.fromEntries([...vectors].map(([word, v]) => [word, [...v]]))).toEqual({
      '. . .': [0.5, 1],
      '7': [1, 2],
      'name@x.org y': [3, 4],
    })
    expect({ rows, duplicates }).toEqual({ rows: 4, duplicates: 1 })
  })

  it('in another case do where the word itself is missing', async () => {
    const file = await openVectors(fileOf('Paris 1 2\nPARIS 3 4\nrome 5 6\nRome 7 8\nOslo 9 9\noslo 1 1\n'))
    const { vectors, otherCase } = await file.read(new Set(['paris', 'rome', 'oslo']), true)
    expect([...vectors.get('paris')!, ...vectors.get('rome')!, ...vectors.get('oslo')!]).toEqual([
      1, 2, 5, 6, 1, 1,
    ])
    expect(otherCase).toBe(1)
    expect((await file.read(new Set(['paris']))).vectors.size).toBe(0)
  })

  it('are in NFC, as the tokens of models are', async () => {
    const vectors = await parseVectors(Buffer.from('caf\u0065\u0301 1 2\n'))
    expect([...vectors.keys()]).toEqual(['caf\u00e9'])
  })

  it('come with a note where the first line counts others', async () => {
    const { notes } = await (await openVectors(fileOf('9 2\na 1 2\nb 3 4\n', 'cut.vec'))).read(new Set(['a']))
    expect(notes).toEqual(['The first line of cut.vec says 9 vectors; the file has 2.'])
  })

  it('one number wide: a first row of numbers is a row', async () => {
    expect((await parseVectors(Buffer.from('12 5\na 1\n'))).get('12')).toEqual(Float32Array.of(5))
  })
})

describe('a fault', () => {
  const binary = FORMS['word2vec binary'](randomTable(3, 5, 4))

  it.each<[string, string | Uint8Array, string]>([
    [
      'too few numbers',
      'a 1 2 3\nb 4 5\n',
      'v.txt, line 2: expected a word and 3 numbers, as in line 1, got "b" and 2. The rows are ragged',
    ],
    [
      'too many numbers',
      '2 2\na 1 2\nb 3 4 5\n',
      'v.txt, line 3: expected a word and 2 numbers, as in the first line, got "b" and 3.',
    ],
    [
      'a word in place of a number',
      'a 1 2\nb 3 four\n',
      'v.txt, line 2, "b", number 2: expected a finite number of float32, got "four"',
    ],
    [
      'not a number',
      'a 1 2\nb nan 4\n',
      'v.txt, line 2, "b", number 1: expected a finite number of float32, got "nan"',
    ],
    ['a number that float32 cannot hold', 'a 1 2\nb 1e39 4\n', 'got "1e39"'],
    [
      'an empty file',
      '',
      'v.txt: expected word vectors (GloVe, word2vec, or fastText .vec), got no vectors. Give a file with a word',
    ],
    ['blank lines', '\n\n', 'got no vectors'],
    ['a first line alone', '5 3\n', 'got no vectors after the first line'],
    ['no numbers', 'text,label\nhello,1\n', 'got "text,label" as the first line'],
    ['a width of 0', '5 0\nx\n', 'v.txt, line 1: expected vectors of 1 to 1048576 numbers, got 0'],
    [
      'a binary file cut short',
      binary.subarray(0, -3),
      'v.txt: expected 5 vectors of 4 numbers, as the first line says, got the end of the file in vector 5. The file is cut short',
    ],
    ['a binary file cut in a word', binary.subarray(0, 25), 'got the end of the file in vector 1'],
    [
      'bytes after the last vector',
      Buffer.concat([binary, Buffer.from('more')]),
      'v.txt: expected the end of the file after 5 vectors of 4 numbers, as the first line says, got more bytes.',
    ],
    [
      'a fastText model',
      Buffer.from([0xba, 0x16, 0x4f, 0x2f, 12, 0, 0, 0]),
      'got a fastText model (.bin). Give the file .vec',
    ],
    ['an archive', Buffer.from('PK\x03\x04aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'), 'got a zip archive'],
  ])('names its place: %s', async (_, bytes, message) => {
    expect(await faultOf(bytes)).toContain(message)
  })

  it('of a binary number that is not finite', async () => {
    const table = new Map([
      ['a', Float32Array.of(1, 2)],
      ['b', Float32Array.of(3, NaN)],
    ])
    expect(await faultOf(FORMS['word2vec binary'](table))).toContain(
      'v.txt, vector 2, "b", number 2: expected a finite number of float32, got NaN',
    )
  })

  it('of a word without an end', async () => {
    const bytes = Buffer.concat([Buffer.from('2 2\n\x01'), Buffer.alloc(70_000, 65)])
    expect(await faultOf(bytes)).toContain(
      'v.txt, vector 1: expected at most 65536 bytes, got more, without an end',
    )
  })

  it('in the numbers of a word that is not wanted is not looked at', async () => {
    expect(await faultOf('a 1 2\nb 3 four\n', ['a'])).toBe('no error')
  })

  it('of a file that is not there, or is no file', async () => {
    await expect(openVectors(join(folder, 'gone.txt'))).rejects.toMatchObject({ name: 'DataError' })
    await expect(openVectors('-')).rejects.toThrow(
      'option vectors: expected a file, got standard input. Write the vectors to a file: they are read twice.',
    )
    const damaged = zipped(FORMS['GloVe text'](randomTable(1, 2000, 20))).slice(0, -4000)
    const file = await openVectors(fileOf(damaged, 'v.gz'))
    await expect(file.read(new Set(['a']))).rejects.toThrow('gzip data that ends too early')
  })
})

describe('an object or a map', () => {
  it('has the width of its first word', async () => {
    expect(widthOfVectors({ a: [1, 2], b: [3, 4] })).toBe(2)
    const { vectors, rows } = await findVectors(new Map([['A', [1, 2]]]), new Set(['a']), true)
    expect([[...vectors.get('a')!], rows]).toEqual([[1, 2], 1])
  })

  it.each<[string, unknown, string]>([
    [
      'no words',
      {},
      'option vectors: expected words and their numbers (an object or a map), or the file that `openVectors` opens, got no words',
    ],
    ['a path', 'glove.txt', 'got "glove.txt"'],
    ['a list', [[1, 2]], 'option vectors: expected words'],
    ['numbers that are none', { a: 1 }, 'option vectors, "a": expected a list of numbers, got 1'],
    ['an empty list', { a: [] }, 'option vectors, "a": expected a list of numbers, got 0'],
  ])('is refused with %s', (_, value, message) => {
    expect(() => widthOfVectors(value as never)).toThrow(message)
  })

  it('is refused with ragged rows and numbers that are not finite', async () => {
    await expect(findVectors({ a: [1, 2], b: [3] }, new Set(), false)).rejects.toThrow(
      'option vectors, "b": expected 2 numbers, as of the first word, got 1',
    )
    await expect(findVectors({ a: [1, NaN] }, new Set('a'), false)).rejects.toThrow(
      'option vectors, "a", number 2: expected a finite number of float32, got NaN',
    )
  })
})
