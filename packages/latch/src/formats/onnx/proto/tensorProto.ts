/**
 * Decodes a TensorProto. A first pass reads its shape, type and number of elements and checks them against the bytes in
 * the file; only then is memory allocated. Aligned raw float32 and float64 data is not copied.
 */
import { FormatError, UnsupportedError } from '../../../core/errors.ts'
import { bfloatToFloat, halfToFloat } from '../../halfPrecision.ts'
import { readCompanion } from '../../companions.ts'
import { getStorage, type OnnxDtype, type OnnxTensor } from '../graph.ts'
import { DATA_TYPES, EntrySchema, TensorSchema } from './schema.ts'
import { isExtreme, type NumberKind, type WireMessage } from './wire.ts'

/** Reads a file beside the model by its relative name. */
export type Sibling = (name: string) => Promise<Uint8Array>

/** What a tensor declares, before its numbers are read. */
export interface TensorHead {
  name: string
  /** The place in errors: `graph.initializer[3] 'W'`. */
  where: string
  dtype: OnnxDtype
  shape: readonly number[]
  count: number
  raw: Uint8Array | null
  /** The typed field that holds the numbers. */
  typed: TypedField | null
  message: WireMessage
  /** The location of external data. */
  external: ReadonlyMap<string, string> | null
  /** Why its numbers cannot be read: an element type that Latch does not have. */
  refused?: Error
}

type TypedField = 'floatData' | 'doubleData' | 'int32Data' | 'int64Data' | 'uint64Data'

const KINDS: Readonly<Record<TypedField, NumberKind>> = {
  floatData: 'float',
  doubleData: 'double',
  int32Data: 'int32',
  int64Data: 'int64',
  uint64Data: 'uint64',
}

/** Bytes per number in raw data, and the typed field that holds the numbers otherwise. */
const TYPES: Readonly<Record<OnnxDtype, { bytes: number; field: TypedField }>> = {
  float32: { bytes: 4, field: 'floatData' },
  float64: { bytes: 8, field: 'doubleData' },
  float16: { bytes: 2, field: 'int32Data' },
  bfloat16: { bytes: 2, field: 'int32Data' },
  int64: { bytes: 8, field: 'int64Data' },
  int32: { bytes: 4, field: 'int32Data' },
  int16: { bytes: 2, field: 'int32Data' },
  int8: { bytes: 1, field: 'int32Data' },
  uint8: { bytes: 1, field: 'int32Data' },
  uint16: { bytes: 2, field: 'int32Data' },
  uint32: { bytes: 4, field: 'uint64Data' },
  uint64: { bytes: 8, field: 'uint64Data' },
  bool: { bytes: 1, field: 'int32Data' },
}

const MAX_AXES = 32
const MAX_AXIS = 2 ** 31 - 1
/** Limit on the product of the non-zero sizes of an empty tensor, as loops may still run over these axes. */
const MOST_EMPTY = 2 ** 24

const NAME_OF_TYPE = new Map(Object.entries(DATA_TYPES).map(([name, number]) => [number as number, name]))

/** The element type of a code in `data_type` or `elem_type`; null if Latch does not support it. */
export function getDtype(number: number): OnnxDtype | null {
  const name = NAME_OF_TYPE.get(number)
  return name !== undefined && name in TYPES ? (name as OnnxDtype) : null
}

