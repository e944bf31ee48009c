/** Parquet files (Apache Parquet format, Thrift's compact protocol): a small table whose description is changed at any place. */
import { deflateRawSync, gzipSync } from 'node:zlib'
import { changedTree } from './draw.mjs'

const CODECS = { plain: 0, gzip: 2, zstd: 6 }
const ENCODINGS = {
  plain: 0,
  groupVarInt: 1,
  plainDictionary: 2,
  rle: 3,
  bitPacked: 4,
  delta: 5,
  deltaLengths: 6,
  deltaPrefixes: 7,
  dictionary: 8,
  split: 9,
}
const TYPES = { boolean: 0, int32: 1, int64: 2, int96: 3, float: 4, double: 5, text: 6, fixed: 7 }

/** A table of some rows: a text and a label from a dictionary, and a column of a type drawn. */
export function madeParquet(draw) {
  return parquetFile(changedTree(draw, described(draw), draw.chance(0.1) ? 0 : draw.changes()))
}

function described(draw) {
  const rows = draw.pick([1, 3, 8, 40])
  const codec = draw.pick(Object.keys(CODECS))
  const texts = Array.from({ length: rows }, (_, i) => ({ text: `day ${i}` }))
  const labels = [{ run: { count: rows, value: 1, width: 1 } }]
  const columns = [
    {
      name: 'text',
      type: 'text',
      codec,
      pages: [{ kind: 0, values: rows, encoding: 'plain', parts: texts }],
    },
    {
      name: 'label',
      type: 'text',
      codec,
      pages: [
        { kind: 2, values: 2, encoding: 'plain', parts: [{ text: 'good' }, { text: 'bad' }] },
        { kind: 0, values: rows, encoding: 'dictionary', parts: [{ byte: 1 }, ...labels] },
      ],
    },
    draw.pick([bits, numbers, deltas, prefixes, nulls, secondVersion])(rows, codec),
  ]
  const schema = [
    { name: 'root', children: columns.length },
    ...columns.map(({ name, type, optional }) => ({ name, type, repetition: optional ? 1 : 0 })),
  ]
  return { schema, rows, groups: [{ rows, columns }] }
}

const column = (type, codec, page, more = {}) => ({ name: 'c', type, codec, pages: [page], ...more })
const bits = (values, codec) =>
  column('boolean', codec, {
    kind: 0,
    values,
    encoding: 'rle',
    parts: [{ sized: [{ run: { count: values, value: 1, width: 1 } }] }],
  })
const numbers = (values, codec) =>
  column('int32', codec, { kind: 0, values, encoding: 'plain', parts: [{ zeros: 4 * values }] })
const deltas = (values, codec) =>
  column('int64', codec, { kind: 0, values, encoding: 'delta', parts: deltaParts(values) })
const prefixes = (values, codec) =>
  column('text', codec, {
    kind: 0,
    values,
    encoding: 'deltaPrefixes',
    parts: [...deltaParts(values, 0), ...deltaParts(values, 0, 2), { zeros: values }],
  })
const nulls = (values, codec) => {
  const levels = [
    { run: { count: values - 1, value: 1, width: 1 } },
    { run: { count: 1, value: 0, width: 1 } },
  ]
  const parts = [{ sized: levels }, { zeros: 8 * (values - 1) }]
  return column('double', codec, { kind: 0, values, encoding: 'plain', parts }, { optional: true })
}
const secondVersion = (values, codec) =>
  column('int32', codec, {
    kind: 3,
    values,
    nulls: 0,
    rows: values,
    encoding: 'plain',
    levels: { definitions: 0, repetitions: 0 },
    parts: [{ zeros: 4 * values }],
  })

/** Block size, parts of a block, count, first value; then blocks of one step, without bits. */
function deltaParts(values, step = 2, first = 0) {
  const head = [{ varint: 128 }, { varint: 4 }, { varint: values }, { varint: first }]
  const block = [{ varint: step }, { byte: 0 }, { byte: 0 }, { byte: 0 }, { byte: 0 }]
  return [...head, ...Array.from({ length: Math.ceil(Math.max(0, values - 1) / 128) }, () => block).flat()]
}

/** The bytes of a description, whatever it has become. */
export function parquetFile({ schema = [], rows = 0, groups = [] } = {}) {
  const out = [Buffer.from('PAR1')]
  let at = 4
  const add = (bytes) => {
    out.push(bytes)
    at += bytes.length
    return at - bytes.length
  }
  const group = (one) => {
    const written = list(one?.columns).map((each) => {
      const from = list(each?.pages).map((page) => add(pageBytes(page, each)))
      const [first = at] = from
      const hasDictionary = list(each?.pages)[0]?.kind === 2
      const dataAt = each?.from ?? (hasDictionary ? (from[1] ?? at) : first)
      return { each, dataAt, dictionaryAt: hasDictionary ? first : undefined, size: each?.size ?? at - first }
    })
    return struct([
      [1, 'structs', written.map(chunk)],
      [2, 'i64', 1000],
      [3, 'i64', one?.rows],
    ])
  }
  const groupBytes = list(groups).map(group)
  const metadata = struct([
    [1, 'i32', 2],
    [2, 'structs', list(schema).map(element)],
    [3, 'i64', rows],
    [4, 'structs', groupBytes],
  ])
  const length = Buffer.alloc(4)
  length.writeUInt32LE(metadata.length)
  return new Uint8Array(Buffer.concat([...out, metadata, length, Buffer.from('PAR1')]))
}

