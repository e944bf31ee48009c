/** Remedies of tables: their text, columns and files. */
import { chmod, copyFile, mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync, gzipSync } from 'node:zlib'
import { DataError, UsageError } from '../../../src/core/errors.ts'
import { parseTable } from '../../../src/data/tables.ts'
import type { TableOptions } from '../../../src/data/tableStart.ts'
import { readExamples, readTable } from '../../../src/data/tablesNode.ts'
import { PARQUET } from '../../data/parquetFile.ts'
import { parquetFile } from '../../../../../scripts/fuzz/made/parquet.mjs'
import type { RemedyCase } from './remedyCase.ts'

const TABLE = 'text,label\ngood,a\nbad,b\n'
const utf8 = new TextEncoder()
const bytes = (...parts: (string | number)[]) =>
  Uint8Array.from(parts.flatMap((part) => (typeof part === 'string' ? [...utf8.encode(part)] : [part])))

type Data = string | Uint8Array

/** A table in memory, and the same with the remedy done, in each way that it names. */
const table = (
  name: string,
  remedy: string,
  wrong: Data | readonly [Data, TableOptions],
  ...right: readonly (Data | readonly [Data, TableOptions])[]
): RemedyCase => {
  const read = (given: Data | readonly [Data, TableOptions]) =>
    typeof given === 'string' || given instanceof Uint8Array
      ? parseTable(given)
      : parseTable(...(given as [Data, TableOptions]))
  return {
    name,
    kind: DataError,
    remedy,
    raise: () => read(wrong),
    follow: () => right.forEach((one) => read(one)),
  }
}

/** The same for a column that is not there. */
const columnless = (...given: Parameters<typeof table>): RemedyCase => ({
  ...table(...given),
  kind: UsageError,
})

const TWICE = 'Write a quote inside a quoted cell twice ("").'
const long = 'good '.repeat(900_000)

const TEXTS: readonly RemedyCase[] = [
  table(
    'a quote that stays open',
    `Close it. ${TWICE}`,
    'text,label\n"good,a\nbad,b\n',
    'text,label\n"good",a\nbad,b\n',
    'text,label\n"""good",a\nbad,b\n',
  ),
  table(
    'a character after a quote',
    TWICE,
    'text,label\n"good" day,a\nbad,b\n',
    'text,label\n"""good"" day",a\nbad,b\n',
  ),
  table(
    'a record without an end',
    'Check that the file is a table with one record per line.',
    `text,label\n${long},a\nbad,b\n`,
    `text,label\n${'good '},a\nbad,b\n`,
  ),
  table(
    'a damaged line of UTF-8',
    'The text before it is UTF-8, so this line is damaged: write it again as UTF-8.',
    bytes('text,label\ncafé,a\nth', 0xe9, ',b\n'),
    bytes('text,label\ncafé,a\nthé,b\n'),
  ),
  table(
    'bytes of an unknown encoding',
    'Save the file as UTF-8.',
    bytes('text,label\n', 0x81, 0xff, ',a\nbad,b\n'),
    bytes(TABLE),
  ),
  table(
    'half of a character of UTF-16',
    'Check the encoding, and that the file is complete.',
    [bytes('text,label\ngood,a\nbad,b\nfar,b'), { encoding: 'utf-16le' }],
    [bytes('text,label\ngood,a\nbad,b\nfar,b'), { encoding: 'utf-8' }],
    [new Uint8Array(Buffer.from(TABLE, 'utf16le')), { encoding: 'utf-16le' }],
  ),
  table(
    'a NUL character',
    'Remove it, or check that the file is a table of text.',
    'text,label\ngo\0od,a\nbad,b\n',
    TABLE,
  ),
  table(
    'a spread object as JSON Lines',
    'JSON Lines has one whole object per line; an array of objects may be spread.',
    ['{\n  "text": "good", "label": "a"\n}\n', { format: 'jsonl' }],
    ['{ "text": "good", "label": "a" }\n', { format: 'jsonl' }],
    ['[\n  {\n  "text": "good", "label": "a"\n}]\n', { format: 'json' }],
    '[\n  {\n  "text": "good", "label": "a"\n}]\n',
  ),
  table(
    'a delimiter in a cell',
    'Quote cells that contain the delimiter.',
    ['text,label\ngood, very,a\nbad,b\n', { delimiter: ',' }],
    ['text,label\n"good, very",a\nbad,b\n', { delimiter: ',' }],
  ),
]

