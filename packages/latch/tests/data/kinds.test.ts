/** What people give instead of a table (case 51): named for what it is, and Parquet read. */
import { describe, expect, test } from 'vitest'
import { DataError } from '../../src/core/errors.ts'
import { readLines } from '../../src/data/linesNode.ts'
import { readExamples, readTable } from '../../src/data/tablesNode.ts'
import { parseTable } from '../../src/tables.ts'
import { PARQUET } from './parquetFile.ts'

const bytes = (text: string): Buffer => Buffer.from(text.padEnd(64, '\0'), 'latin1')

/** The first entry of a zip file. */
const zip = (...names: string[]): Buffer =>
  Buffer.concat(
    names.map((name) => {
      const head = Buffer.alloc(30)
      head.write('PK\x03\x04', 'latin1')
      head.writeUInt16LE(name.length, 26)
      return Buffer.concat([head, Buffer.from(name), Buffer.from([1, 2, 3])])
    }),
  )

const safetensors = (header: string): Buffer => {
  const length = Buffer.alloc(8)
  length.writeUInt32LE(header.length)
  return Buffer.concat([length, Buffer.from(header)])
}

describe('51: named, with a remedy', () => {
  test.each([
    ['Excel', zip('[Content_Types].xml', 'xl/workbook.xml'), /Excel workbook.*as CSV/],
    ['Word', zip('[Content_Types].xml', 'word/document.xml'), /Word document/],
    [
      'OpenDocument',
      Buffer.concat([
        zip('mimetype').subarray(0, 38),
        Buffer.from('application/vnd.oasis.opendocument.spreadsheet'),
      ]),
      /OpenDocument spreadsheet.*as CSV/,
    ],
    ['an archive', zip('train.csv'), /zip archive that holds "train\.csv".*Unpack/],
    ['PyTorch', zip('archive/data.pkl'), /PyTorch file/],
    ['Keras', zip('metadata.json', 'config.json', 'model.weights.h5'), /Keras model/],
    ['npz', zip('x.npy'), /NumPy arrays \(\.npz\)/],
    ['npy', bytes('\x93NUMPY\x01'), /NumPy array \(\.npy\)/],
    ['HDF5', bytes('\x89HDF\r\n\x1a\n'), /HDF5 file/],
    [
      'safetensors',
      safetensors('{"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}'),
      /weights of a model/,
    ],
    ['a Latch model', safetensors('{"__metadata__":{"latch":"{}"}}'), /Latch model/],
    ['ONNX', bytes('\x08\x07\x12\x07pytorch'), /ONNX model/],
    ['pickle', bytes('\x80\x02}q\0'), /Python pickle/],
    ['old Excel', bytes('\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1'), /\.xls\).*as CSV/],
    ['PDF', bytes('%PDF-1.7'), /PDF/],
    ['PNG', bytes('\x89PNG\r\n\x1a\n'), /PNG/],
    ['JPEG', bytes('\xff\xd8\xff\xe0'), /JPEG/],
    ['SQLite', bytes('SQLite format 3\0'), /SQLite/],
    ['Arrow', bytes('ARROW1\0\0'), /Arrow/],
    ['xz', bytes('\xfd7zXZ\0'), /xz data/],
    ['Parquet in memory', PARQUET, /Parquet file.*readTable/],
  ])('%s', async (_, data, message) => {
    expect(() => parseTable(data, { name: 'rows.csv' })).toThrow(DataError)
    expect(() => parseTable(data, { name: 'rows.csv' })).toThrow(message)
    const first = readLines(data).next()
    await expect(first).rejects.toThrow(message)
  })

  test.each([
    ['<!DOCTYPE html>\n<html><body>404</body></html>', /an HTML page.*download/],
    ['<?xml version="1.0"?>\n<rows/>', /an XML document/],
    ['{\\rtf1\\ansi text}', /rich text/],
    ['version https://git-lfs.github.com/spec/v1\noid sha256:1\n', /Git LFS.*git lfs pull/],
  ])('%j', async (text, message) => {
    expect(() => parseTable(text, { name: 'rows.csv' })).toThrow(message)
    await expect(readTable(Buffer.from(text), { name: 'rows.csv' })).rejects.toThrow(message)
  })

  test('words that only look like a signature are a table', () => {
    for (const text of [
      'ORC,label\na,b\n',
      'PAR1,label\na,b\n',
      'PK,label\na,b\n',
      'GIF8,x\na,b\n',
      'BZh,x\na,b\n',
    ])
      expect(parseTable(text).rows).toEqual([['a', 'b']])
  })
})

describe('51: Parquet', () => {
  test('is read from bytes, with numbers as they are written', async () => {
    const table = await readTable(PARQUET, { columns: ['text', 'id', 'score', 'weight', 'day', 'good'] })
    expect(table.format).toBe('parquet')
    expect(table.rows).toEqual([
      ['hotel was “clean”', '12345678901234567', '1.0', '0.1', '2024-01-02', 'true'],
      ['sehr schön', '2', '0.5', '1.0', '2024-01-03T04:05:06.000Z', 'false'],
      ['第三', '3', '2.0', '3.5', '2024-02-01', 'true'],
    ])
  })

  test('rows without a label are skipped, from a stream', async () => {
    async function* pieces(): AsyncGenerator<Uint8Array> {
      for (let at = 0; at < PARQUET.length; at += 100) yield PARQUET.subarray(at, at + 100)
    }
    const { texts, labels, skipped } = await readExamples(pieces(), { text: 'text', label: 'label' })
    expect([texts, labels]).toEqual([
      ['hotel was “clean”', '第三'],
      ['good', 'bad'],
    ])
    expect(skipped.emptyLabel).toBe(1)
  })

  test('damaged', async () => {
    await expect(readTable(PARQUET.subarray(0, 300), { name: 'x.parquet' })).rejects.toThrow(
      /x\.parquet: expected a Parquet file, got one that cannot be read/,
    )
  })
})

describe('51: a JSON array of objects', () => {
  const rows = [
    ['a b', '1.0'],
    ['c', '12345678901234567890'],
  ]
  test.each([
    '[{"text":"a b","label":1.0},{"text":"c","label":12345678901234567890}]',
    '[\n  {\n    "text": "a b",\n    "label": 1.0\n  },\n  {\n    "label": 12345678901234567890,\n    "text": "c"\n  }\n]\n',
  ])('%j', async (text) => {
    for (const name of ['list.json', 'list.jsonl', 'list', 'list.txt']) {
      const table = parseTable(text, { name, columns: ['text', 'label'] })
      expect(table).toMatchObject({ format: 'json', rows })
      expect(await readTable(Buffer.from(text), { name, columns: ['text', 'label'] })).toEqual(table)
    }
  })

  test.each([
    ['{"text": ["a", "b"],\n "label": ["x", "y"]}', /line 1: expected a JSON object/],
    ['[["a", "x"]]', /expected/],
    ['[{"text":"a","label":"x"}, "b"]', /row 1: expected a JSON object, got "b"/],
  ])('refused: %s', (text, message) => {
    expect(() => parseTable(text, { name: 'list.json', format: 'json' })).toThrow(
      message.source === 'line 1: expected a JSON object' ? /expected a JSON array of objects/ : message,
    )
  })
})