function chunk({ each, dataAt, dictionaryAt, size }) {
  const metadata = struct([
    [1, 'i32', numberOf(TYPES, each?.type)],
    [2, 'i32s', [0, 3, 8]],
    [3, 'binaries', [each?.name]],
    [4, 'i32', numberOf(CODECS, each?.codec)],
    [5, 'i64', list(each?.pages)[0]?.values],
    [6, 'i64', size],
    [7, 'i64', size],
    [9, 'i64', dataAt],
    [11, 'i64', dictionaryAt],
  ])
  return struct([
    [2, 'i64', 0],
    [3, 'struct', metadata],
  ])
}

const element = (one) =>
  struct([
    [1, 'i32', one?.type === undefined ? undefined : numberOf(TYPES, one.type)],
    [3, 'i32', one?.repetition],
    [4, 'binary', one?.name],
    [5, 'i32', one?.children],
    [6, 'i32', one?.type === 'text' ? 0 : undefined],
  ])

function pageBytes(page, { codec } = {}) {
  const data = Buffer.concat(list(page?.parts).map(partBytes))
  const packed = compressed(data, codec)
  const counts = [
    [1, 'i32', page?.values],
    [2, 'i32', numberOf(ENCODINGS, page?.encoding)],
  ]
  const levels = [
    [3, 'i32', 3],
    [4, 'i32', 3],
  ]
  const second = [
    [1, 'i32', page?.values],
    [2, 'i32', page?.nulls],
    [3, 'i32', page?.rows],
    [4, 'i32', numberOf(ENCODINGS, page?.encoding)],
    [5, 'i32', page?.levels?.definitions],
    [6, 'i32', page?.levels?.repetitions],
  ]
  const header = struct([
    [1, 'i32', page?.kind],
    [2, 'i32', page?.unpacked ?? data.length],
    [3, 'i32', page?.packed ?? packed.length],
    [5, 'struct', page?.kind === 2 || page?.kind === 3 ? undefined : struct([...counts, ...levels])],
    [7, 'struct', page?.kind === 2 ? struct(counts) : undefined],
    [8, 'struct', page?.kind === 3 ? struct(second) : undefined],
  ])
  return Buffer.concat([header, packed])
}

function compressed(data, codec) {
  if (codec === 'gzip') return gzipSync(data)
  if (codec === 'zstd') return zstd(data)
  return codec === 'deflate' ? deflateRawSync(data) : data
}

/** A frame of raw blocks; a run of one byte is one block of four bytes. */
function zstd(data) {
  const blocks = []
  const most = 2 ** 17
  for (let from = 0; from === 0 || from < data.length; from += most) {
    const part = data.subarray(from, from + most)
    const last = from + most >= data.length ? 1 : 0
    const isRun = part.length > 64 && part.every((byte) => byte === part[0])
    const head = (part.length << 3) | ((isRun ? 1 : 0) << 1) | last
    blocks.push(Buffer.from([head & 255, (head >> 8) & 255, head >> 16]), isRun ? part.subarray(0, 1) : part)
  }
  return Buffer.concat([Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x58]), ...blocks])
}

function partBytes(part) {
  if (part?.text !== undefined) {
    const text = Buffer.from(String(part.text))
    const length = Buffer.alloc(4)
    length.writeUInt32LE(text.length)
    return Buffer.concat([length, text])
  }
  if (part?.zeros !== undefined) return Buffer.alloc(Math.min(2 ** 22, Math.max(0, Number(part.zeros) || 0)))
  if (part?.byte !== undefined) return Buffer.from([Number(part.byte)])
  if (part?.varint !== undefined) return varint(part.varint)
  if (part?.run) {
    const value = Buffer.alloc(Math.max(1, Math.ceil((Number(part.run.width) || 0) / 8) % 8))
    value[0] = Number(part.run.value) || 0
    return Buffer.concat([varint(2 * Math.trunc(Number(part.run.count) || 0)), value])
  }
  if (part?.sized) {
    const inner = Buffer.concat(list(part.sized).map(partBytes))
    const length = Buffer.alloc(4)
    length.writeUInt32LE(inner.length)
    return Buffer.concat([length, inner])
  }
  return Buffer.alloc(0)
}

// Thrift's compact protocol.

const KINDS = { i32: 5, i64: 6, binary: 8, struct: 12, structs: 9, i32s: 9, binaries: 9 }

/** Fields `[id, kind, value]` in order; without a value, none. */
function struct(fields) {
  const out = []
  let last = 0
  for (const [id, kind, value] of fields) {
    if (value === undefined) continue
    out.push(Buffer.from([((id - last) << 4) | KINDS[kind]]), fieldBytes(kind, value))
    last = id
  }
  return Buffer.concat([...out, Buffer.from([0])])
}

function fieldBytes(kind, value) {
  if (kind === 'i32' || kind === 'i64') return zigzag(value)
  if (kind === 'binary') {
    const text = Buffer.from(String(value))
    return Buffer.concat([varint(text.length), text])
  }
  if (kind === 'struct') return value
  const of = { structs: 'struct', i32s: 'i32', binaries: 'binary' }[kind]
  const head = Buffer.concat([Buffer.from([0xf0 | KINDS[of]]), varint(value.length)])
  return Buffer.concat([head, ...value.map((one) => fieldBytes(of, one))])
}

const integer = (value) => (Number.isFinite(Number(value)) ? BigInt(Math.trunc(Number(value))) : 0n)
const zigzag = (value) => {
  const n = BigInt.asIntN(64, integer(value))
  return varint(BigInt.asUintN(64, (n << 1n) ^ (n >> 63n)))
}

function varint(value) {
  let n = BigInt.asUintN(64, integer(value))
  const out = []
  do {
    out.push(Number(n & 127n) | (n > 127n ? 128 : 0))
    n >>= 7n
  } while (n > 0n)
  return Buffer.from(out)
}

const list = (value) => (Array.isArray(value) ? value : [])
const numberOf = (names, name) => (typeof name === 'string' ? (names[name] ?? name.length) : name)