const COLUMNS: readonly RemedyCase[] = [
  table(
    'two columns of a name',
    'Rename one of them, or name the column by its number, 0 or 1.',
    ['text,text,label\ngood,very,a\n', { columns: ['text'] }],
    ['text,more,label\ngood,very,a\n', { columns: ['text'] }],
    ['text,text,label\ngood,very,a\n', { columns: ['0'] }],
    ['text,text,label\ngood,very,a\n', { columns: ['1'] }],
  ),
  columnless(
    'no column of a name',
    'Name one of them, or its number from 0.',
    [TABLE, { columns: ['words'] }],
    [TABLE, { columns: ['text'] }],
    [TABLE, { columns: ['0'] }],
  ),
  columnless(
    'a column misspelt',
    'Did you mean "text"?',
    [TABLE, { columns: ['Txt'] }],
    [TABLE, { columns: ['text'] }],
  ),
  columnless(
    'a name for a table without a header',
    'Name a column by its number.',
    ['good,a\nbad,b\n', { columns: ['text'], header: false }],
    ['good,a\nbad,b\n', { columns: ['0'], header: false }],
  ),
]

/** A file of these bytes in a folder of its own. */
async function withFile(
  name: string,
  data: Data,
  use: (path: string, folder: string) => Promise<unknown>,
): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'latch-remedies-'))
  try {
    await writeFile(join(folder, name), data)
    await use(join(folder, name), folder)
  } finally {
    await rm(folder, { recursive: true })
  }
}

const file = (
  name: string,
  remedy: string,
  data: Data,
  raise: (path: string, folder: string) => Promise<unknown>,
  follow: (path: string, folder: string) => Promise<unknown>,
  called = 'table.csv',
): RemedyCase => ({
  name,
  kind: DataError,
  remedy,
  raise: () => withFile(called, data, raise),
  follow: () => withFile(called, data, follow),
})

const AGAIN = 'Copy or compress the file again.'
const packed = gzipSync(TABLE.repeat(99))
const damaged = packed.map((byte, i) => (i > 10 ? byte ^ 0xff : byte))

async function* forbidden(): AsyncGenerator<Uint8Array> {
  yield await Promise.reject<Uint8Array>(Object.assign(new Error('EACCES'), { code: 'EACCES' }))
}

const read = (path: string) => readTable(path)

const again = async (path: string) => {
  await writeFile(`${path}.again`, packed)
  await readTable(`${path}.again`)
}

const FILES: readonly RemedyCase[] = [
  file(
    'a name of other data',
    'Rename the file.',
    TABLE,
    read,
    async (path) => {
      await rename(path, path.replace('.gz', ''))
      await readTable(path.replace('.gz', ''))
    },
    'table.csv.gz',
  ),
  file('a path of nothing', 'Check the path.', TABLE, (_, folder) => readTable(join(folder, 'none')), read),
  file('a path nearly right', 'Did you mean "table.csv"?', TABLE, (path) => readTable(`${path}s`), read),
  file('a folder', 'Name a file in it.', TABLE, (_, folder) => readTable(folder), read),
  file(
    'a file that may not be read',
    'Check its permissions.',
    TABLE,
    () => readTable(forbidden()),
    async (path) => {
      await chmod(path, 0)
      await chmod(path, 0o600)
      await readTable(path)
    },
  ),
  file('gzip data that ends', AGAIN, packed.subarray(0, -12), read, again),
  file('gzip data that is damaged', AGAIN, damaged, read, again),
  file(
    'a Parquet file that ends',
    'Check that the file is complete.',
    PARQUET.subarray(0, -40),
    read,
    async (path) => {
      await writeFile(path, PARQUET)
      await readTable(path)
    },
  ),
  file(
    'a Parquet file whose rows are more than its bytes justify',
    'Save the table as CSV, or as several Parquet files.',
    parquetFile({ schema: [{ name: 'root' }], rows: 1e12, groups: [{ rows: 1e12, columns: [] }] }),
    read,
    async (path) => {
      await writeFile(path, TABLE)
      await readTable(path)
    },
  ),
  file(
    'a Parquet file of levels without end',
    'Save only the columns with the texts and the labels, with one value a row.',
    parquetFile({
      schema: Array.from({ length: 99 }, (_, i) => ({ name: `l${i}`, children: 1 })),
      rows: 0,
      groups: [],
    }),
    read,
    async (path) => {
      await writeFile(path, PARQUET)
      await readTable(path)
    },
  ),
  file('gzip data inside gzip data', 'Decompress it twice.', gzipSync(packed), read, async (path) => {
    await writeFile(path, gunzipSync(packed))
    await readTable(path)
  }),
  {
    name: 'gzip data in memory',
    kind: DataError,
    remedy: 'Decompress it first, for example with DecompressionStream.',
    raise: () => parseTable(packed),
    follow: async () => {
      const stream = new Blob([new Uint8Array(packed)]).stream().pipeThrough(new DecompressionStream('gzip'))
      return parseTable(await new Response(stream).text())
    },
  },
  file(
    'a Parquet file in memory',
    'Read it as a table: `readTable` or `readTexts` in Node, `--file` on the command line.',
    PARQUET,
    () => Promise.resolve().then(() => parseTable(new Uint8Array(PARQUET))),
    async (path) => {
      await copyFile(path, `${path}.parquet`)
      await readTable(`${path}.parquet`)
    },
  ),
]

