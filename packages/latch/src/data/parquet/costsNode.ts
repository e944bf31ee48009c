/**
 * What a Parquet file would cost, before hyparquet makes anything of it: a few bytes may stand for billions of rows, and
 * hyparquet follows every count (Apache Parquet format, parquet.thrift and Encodings.md).
 */
import type { Compressors, FileMetaData, PageHeader, SchemaTree } from 'hyparquet'
import { parquetSchema } from 'hyparquet'
import { parquetHeader } from 'hyparquet/src/column.js'
import { decompressPage } from 'hyparquet/src/datapage.js'
import { deltaBinaryUnpack } from 'hyparquet/src/delta.js'
import { readRleBitPackedHybrid } from 'hyparquet/src/encoding.js'
import {
  getMaxDefinitionLevel,
  getMaxRepetitionLevel,
  getPhysicalColumns,
  getSchemaPath,
} from 'hyparquet/src/schema.js'
import { readVarInt } from 'hyparquet/src/thrift.js'
import { DataError } from '../../core/errors.ts'

/** What a file may have for each of its bytes, and what even the smallest may. */
const MOST_VALUES = { times: 16, free: 2 ** 23, words: 'values' }
const MOST_BYTES = { times: 64, free: 2 ** 25, words: 'bytes of pages' }
/** A page counts as so many values, and so do as many elements of the schema that are looked through. */
const PAGE_VALUES = 64
/** Levels of lists and structures. */
const MOST_LEVELS = 64
/** Writers round a last run up. */
const SPARE_VALUES = 504

/** A place in bytes, as hyparquet's functions move it. */
interface Reader {
  view: DataView<ArrayBuffer>
  offset: number
}

interface Column {
  path: SchemaTree[]
  codec: Parameters<typeof decompressPage>[2]
}

/**
 * @throws DataError for a file that claims more than its bytes justify, or levels without end
 * @throws RangeError and others for a damaged file
 */
export class ParquetCosts {
  readonly #file: Uint8Array<ArrayBuffer>
  readonly #compressors: Compressors
  readonly #values: Spent
  readonly #bytes: Spent
  readonly #name: string

  constructor(file: Uint8Array<ArrayBuffer>, compressors: Compressors, name: string) {
    this.#file = file
    this.#compressors = compressors
    this.#name = name
    this.#values = new Spent(MOST_VALUES, file, name)
    this.#bytes = new Spent(MOST_BYTES, file, name)
  }

  assert({ schema, row_groups }: FileMetaData): void {
    this.#assertLevels(schema)
    const columns = getPhysicalColumns(parquetSchema({ schema } as FileMetaData))
    for (const group of row_groups) {
      this.#values.add(Number(group.num_rows))
      // hyparquet waits for the columns of the schema alone: an error in another would end the process.
      const named = group.columns.map(({ meta_data }) => meta_data?.path_in_schema.join('.'))
      if (named.length !== columns.length || !columns.every((column, i) => column === named[i]))
        throw new RangeError('a row group with other columns than the schema has')
      for (const { meta_data } of group.columns) {
        if (!meta_data) continue
        this.#values.add(schema.length / PAGE_VALUES)
        const from = Number(meta_data.dictionary_page_offset || meta_data.data_page_offset)
        const to = from + Number(meta_data.total_compressed_size)
        if (!(from >= 0 && from <= to && to <= this.#file.length))
          throw new RangeError('a column lies outside the file')
        const path = getSchemaPath(schema, meta_data.path_in_schema)
        // Counted each time that it is read, also where several groups name one place.
        const count = this.#countColumn(readerOf(this.#file.subarray(from, to)), {
          path,
          codec: meta_data.codec,
        })
        if (getMaxRepetitionLevel(path) === 0 && count !== Number(group.num_rows))
          throw new RangeError(`${count} values of a column in ${group.num_rows} rows`)
      }
    }
  }

