/**
 * The weights of a TensorFlow.js model: groups of specs over binary shards, numbers as they are or quantised.
 * Every size is computed before a shard is read, and compared with its bytes afterwards.
 * Source: tfjs-core io/types (WeightsManifestConfig, WeightsManifestEntry) and io_utils.
 */
import { FormatError, UnsupportedError } from '../../../core/errors.ts'
import {
  fieldAt,
  readArray,
  readChoice,
  readInteger,
  readList,
  readNumber,
  readOptional,
  readString,
  type Field,
} from '../../../core/validation.ts'
import type { ModelFiles } from '../../imported.ts'
import type { KerasArray } from '../../keras/read/model.ts'
import { halfToFloat, widened } from '../../halfPrecision.ts'
import { shapeText } from '../../safetensors/safetensors.ts'
import { quoted } from '../../safetensors/header.ts'
import { ReadBudget } from '../../budget.ts'
import { assertCompanion, readCompanion } from '../../companions.ts'
import { append } from '../../../core/lists.ts'

/** One array as declared in the manifest. */
interface Spec {
  name: string
  shape: readonly number[]
  size: number
  /** Number format of the bytes. */
  stored: 'float32' | 'int32' | 'bool' | 'uint8' | 'uint16' | 'float16'
  scale: number
  min: number
  /** Whether dequantised numbers are whole. */
  whole: boolean
}

const BYTES = { float32: 4, int32: 4, bool: 1, uint8: 1, uint16: 2, float16: 2 } as const
const MAX_WEIGHTS = 100_000
const MAX_SIZE = 2 ** 31

/** Shards in a row, read as if they were one. */
class Bytes {
  readonly #parts: readonly Uint8Array[]
  /** The next byte: its part, and its place there. */
  #part = 0
  #at = 0

  constructor(parts: readonly Uint8Array[]) {
    this.#parts = parts
  }

  get length(): number {
    return this.#parts.reduce((sum, { length }) => sum + length, 0)
  }

  /** The next bytes as a copy, aligned; they may go across shards. */
  next(length: number): Uint8Array {
    const out = new Uint8Array(length)
    for (let done = 0; done < length;) {
      const part = this.#parts[this.#part].subarray(this.#at, this.#at + length - done)
      out.set(part, done)
      done += part.length
      this.#at += part.length
      if (this.#at < this.#parts[this.#part].length) continue
      this.#part++
      this.#at = 0
    }
    return out
  }
}

/**
 * All arrays of a manifest, in its order. Numbers become float32.
 * @throws FormatError naming array, field or shard
 */
export async function readWeightsManifest(field: Field, files: ModelFiles): Promise<KerasArray[]> {
  const arrays: KerasArray[] = []
  const budget = new ReadBudget(files.bytes.length)
  for (const group of readArray(field, { maxLength: MAX_WEIGHTS })) {
    const specs = readSpecs(fieldAt(group, 'weights'))
    const paths = readList(fieldAt(group, 'paths'), readPath, { maxLength: MAX_WEIGHTS })
    const shards: Uint8Array[] = []
    for (const { path, where } of paths) {
      const shard = await readCompanion(files, path, where, budget)
      // A manifest may list one shard any number of times.
      budget.spend('bytes', shard.length, where)
      shards.push(shard)
    }
    const where = `${files.name}, weights of ${paths
      .slice(0, 3)
      .map(({ path }) => quoted(path))
      .join(', ')}`
    append(arrays, readArrays(specs, new Bytes(shards), where, budget))
  }
  return arrays
}

/** Arrays whose bytes lie in one piece. @throws FormatError naming array or field */
export function readWeightSpecs(field: Field, data: Uint8Array): KerasArray[] {
  const budget = new ReadBudget(data.length)
  return readArrays(readSpecs(field), new Bytes([data]), `${field.source}, weightData`, budget)
}

function readPath(field: Field): { path: string; where: string } {
  const path = readString(field, { minLength: 1, maxLength: 1000 })
  const where = `${field.source}, ${field.path}`
  assertCompanion(path, where)
  return { path, where }
}

function readSpecs(field: Field): Spec[] {
  return readArray(field, { maxLength: MAX_WEIGHTS }).map((entry) => {
    const name = readString(fieldAt(entry, 'name'), { minLength: 1, maxLength: 1000 })
    const at = { ...entry, path: `weight ${quoted(name)}` }
    const shapeField = fieldAt(at, 'shape')
    const shape = readList(shapeField, (x) => readInteger(x, { min: 0, max: MAX_SIZE }), { maxLength: 8 })
    const size = shape.includes(0) ? 0 : shape.reduce((a, b) => a * b, 1)
    if (size > MAX_SIZE) {
      const where = `${at.source}, ${shapeField.path}`
      throw new FormatError({ where, expected: `at most ${MAX_SIZE} numbers`, got: shapeText(shape) })
    }
    return { name, shape, size, ...readNumbers(at) }
  })
}

/** How numbers are stored, and what they stand for. */
function readNumbers(entry: Field): Pick<Spec, 'stored' | 'scale' | 'min' | 'whole'> {
  const dtype = fieldAt(entry, 'dtype')
  if (dtype.value === 'string' || dtype.value === 'complex64') {
    const where = `${entry.source}, ${dtype.path}`
    throw new UnsupportedError({ where, expected: 'float32, int32 or bool', got: dtype.value })
  }
  const type = readChoice(dtype, ['float32', 'int32', 'bool', 'float16'])
  const plain = { stored: type, scale: 1, min: 0, whole: false }
  return readOptional(fieldAt(entry, 'quantization'), (q) => readQuantisation(q, type === 'int32'), plain)
}

function readQuantisation(field: Field, whole: boolean): Pick<Spec, 'stored' | 'scale' | 'min' | 'whole'> {
  const stored = readChoice(fieldAt(field, 'dtype'), ['uint8', 'uint16', 'float16'])
  if (stored === 'float16') return { stored, scale: 1, min: 0, whole: false }
  const [scale, min] = [readNumber(fieldAt(field, 'scale')), readNumber(fieldAt(field, 'min'))]
  return { stored, scale, min, whole }
}

function readArrays(specs: readonly Spec[], bytes: Bytes, where: string, budget: ReadBudget): KerasArray[] {
  const wanted = specs.reduce((sum, { size, stored }) => sum + size * BYTES[stored], 0)
  const { length } = bytes
  if (wanted !== length) {
    const expected = `${wanted} bytes for ${specs.length} arrays`
    throw new FormatError({ where, expected, got: `${length} bytes in its shards` })
  }
  return specs.map((spec) => {
    budget.spend('numbers', spec.size, where)
    const data = countNumbers(bytes.next(spec.size * BYTES[spec.stored]), spec)
    return { name: spec.name, shape: spec.shape, data }
  })
}

function countNumbers({ buffer }: Uint8Array, { stored, scale, min, whole }: Spec): Float32Array {
  if (stored === 'float32') return new Float32Array(buffer)
  if (stored === 'int32') return Float32Array.from(new Int32Array(buffer))
  if (stored === 'float16') return widened(new Uint16Array(buffer), halfToFloat)
  const codes = stored === 'uint16' ? new Uint16Array(buffer) : new Uint8Array(buffer)
  if (stored === 'bool') return Float32Array.from(codes)
  return Float32Array.from(codes, (code) => (whole ? Math.round(code * scale + min) : code * scale + min))
}