/** Reads the shape, type and location of a tensor's numbers. @throws FormatError, UnsupportedError */
export function readHead(message: WireMessage): TensorHead {
  const dims: number[] = []
  const counts = new Map<TypedField, number>()
  const external = new Map<string, string>()
  let [name, type, location] = ['', 0, 0]
  let raw: Uint8Array | null = null
  const count = (field: TypedField) => (m: WireMessage) =>
    void counts.set(field, (counts.get(field) ?? 0) + m.countNumbers(KINDS[field]))
  message.each(TensorSchema, {
    dims: (m) => m.numbers('int64', (dim) => void addAxis(m, dims, dim)),
    dataType: (m) => void (type = m.int()),
    name: (m) => void (name = m.string()),
    rawData: (m) => void (raw = m.bytes()),
    floatData: count('floatData'),
    doubleData: count('doubleData'),
    int32Data: count('int32Data'),
    int64Data: count('int64Data'),
    uint64Data: count('uint64Data'),
    dataLocation: (m) => void (location = m.int()),
    externalData: (m) => {
      const [key, value] = readEntry(m.message())
      external.set(key, value)
    },
    segment: (m) => {
      throw m.unsupported('a tensor in one piece', 'a segment of one')
    },
  })
  const where = `${message.path}${name && ` '${name}'`}`
  const dtype = getDtype(type)
  if (!dtype) {
    const refused = strangeType(message.source, where, type)
    const none = { raw: null, typed: null, message, external: null }
    return { name, where, dtype: 'float32', shape: dims, count: 0, ...none, refused }
  }
  const isExternal = location === 1
  const head = {
    name,
    where,
    dtype,
    shape: dims,
    count: computeSize(message.source, where, dims),
    raw,
    message,
  }
  const typed = raw || isExternal ? null : TYPES[dtype].field
  const got = typed ? (counts.get(typed) ?? 0) : isExternal ? head.count : numbersIn(head, raw!)
  if (got !== head.count)
    throw broken(head, `${head.count.toLocaleString('en')} numbers of ${dtype} for (${dims})`, `${got}`)
  return { ...head, raw: isExternal ? null : raw, typed, external: isExternal ? external : null }
}

/** Reads the numbers of a tensor that the file contains. */
export function readTensor(head: TensorHead): OnnxTensor {
  const { dtype, shape, count, raw, typed, message, refused } = head
  if (refused) throw refused
  if (head.external) throw broken(head, 'numbers within the file', 'external data', 'unsupported')
  if (raw) {
    if (dtype !== 'float32') message.spend(getStorage(dtype, 0).BYTES_PER_ELEMENT * count)
    return { dtype, shape, data: widen(head, raw) }
  }
  message.spend(getStorage(dtype, 0).BYTES_PER_ELEMENT * count)
  const data = getStorage(dtype, count)
  const half = dtype === 'float16' ? halfToFloat : dtype === 'bfloat16' ? bfloatToFloat : null
  const check = INTEGER_RANGES[dtype]
  let i = 0
  const take = (value: number) => {
    if (check && !(value >= check[0] && value <= check[1]))
      throw broken(head, `numbers of ${dtype}`, String(value))
    data[i++] = half ? half(value) : value
  }
  message.each(TensorSchema, { [typed!]: (m: WireMessage) => m.numbers(KINDS[typed!], take) })
  return { dtype, shape, data }
}

/** Reads the numbers of a tensor, from the file or from external data. */
export async function readTensorAnywhere(
  head: TensorHead,
  sibling: Sibling | undefined,
): Promise<OnnxTensor> {
  if (!head.external) return readTensor(head)
  const place = head.external
  const location = place.get('location') ?? ''
  if (!sibling)
    throw broken(head, 'all numbers in one file', `external data in ${location}, which is not at hand`)
  const { message } = head
  const where = `${message.source}, ${head.where}`
  const file = await readCompanion({ sibling }, location, where, message.budget)
  const offset = wholeNumber(head, 'offset', 0)
  const bytes = head.count * TYPES[head.dtype].bytes
  const length = wholeNumber(head, 'length', bytes)
  if (length !== bytes) throw broken(head, `external data of ${bytes} bytes`, `a length of ${length}`)
  if (offset + length > file.length)
    throw broken(head, `bytes within the ${file.length} of ${location}`, `${offset} to ${offset + length}`)
  message.budget.spend('numbers', head.count, where)
  message.spend(getStorage(head.dtype, 0).BYTES_PER_ELEMENT * head.count)
  return {
    dtype: head.dtype,
    shape: head.shape,
    data: widen(head, file.subarray(offset, offset + length)),
  }
}

/** Reads a key-value pair. */
export function readEntry(message: WireMessage): readonly [string, string] {
  let [key, value] = ['', '']
  message.each(EntrySchema, {
    key: (m) => void (key = m.string()),
    value: (m) => void (value = m.string()),
  })
  return [key, value]
}

function addAxis(message: WireMessage, dims: number[], dim: number): void {
  if (!(dim >= 0 && dim <= MAX_AXIS)) throw message.error('a size of an axis from 0 below 2^31', String(dim))
  if (dims.push(dim) > MAX_AXES) throw message.error(`at most ${MAX_AXES} axes`, 'more')
}

