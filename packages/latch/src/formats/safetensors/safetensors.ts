/**
 * Safetensors, read and written: a length, a JSON header, then the tensors' bytes without holes
 * (https://github.com/huggingface/safetensors). Every promise of the header is checked against the
 * bytes at hand before anything is allocated for it.
 */
import { FormatError, ShapeError, UsageError } from '../../core/errors.ts'
import { bfloatToFloat, halfToFloat, widened } from '../halfPrecision.ts'
import { MAX_HEADER_BYTES, MAX_TENSORS, quoted, readHeader } from './header.ts'
import type { HeaderEntry } from './header.ts'

const ARRAYS = {
  F64: Float64Array,
  I64: BigInt64Array,
  U64: BigUint64Array,
  C64: BigUint64Array,
  F32: Float32Array,
  I32: Int32Array,
  U32: Uint32Array,
  I16: Int16Array,
  U16: Uint16Array,
  I8: Int8Array,
  U8: Uint8Array,
  BOOL: Uint8Array,
  F8_E4M3: Uint8Array,
  F8_E5M2: Uint8Array,
  F16: Uint16Array,
  BF16: Uint16Array,
} as const
type StoredDtype = keyof typeof ARRAYS

/** Number formats of `data`. */
export type TensorDtype = Exclude<StoredDtype, 'F16' | 'BF16'>
/** A tensor’s numbers, typed as they are stored; the bits of types that JavaScript has no array for. */
export type TensorData =
  | Float32Array
  | Float64Array
  | Int8Array
  | Int16Array
  | Int32Array
  | BigInt64Array
  | Uint8Array
  | Uint16Array
  | Uint32Array
  | BigUint64Array

/** One tensor of a file. */
export interface NamedTensor {
  name: string
  /** Row-major; `[]` is a single number. */
  shape: readonly number[]
  /** The type of `data`. Half-precision tensors arrive as F32: see `storedAs`. */
  dtype: TensorDtype
  data: TensorData
  /** Set when the file holds half precision: `data` is the exact float32 value of each number. */
  storedAs?: 'F16' | 'BF16'
}

/** A whole file. */
export interface SafetensorsContent {
  tensors: Map<string, NamedTensor>
  metadata: Record<string, string>
}

const LENGTH_BYTES = 8
const ALIGNMENT = 8

/**
 * Reads a whole safetensors file. F16 and BF16 are widened to float32 without loss (see `storedAs`); all others come as
 * they are, booleans, 8-bit floats and complex numbers as bits. The arrays are copies: `bytes` may be reused.
 *
 * @param source the file's name, for errors
 * @throws FormatError naming the file and the byte or field at fault
 */
export function readSafetensors(bytes: Uint8Array, source = 'safetensors bytes'): SafetensorsContent {
  const headerLength = readHeaderLength(bytes, source)
  const dataStart = LENGTH_BYTES + headerLength
  const { entries, metadata } = readHeader(bytes, LENGTH_BYTES, dataStart, source)
  for (const entry of entries) checkEntry(entry, bytes.length - dataStart, source)
  checkLayout(entries, bytes.length - dataStart, source)
  const tensors = new Map<string, NamedTensor>()
  for (const entry of entries) tensors.set(entry.name, takeData(entry, bytes, dataStart))
  return { tensors, metadata }
}

/** The metadata of a safetensors file; its tensors are not read. @throws FormatError as `readSafetensors` */
export function readSafetensorsMetadata(bytes: Uint8Array, source: string): Record<string, string> {
  return readHeader(bytes, LENGTH_BYTES, LENGTH_BYTES + readHeaderLength(bytes, source), source).metadata
}