  /** The values of its pages, absent ones included. */
  #countColumn(reader: Reader, column: Column): number {
    let values = 0
    while (reader.offset < reader.view.byteLength - 1) {
      const page = parquetHeader(reader)
      const data = page.data_page_header ?? page.data_page_header_v2
      const count = natural((data ?? page.dictionary_page_header)?.num_values ?? 0)
      this.#values.add(PAGE_VALUES + count)
      this.#bytes.add(page.uncompressed_page_size)
      const { buffer, byteOffset } = reader.view
      const bytes = new Uint8Array(buffer, byteOffset + reader.offset, natural(page.compressed_page_size))
      if (page.data_page_header) this.#assertPage(page, bytes, column)
      else if (page.data_page_header_v2) this.#assertSecondPage(page, bytes, column)
      if (data) values += count
      reader.offset += bytes.length
    }
    return values
  }

  #assertPage(page: PageHeader, bytes: Uint8Array, { path, codec }: Column): void {
    const { num_values, encoding } = page.data_page_header!
    const unpacked = decompressPage(bytes, page.uncompressed_page_size, codec, this.#compressors)
    const reader = readerOf(unpacked)
    const [repeated, defined] = [getMaxRepetitionLevel(path), getMaxDefinitionLevel(path)]
    if (repeated > 0) runs(reader, bitsOf(repeated), num_values)
    const present = defined > 0 ? countOf(defined, runs(reader, bitsOf(defined), num_values)) : num_values
    this.#assertValues(reader, encoding, path, present)
  }

  /** The second version has its levels before what is compressed. */
  #assertSecondPage(page: PageHeader, bytes: Uint8Array, { path, codec }: Column): void {
    const { num_values, num_nulls, encoding, is_compressed, ...header } = page.data_page_header_v2!
    const [repetitions, definitions] = [
      natural(header.repetition_levels_byte_length),
      natural(header.definition_levels_byte_length),
    ]
    const reader = readerOf(bytes)
    const [repeated, defined] = [getMaxRepetitionLevel(path), getMaxDefinitionLevel(path)]
    if (repeated > 0) runs(reader, bitsOf(repeated), num_values, repetitions)
    reader.offset = repetitions
    if (defined > 0) runs(reader, bitsOf(defined), num_values, definitions)
    const packed = bytes.subarray(repetitions + definitions)
    const size = page.uncompressed_page_size - repetitions - definitions
    const isPacked = is_compressed !== false && size !== 0
    const values = isPacked ? decompressPage(packed, natural(size), codec, this.#compressors) : packed
    this.#assertValues(readerOf(values), encoding, path, natural(num_values - num_nulls))
  }

  #assertValues(reader: Reader, encoding: string, path: SchemaTree[], count: number): void {
    const isBoolean = path[path.length - 1].element.type === 'BOOLEAN'
    if (encoding === 'RLE' && isBoolean) runs(reader, 1, count)
    else if (encoding.endsWith('_DICTIONARY') || encoding === 'RLE') {
      const bits = reader.offset < reader.view.byteLength ? reader.view.getUint8(reader.offset++) : 0
      const length = reader.view.byteLength - reader.offset
      if (bits > 0 && count > 0) runs(reader, bits, count, length)
    } else if (encoding.startsWith('DELTA')) {
      assertDeltas(reader)
      if (encoding === 'DELTA_BYTE_ARRAY') this.#assertPrefixes(reader, count)
    }
  }

  /** Each value repeats the beginning of the one before. */
  #assertPrefixes(reader: Reader, count: number): void {
    const [prefixes, rests] = [new Int32Array(count), new Int32Array(count)]
    deltaBinaryUnpack(reader, count, prefixes)
    assertDeltas(reader)
    deltaBinaryUnpack(reader, count, rests)
    let before = 0
    for (let i = 0; i < count; i++) {
      if (!(prefixes[i] >= 0 && prefixes[i] <= before))
        throw new RangeError(`a beginning of ${prefixes[i]} bytes`)
      before = prefixes[i] + natural(rests[i])
      this.#bytes.add(before)
    }
  }

  /** Walks the schema, which lists a parent before its children. */
  #assertLevels(schema: FileMetaData['schema']): void {
    const open: number[] = []
    for (const element of schema) {
      while (open.length > 0 && open[open.length - 1] === 0) open.pop()
      if (open.length > 0) open[open.length - 1]--
      open.push(natural(element.num_children ?? 0))
      if (open.length <= MOST_LEVELS) continue
      throw new DataError({
        where: this.#name,
        expected: `a Parquet file of at most ${MOST_LEVELS} levels`,
        got: `more, at column ${JSON.stringify(element.name)}`,
        remedy: 'Save only the columns with the texts and the labels, with one value a row.',
      })
    }
  }
}

/**
 * Runs of one value, and packed ones, as hyparquet reads them, once none is longer than it may be.
 * @param length of the runs; without it, it comes first
 */
function runs(reader: Reader, bits: number, count: number, length?: number): number[] {
  const [again, given] = [{ ...reader }, length]
  if (length === undefined) {
    length = reader.view.getUint32(reader.offset, true)
    reader.offset += 4
  }
  const start = reader.offset
  for (let seen = 0; seen < count;) {
    const header = readVarInt(reader)
    const isPacked = (header & 1) === 1
    const run = isPacked ? (header >>> 1) * 8 : header >>> 1
    if (run > count - seen + SPARE_VALUES)
      throw new RangeError(`a run of ${run} values where ${count - seen} remain`)
    reader.offset += isPacked ? Math.ceil((run * bits) / 8) : (bits + 7) >> 3
    seen += run
  }
  reader.offset = start + length
  const values = new Array<number>(count)
  readRleBitPackedHybrid(again, bits, values, given)
  return values
}

/** Sizes of a block and of its parts: hyparquet goes on for ever with those that do not fit. */
function assertDeltas({ view, offset }: Reader): void {
  const head = { view, offset }
  const [block, parts] = [readVarInt(head), readVarInt(head)]
  if (!(block > 0 && parts > 0 && block % parts === 0))
    throw new RangeError(`blocks of ${block} in ${parts} parts`)
}

function countOf(value: number, list: readonly number[]): number {
  return list.reduce((count, one) => count + (one === value ? 1 : 0), 0)
}

class Spent {
  readonly #most: number
  readonly #words: string
  readonly #where: string
  #sum = 0

  constructor({ times, free, words }: typeof MOST_VALUES, file: Uint8Array, where: string) {
    this.#most = times * file.length + free
    this.#words = `at most ${this.#most.toLocaleString('en')} ${words} in ${file.length.toLocaleString('en')} bytes`
    this.#where = where
  }

  add(count: number): void {
    this.#sum += natural(count)
    if (this.#sum <= this.#most) return
    throw new DataError({
      where: this.#where,
      expected: `a Parquet file with ${this.#words}`,
      got: Math.ceil(this.#sum).toLocaleString('en'),
      remedy: 'Save the table as CSV, or as several Parquet files.',
    })
  }
}

function readerOf(bytes: Uint8Array): Reader {
  const { buffer, byteOffset, byteLength } = bytes as Uint8Array<ArrayBuffer>
  return { view: new DataView(buffer, byteOffset, byteLength), offset: 0 }
}

const bitsOf = (most: number): number => 32 - Math.clz32(most)

function natural(count: number): number {
  if (!(count >= 0)) throw new RangeError(`a count of ${count}`)
  return count
}