function computeSize(source: string, where: string, dims: readonly number[]): number {
  const count = dims.reduce((product, dim) => product * dim, 1)
  const empty = count === 0 ? dims.reduce((product, dim) => product * (dim || 1), 1) : 0
  if (count <= MAX_AXIS && empty <= MOST_EMPTY) return count
  throw new FormatError({
    where: `${source}, ${where}`,
    expected: 'fewer than 2^31 numbers',
    got: `a shape of (${dims})`,
  })
}

function strangeType(source: string, where: string, type: number): Error {
  const facts = { where: `${source}, ${where}`, got: NAME_OF_TYPE.get(type) ?? `type ${type}` }
  const expected = `a tensor of ${Object.keys(TYPES).join(', ')}`
  return type === 0 ? new FormatError({ ...facts, expected }) : new UnsupportedError({ ...facts, expected })
}

function numbersIn({ dtype }: { dtype: OnnxDtype }, raw: Uint8Array): number {
  return raw.length / TYPES[dtype].bytes
}

function wholeNumber(head: TensorHead, key: string, otherwise: number): number {
  const text = head.external!.get(key)
  if (text === undefined) return otherwise
  if (!/^\d{1,15}$/.test(text))
    throw broken(head, `external data with a whole number for its ${key}`, text.slice(0, 40))
  return Number(text)
}

type Where = Pick<TensorHead, 'where' | 'message'>

function broken({ where, message }: Where, expected: string, got: string, kind?: 'unsupported'): Error {
  const facts = { where: `${message.source}, ${where}`, expected, got }
  return kind ? new UnsupportedError(facts) : new FormatError(facts)
}

const INTEGER_RANGES: Partial<Record<OnnxDtype, readonly [number, number]>> = {
  int8: [-128, 127],
  uint8: [0, 255],
  int16: [-32768, 32767],
  uint16: [0, 65535],
  float16: [0, 65535],
  bfloat16: [0, 65535],
  bool: [0, 1],
  uint32: [0, 2 ** 32 - 1],
}

/** Converts raw little-endian numbers to the storage of a tensor. */
function widen(head: TensorHead, raw: Uint8Array): Float32Array | Float64Array {
  const { dtype, count } = head
  if (dtype === 'float32' || dtype === 'float64') {
    const Kind = dtype === 'float32' ? Float32Array : Float64Array
    const even = raw.byteOffset % Kind.BYTES_PER_ELEMENT === 0
    const { buffer, byteOffset } = even ? raw : new Uint8Array(raw)
    return new Kind(buffer as ArrayBuffer, byteOffset, count)
  }
  const view = new DataView(raw.buffer, raw.byteOffset, raw.byteLength)
  const read = RAW_READERS[dtype]
  const data = getStorage(dtype, count)
  const { bytes } = TYPES[dtype]
  for (let i = 0; i < count; i++) {
    const value = read(view, i * bytes)
    if (dtype === 'int64' || dtype === 'uint64') checkExact(head, value, view.getBigInt64(i * 8, true))
    if (dtype === 'bool' && value > 1) throw broken(head, 'true or false', String(value))
    data[i] = value
  }
  return data
}

function checkExact(head: TensorHead, value: number, exact: bigint): void {
  if (Number.isSafeInteger(value) || isExtreme(exact)) return
  throw broken(head, 'whole numbers within ±2^53', String(exact), 'unsupported')
}

type RawReader = (view: DataView, at: number) => number

const RAW_READERS: Readonly<Record<Exclude<OnnxDtype, 'float32' | 'float64'>, RawReader>> = {
  float16: (v, at) => halfToFloat(v.getUint16(at, true)),
  bfloat16: (v, at) => bfloatToFloat(v.getUint16(at, true)),
  int64: (v, at) => v.getInt32(at + 4, true) * 2 ** 32 + v.getUint32(at, true),
  uint64: (v, at) => v.getUint32(at + 4, true) * 2 ** 32 + v.getUint32(at, true),
  int32: (v, at) => v.getInt32(at, true),
  uint32: (v, at) => v.getUint32(at, true),
  int16: (v, at) => v.getInt16(at, true),
  uint16: (v, at) => v.getUint16(at, true),
  int8: (v, at) => v.getInt8(at),
  uint8: (v, at) => v.getUint8(at),
  bool: (v, at) => v.getUint8(at),
}