function readHeaderLength(bytes: Uint8Array, source: string): number {
  if (bytes.length < LENGTH_BYTES) {
    throw new FormatError({
      where: `${source}, bytes 0 to 7`,
      expected: 'the length of the header in 8 bytes',
      got: bytes.length === 0 ? 'an empty file' : `a file of ${bytes.length} bytes`,
    })
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, LENGTH_BYTES)
  const length = view.getBigUint64(0, true)
  const most = Math.min(bytes.length - LENGTH_BYTES, MAX_HEADER_BYTES)
  if (length < 2n || length > BigInt(most)) {
    throw new FormatError({
      where: `${source}, bytes 0 to 7`,
      expected: `a header of at most ${most} bytes (the file has ${bytes.length})`,
      got: `a header length of ${length}`,
      remedy: `The file is truncated, or of another format. ${ANY_MODEL}`,
    })
  }
  return Number(length)
}

/** What opens a file that is not a model of the class that reads it. */
export const ANY_MODEL = "`importFile` of 'latch/formats' opens any model."

/** Checks one tensor alone: dtype, shape, offsets, and that they say the same size. */
function checkEntry(entry: HeaderEntry, dataLength: number, source: string): void {
  const where = `${source}, header, tensor ${quoted(entry.name)}`
  if (!Object.hasOwn(ARRAYS, entry.dtype)) {
    throw new FormatError({
      where: `${where}, dtype`,
      expected: `one of ${Object.keys(ARRAYS).join(', ')}`,
      got: quoted(entry.dtype),
    })
  }
  const { begin, end } = entry
  if (begin > end) {
    const expected = 'a start before the end'
    throw new FormatError({ where: `${where}, data_offsets`, expected, got: `[${begin}, ${end}]` })
  }
  if (end > dataLength) {
    throw new FormatError({
      where: `${where}, data_offsets`,
      expected: `an end within the ${dataLength} bytes of data in the file`,
      got: `[${begin}, ${end}]`,
      remedy: 'The file is truncated or damaged: copy it again.',
    })
  }
  const size = byteSize(entry.shape, ARRAYS[entry.dtype as StoredDtype].BYTES_PER_ELEMENT)
  if (size !== end - begin) {
    throw new FormatError({
      where: `${where}, data_offsets`,
      expected: `${size ?? 'less than 2^53'} bytes for ${entry.dtype} of shape ${shapeText(entry.shape)}`,
      got: `${end - begin} bytes at [${begin}, ${end}]`,
    })
  }
}

/** Bytes of a shape, or undefined beyond 2⁵³. A zero anywhere makes it 0, whatever stands beside it. */
function byteSize(shape: readonly number[], elementBytes: number): number | undefined {
  if (shape.includes(0)) return 0
  const size = shape.reduce((product, entry) => product * entry, elementBytes)
  return Number.isSafeInteger(size) ? size : undefined
}

/** `(2, 64)`, as Latch's errors write shapes. */
export function shapeText(shape: readonly number[]): string {
  return `(${shape.join(', ')})`
}

/** The tensors together must cover the data once, without holes, to the file's last byte. */
function checkLayout(entries: readonly HeaderEntry[], dataLength: number, source: string): void {
  const ordered = [...entries].sort((a, b) => a.begin - b.begin || a.end - b.end)
  let covered = 0
  let before = 'the start of the data'
  for (const { name, begin, end } of ordered) {
    if (begin !== covered) {
      throw new FormatError({
        where: `${source}, header, tensor ${quoted(name)}, data_offsets`,
        expected: `a start of ${covered}, directly after ${before}`,
        got: `${begin} (${begin < covered ? 'they overlap' : 'a hole'})`,
      })
    }
    covered = end
    before = `tensor ${quoted(name)}`
  }
  if (covered !== dataLength) {
    throw new FormatError({
      where: `${source}, data byte ${covered}`,
      expected: `the end of the file after ${before}`,
      got: `${dataLength - covered} bytes that belong to no tensor`,
    })
  }
}

