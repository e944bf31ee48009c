/** Parquet: columns of every encoding that text has, and small files that claim much. */
import { describe, expect, test } from 'vitest'
import { parquetFile } from '../../../../scripts/fuzz/made/parquet.mjs'
import type { Column, Page } from '../../../../scripts/fuzz/made/parquet.mjs'
import { readTable } from '../../src/data/tablesNode.ts'
import { LatchError } from '../../src/core/errors.ts'

const run = (count: number, value: number, width = 1) => ({ run: { count, value, width } })
const texts = (...words: string[]) => words.map((text) => ({ text }))

function column(pages: readonly Page[], more: Partial<Column> = {}): Column {
  return { name: 'c', type: 'text', codec: 'plain', pages, ...more }
}

/** A file of one column, whose values are there or not. */
function fileOf(one: Column, rows: number, optional = false): Uint8Array {
  const leaf = { name: one.name, type: one.type, repetition: optional ? 1 : 0 }
  const schema = [{ name: 'root', children: 1 }, leaf]
  return parquetFile({ schema, rows, groups: [{ rows, columns: [one] }] })
}

const read = async (file: Uint8Array): Promise<string[]> =>
  (await readTable(file, { name: 'x.parquet', columns: ['c'] })).rows.map(([cell]) => cell)

const dictionary: Page = { kind: 2, values: 2, encoding: 'plain', parts: texts('good', 'bad') }

describe('reads', () => {
  test.each(['plain', 'gzip', 'zstd'])('a dictionary with values that are not there, %s', async (codec) => {
    const levels = { sized: [run(2, 1), run(3, 0), run(1, 1)] }
    const page = { kind: 0, values: 6, encoding: 'dictionary', parts: [levels, { byte: 1 }, run(3, 1)] }
    const file = fileOf(column([dictionary, page], { codec }), 6, true)
    expect(await read(file)).toEqual(['bad', 'bad', '', '', '', 'bad'])
  })

  test('beginnings that repeat', async () => {
    const lengths = (first: number, step: number) => [
      ...[128, 4, 2, first].map((varint) => ({ varint })),
      { varint: step },
      ...Array.from({ length: 4 }, () => ({ byte: 0 })),
    ]
    // Zigzag: beginnings of 0 and 2, rests of 4 and 2 bytes.
    const bytes = Array.from('abcdEF', (letter) => ({ byte: letter.charCodeAt(0) }))
    const parts = [...lengths(0, 4), ...lengths(8, 3), ...bytes]
    expect(await read(fileOf(column([{ kind: 0, values: 2, encoding: 'deltaPrefixes', parts }]), 2))).toEqual(
      ['abcd', 'abEF'],
    )
  })
})

describe('refuses, without the memory or the time that is claimed,', () => {
  const plain = (more: Partial<Page>): Column =>
    column([{ kind: 0, values: 1, encoding: 'plain', parts: texts('a'), ...more }])
  const indices = (...parts: object[]): Column =>
    column([dictionary, { kind: 0, values: 5, encoding: 'dictionary', parts: [{ byte: 1 }, ...parts] }])
  const deltas = (...numbers: number[]): Column =>
    column([{ kind: 0, values: 9, encoding: 'delta', parts: numbers.map((varint) => ({ varint })) }], {
      type: 'int32',
    })
  const prefixes = [
    ...[128, 4, 2, 2 ** 31, 0, 0, 0, 0, 0, 128, 4, 2, 0, 0, 0, 0, 0, 0].map((varint) => ({ varint })),
    { zeros: 8 },
  ]

  test.each<[string, Uint8Array, RegExp]>([
    ['a page of two billion values', fileOf(plain({ values: 2 ** 31 - 1 }), 1), /at most [\d,]+ values.*CSV/],
    [
      'a page of two billion bytes',
      fileOf(plain({ unpacked: 2 ** 31 - 1 }), 1),
      /at most [\d,]+ bytes of pages/,
    ],
    ['rows without values', fileOf(plain({}), 1e15), /at most [\d,]+ values/],
    [
      'a run of two billion',
      fileOf(indices(run(2 ** 30, 1)), 5),
      /a run of 1073741824 values where 5 remain/,
    ],
    ['a packed run of as many', fileOf(indices({ varint: 2 ** 29 + 1 }), 5), /a run of \d+ values/],
    ['a negative number of values', fileOf(plain({ values: -1 }), 1), /a count of/],
    ['fewer values than rows', fileOf(plain({}), 2), /1 values of a column in 2 rows/],
    ['a page that is longer than the file', fileOf(plain({ packed: 1e6 }), 1), /cannot be read/],
    [
      'a beginning that no text before has',
      fileOf(column([{ kind: 0, values: 2, encoding: 'deltaPrefixes', parts: prefixes }]), 2),
      /a beginning of \d+ bytes/,
    ],
    ['blocks in no parts', fileOf(deltas(128, 0, 9, 0, 2), 9), /blocks of 128 in 0 parts/],
    ['blocks in negative parts', fileOf(deltas(128, 2 ** 32 - 2, 9, 0, 2), 9), /blocks of 128 in -2 parts/],
    [
      'a frame of Zstandard that claims more',
      fileOf(plain({ parts: [{ zeros: 2 ** 20 }], unpacked: 5 }), 1),
      /cannot be read/,
    ],
  ])('%s', async (_, file, message) => {
    const before = process.memoryUsage().rss
    await expect(read(file)).rejects.toThrow(message)
    await expect(read(file)).rejects.toBeInstanceOf(LatchError)
    expect(process.memoryUsage().rss - before).toBeLessThan(2 ** 28)
  })

  test('one column, named by thousands of groups', async () => {
    const one = plain({ parts: [{ zeros: 2 ** 20 }], values: 2 ** 18 })
    const schema = [
      { name: 'root', children: 1 },
      { name: 'c', type: 'text', repetition: 0 },
    ]
    const rows = 2 ** 18
    const first = parquetFile({ schema, rows, groups: [{ rows, columns: [one] }] })
    const size = first.length
    const again = { ...one, pages: [], from: 4, size: 2 ** 20 + 20 } as Column
    const groups = [
      { rows, columns: [one] },
      ...Array.from({ length: 3000 }, () => ({ rows, columns: [again] })),
    ]
    const file = parquetFile({ schema, rows: 3001, groups })
    expect(file.length).toBeLessThan(2 * size)
    await expect(read(file)).rejects.toThrow(/at most [\d,]+ (values|bytes of pages) in/)
  })

  test('levels without end', async () => {
    const schema = Array.from({ length: 5000 }, (_, i) => ({ name: `l${i}`, children: 1 }))
    const file = parquetFile({ schema: [...schema, { name: 'c', type: 'text' }], rows: 0, groups: [] })
    await expect(read(file)).rejects.toThrow(/at most 64 levels.*one value a row/)
  })

  test('columns that the schema does not have', async () => {
    const other = { ...plain({}), name: 'd' }
    const schema = [
      { name: 'root', children: 1 },
      { name: 'c', type: 'text', repetition: 0 },
    ]
    const file = parquetFile({ schema, rows: 1, groups: [{ rows: 1, columns: [other] }] })
    await expect(read(file)).rejects.toThrow(/other columns than the schema/)
  })
})
