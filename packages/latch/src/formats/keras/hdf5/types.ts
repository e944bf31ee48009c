/**
 * HDF5's dataspaces and datatypes, and numbers and texts out of raw bytes. Source: HDF5 File Format
 * Specification 3.0, IV.A.2.b and IV.A.2.d.
 */
import { halfToFloat } from '../../halfPrecision.ts'
import type { FileBytes } from './bytes.ts'

/** The type of an element. */
export interface Datatype {
  kind: 'integer' | 'float' | 'text' | 'longText'
  /** Bytes of an element. */
  size: number
  signed: boolean
  bigEndian: boolean
}

const MOST_DIMENSIONS = 32

/** The shape of a dataspace message; null: no data at all. */
export function readDataspace(file: FileBytes, at: number): number[] | null {
  const version = file.u8(at)
  const rank = file.u8(at + 1)
  if (version !== 1 && version !== 2) file.fail(at, 'a dataspace of version 1 or 2', `${version}`)
  if (rank > MOST_DIMENSIONS) file.fail(at + 1, `at most ${MOST_DIMENSIONS} dimensions`, `${rank}`)
  if (version === 2 && file.u8(at + 3) === 2) return null
  const first = at + (version === 1 ? 8 : 4)
  const shape = Array.from({ length: rank }, (_, i) => file.u64(first + 8 * i))
  readSize(file, at, shape)
  return shape
}

/** The number of elements, below 2⁵³. */
export function readSize(file: FileBytes, at: number, shape: readonly number[]): number {
  const size = shape.reduce((a, b) => a * b, 1)
  if (!Number.isSafeInteger(size))
    file.fail(at, 'a shape of fewer than 2^53 elements', `(${shape.join(', ')})`)
  return size
}

/** A datatype message. */
export function readDatatype(file: FileBytes, at: number): Datatype {
  const kind = file.u8(at) & 15
  const flags = file.u8(at + 1)
  const size = file.u32(at + 4)
  const bigEndian = (flags & 1) === 1
  if (kind === 0 && [1, 2, 4, 8].includes(size))
    return { kind: 'integer', size, signed: (flags & 8) !== 0, bigEndian }
  if (kind === 1 && isIeee(file, at, size)) return { kind: 'float', size, signed: true, bigEndian }
  if (kind === 3 && size > 0) return { kind: 'text', size, signed: false, bigEndian: false }
  if (kind === 9 && (flags & 15) === 1 && size === 16)
    return { kind: 'longText', size, signed: false, bigEndian: false }
  // Booleans of h5py are an enumeration of one byte.
  if (kind === 8 && size === 1) return { kind: 'integer', size, signed: true, bigEndian: false }
  return file.unsupported(at, 'numbers or texts', `datatype class ${kind} of ${size} bytes`)
}

/** Bits of exponent and fraction by bytes. */
const IEEE: Readonly<Record<number, readonly [exponent: number, fraction: number]>> = {
  2: [5, 10],
  4: [8, 23],
  8: [11, 52],
}

/** Whether a float is IEEE 754; bfloat16, for example, has the size of a half and other bits. */
function isIeee(file: FileBytes, at: number, size: number): boolean {
  const bits = Object.hasOwn(IEEE, size) ? IEEE[size] : null
  // Offset and precision, then places and sizes of exponent and fraction.
  const [exponent, fraction] = [file.u8(at + 13), file.u8(at + 15)]
  return bits !== null && file.u16(at + 8) === 0 && exponent === bits[0] && fraction === bits[1]
}

/** Raw bytes of any numeric type → float32. */
export function readFloats(file: FileBytes, at: number, raw: Uint8Array, type: Datatype): Float32Array {
  const { size, kind, bigEndian, signed } = type
  if (kind !== 'integer' && kind !== 'float') file.fail(at, 'numbers', 'texts')
  const out = new Float32Array(raw.length / size)
  if (kind === 'float' && size === 4 && !bigEndian) {
    new Uint8Array(out.buffer).set(raw) // every host that has WebAssembly is little-endian
    return out
  }
  const view = new DataView(raw.buffer, raw.byteOffset, raw.byteLength)
  for (let i = 0; i < out.length; i++)
    out[i] = kind === 'float' ? float(view, i, type) : integer(view, i, size, signed, !bigEndian)
  return out
}

function float(view: DataView, i: number, { size, bigEndian }: Datatype): number {
  if (size === 8) return view.getFloat64(i * 8, !bigEndian)
  return size === 4 ? view.getFloat32(i * 4, !bigEndian) : halfToFloat(view.getUint16(i * 2, !bigEndian))
}

function integer(view: DataView, i: number, size: number, signed: boolean, little: boolean): number {
  if (size === 1) return signed ? view.getInt8(i) : view.getUint8(i)
  if (size === 2) return signed ? view.getInt16(i * 2, little) : view.getUint16(i * 2, little)
  if (size === 4) return signed ? view.getInt32(i * 4, little) : view.getUint32(i * 4, little)
  return Number(signed ? view.getBigInt64(i * 8, little) : view.getBigUint64(i * 8, little))
}