function takeData(entry: HeaderEntry, bytes: Uint8Array, dataStart: number): NamedTensor {
  const { name, shape } = entry
  // A copy, because foreign writers may leave the data unaligned (`slice` of a Node Buffer is none). Every WebAssembly host is little-endian.
  const slice = new Uint8Array(bytes.subarray(dataStart + entry.begin, dataStart + entry.end))
  const dtype = entry.dtype as StoredDtype
  const ArrayType = ARRAYS[dtype]
  const data = new ArrayType(slice.buffer, 0, slice.length / ArrayType.BYTES_PER_ELEMENT)
  if (dtype !== 'F16' && dtype !== 'BF16') return { name, shape, dtype, data }
  const halves = widened(data as Uint16Array, dtype === 'F16' ? halfToFloat : bfloatToFloat)
  return { name, shape, dtype: 'F32', data: halves, storedAs: dtype }
}

/**
 * Writes a safetensors file that every reader of the format takes, Python's among them. Tensors are
 * ordered by element size, the widest first, then by name: each lies aligned to its own element, and the
 * same content always gives the same bytes.
 *
 * @throws UsageError for names, ShapeError for data that does not fill its shape
 */
export function writeSafetensors(
  tensors: Iterable<NamedTensor>,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array {
  const ordered = [...tensors].sort(
    (a, b) => b.data.BYTES_PER_ELEMENT - a.data.BYTES_PER_ELEMENT || (a.name < b.name ? -1 : 1),
  )
  checkWritable(ordered)
  const fields: string[] = []
  if (Object.keys(metadata).length > 0) fields.push(`"__metadata__":${JSON.stringify(metadata)}`)
  let offset = 0
  for (const { name, dtype, shape, data } of ordered) {
    const info = { dtype, shape, data_offsets: [offset, offset + data.byteLength] }
    fields.push(`${JSON.stringify(name)}:${JSON.stringify(info)}`)
    offset += data.byteLength
  }
  return assemble(new TextEncoder().encode(`{${fields.join(',')}}`), ordered, offset)
}

function assemble(header: Uint8Array, tensors: readonly NamedTensor[], dataBytes: number): Uint8Array {
  const headerLength = Math.ceil(header.length / ALIGNMENT) * ALIGNMENT
  if (headerLength > MAX_HEADER_BYTES) {
    const expected = `names and metadata of at most ${MAX_HEADER_BYTES} bytes`
    throw new UsageError({ where: 'writeSafetensors', expected, got: `${headerLength}` })
  }
  const file = new Uint8Array(LENGTH_BYTES + headerLength + dataBytes)
  new DataView(file.buffer).setBigUint64(0, BigInt(headerLength), true)
  file.set(header, LENGTH_BYTES)
  file.fill(0x20, LENGTH_BYTES + header.length, LENGTH_BYTES + headerLength)
  let position = LENGTH_BYTES + headerLength
  for (const { data } of tensors) {
    file.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), position)
    position += data.byteLength
  }
  return file
}

function checkWritable(tensors: readonly NamedTensor[]): void {
  const names = new Set<string>()
  if (tensors.length > MAX_TENSORS) {
    const expected = `at most ${MAX_TENSORS} tensors`
    throw new UsageError({ where: 'writeSafetensors', expected, got: `${tensors.length}` })
  }
  for (const { name, dtype, shape, data } of tensors) {
    const where = `writeSafetensors, tensor ${quoted(name)}`
    if (name === '__metadata__' || names.has(name) || /\p{Cs}/u.test(name)) {
      const expected = 'a well-formed, unique and unreserved name'
      throw new UsageError({ where, expected, got: quoted(name) })
    }
    names.add(name)
    if (!(data instanceof ARRAYS[dtype])) {
      throw new UsageError({ where, expected: `data of dtype ${dtype}`, got: data.constructor.name })
    }
    const sizesExist = shape.every((size) => Number.isSafeInteger(size) && size >= 0)
    if (!sizesExist || byteSize(shape, data.BYTES_PER_ELEMENT) !== data.byteLength) {
      const expected = `the number of elements of shape ${shapeText(shape)}`
      throw new ShapeError({ where, expected, got: `${data.length}` })
    }
  }
}
