/** Word vectors in each form of file. */
import { gzipSync } from 'node:zlib'
import { Random } from '../../../src/core/random.ts'

export type Table = ReadonlyMap<string, Float32Array>

const LETTERS = [...'abcxyzABC0189.,-#@é中…😀']

/** Words of some letters, each with random numbers of float32. */
export function randomTable(seed: number, rows: number, width: number): Map<string, Float32Array> {
  const random = new Random(seed, 'vectors')
  const table = new Map<string, Float32Array>()
  while (table.size < rows) {
    const word = Array.from({ length: 1 + random.integer(8) }, () => random.pick(LETTERS)).join('')
    const size = 10 ** (random.integer(9) - 4)
    table.set(
      word,
      Float32Array.from({ length: width }, () => size * random.normal()),
    )
  }
  return table
}

const textRow = (word: string, vector: Float32Array, end: string) =>
  `${word} ${[...vector].join(' ')}${end}\n`

function binary(table: Table, end: string): Uint8Array {
  const [first] = table.values()
  const parts: Uint8Array[] = [Buffer.from(`${table.size} ${first.length}\n`)]
  for (const [word, vector] of table) {
    const bytes = Buffer.alloc(4 * vector.length)
    vector.forEach((value, i) => bytes.writeFloatLE(value, 4 * i))
    parts.push(Buffer.from(`${word} `), bytes, Buffer.from(end))
  }
  return Buffer.concat(parts)
}

function text(table: Table, head: boolean, end = ''): Uint8Array {
  const [first] = table.values()
  const rows = [...table].map(([word, vector]) => textRow(word, vector, end)).join('')
  return Buffer.from(`${head ? `${table.size} ${first.length}\n` : ''}${rows}`)
}

/** A table as a file of each form. */
export const FORMS: Record<string, (table: Table) => Uint8Array> = {
  'GloVe text': (table) => text(table, false),
  'GloVe text without a last line end': (table) => text(table, false).subarray(0, -1),
  'GloVe text with a byte order mark and CRLF': (table) =>
    Buffer.from(`\ufeff${Buffer.from(text(table, false, '\r'))}`),
  'word2vec text': (table) => text(table, true),
  'fastText .vec': (table) => text(table, true, ' '),
  'word2vec binary': (table) => binary(table, ''),
  'word2vec binary with line ends': (table) => binary(table, '\n'),
}

export const zipped = (bytes: Uint8Array): Uint8Array => gzipSync(bytes)

/** The same bytes in small pieces. */
export async function* pieces(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let from = 0; from < bytes.length; from += size) yield bytes.subarray(from, from + size)
}