const zip = (name: string) => bytes('PK', 3, 4, ...Array<number>(22).fill(0), name.length, 0, 0, 0, name)
const JSON_LINES = '{"text": "good", "label": "a"}\n'

/** Data of another kind, then the table itself in the forms that the remedy names. */
const KINDS: readonly RemedyCase[] = [
  table('a workbook', 'Export the sheet as CSV (UTF-8), and give that file.', zip('xl/workbook.xml'), TABLE),
  table('an archive', 'Unpack it, and give the table inside.', zip('table.csv'), TABLE),
  table('a model', 'Give a table of texts and labels instead.', zip('metadata.json'), bytes(TABLE)),
  table(
    'an array of NumPy',
    'Save it as CSV, JSON Lines or Parquet.',
    bytes(0x93, 'NUMPY', 1, 0),
    TABLE,
    JSON_LINES,
  ),
  table('a database', 'Export the table as CSV.', bytes('SQLite format 3', 0), TABLE),
  table(
    'a document',
    'Give a table: CSV, TSV, JSON Lines, JSON or Parquet.',
    bytes('%PDF-1.7\n'),
    TABLE,
    TABLE.replaceAll(',', '\t'),
    JSON_LINES,
    `[${JSON_LINES}]`,
  ),
  table(
    'a page in place of a download',
    'Check the download: give the file itself.',
    '<!doctype html>\n<html></html>',
    TABLE,
  ),
  table(
    'a pointer of Git LFS',
    'Fetch the file: git lfs pull.',
    'version https://git-lfs.github.com/spec/v1\noid sha256:1\nsize 9\n',
    TABLE,
  ),
]

/** Folders of texts: `a/1.txt`. */
async function withFolder(files: readonly string[], use: (folder: string) => unknown): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'latch-remedies-'))
  try {
    for (const name of files) {
      await mkdir(join(folder, name, '..'), { recursive: true })
      await writeFile(join(folder, name), 'good soup')
    }
    await use(folder)
  } finally {
    await rm(folder, { recursive: true })
  }
}
const NESTED = ['train/good/1.txt', 'train/bad/2.txt']

const FOLDERS: readonly RemedyCase[] = [
  table(
    'two labels in a line',
    'Keep one label on each line: a text has one class.',
    '__label__a __label__b good soup\n',
    '__label__a good soup\n',
  ),
  {
    name: 'a folder of files',
    kind: DataError,
    remedy: 'Name the folder above the folders of the classes, or a table.',
    raise: () => withFolder(NESTED, (folder) => readExamples(join(folder, 'train', 'good'))),
    follow: () => withFolder(NESTED, (folder) => readExamples(join(folder, 'train'))),
  },
  {
    name: 'a folder above the folder of the classes',
    kind: DataError,
    remedy: 'Name that folder, or move its files: only one level of folders is read.',
    raise: () => withFolder(NESTED, (folder) => readExamples(folder)),
    follow: () => withFolder(NESTED, (folder) => readExamples(join(folder, 'train'))),
  },
  {
    name: 'an option of tables for a folder',
    kind: UsageError,
    remedy: 'Omit options of tables: each file is a text, and its folder the label.',
    raise: () => withFolder(NESTED, (folder) => readExamples(join(folder, 'train'), { header: false })),
    follow: () => withFolder(NESTED, (folder) => readExamples(join(folder, 'train'))),
  },
]

export const DATA_CASES: readonly RemedyCase[] = [...TEXTS, ...COLUMNS, ...FILES, ...KINDS, ...FOLDERS]
