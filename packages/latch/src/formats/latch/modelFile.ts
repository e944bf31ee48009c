/**
 * The model file: weights as safetensors under their PyTorch names, everything else as one JSON
 * document in `__metadata__.latch`. The document is data: it is scanned before it is parsed.
 * A model is rebuilt by taking each tensor by name and shape; unused tensors are an error.
 */
import { FormatError, UsageError } from '../../core/errors.ts'
import { describe, fieldAt, requireFinite, readChoice, readString, rootField } from '../../core/validation.ts'
import { MAX_JSON_DEPTH, parseJson, assertJsonSize } from '../json.ts'
import { ANY_MODEL, readSafetensors, shapeText, writeSafetensors } from '../safetensors/safetensors.ts'
import { quoted } from '../safetensors/header.ts'
import type { NamedTensor } from '../safetensors/safetensors.ts'

/** The version that is written, and the versions that are read. */
export const MODEL_FILE_VERSION = 1
const READABLE_VERSIONS: readonly number[] = [MODEL_FILE_VERSION]

/** A model without its weights. Plain JSON: objects, lists, texts, finite numbers, booleans, null. */
export interface ModelDocument {
  format: 'latch'
  version: 1
  task: string
  [section: string]: unknown
}

export interface ModelContent {
  document: ModelDocument
  tensors: Map<string, NamedTensor>
}

/**
 * The bytes of a model file; the same content gives the same bytes.
 * @throws UsageError for a document that JSON cannot represent (NaN, Infinity, typed arrays, cycles),
 * ShapeError for a tensor that does not fill its shape
 */
export function encodeModel(document: ModelDocument, tensors: Iterable<NamedTensor>): Uint8Array {
  checkPlain(document, 'document', 1)
  const text = JSON.stringify(document)
  assertJsonSize(text, 'encodeModel, document')
  // Python's loaders look for format = pt.
  return writeSafetensors(tensors, { format: 'pt', latch: text })
}

/** JSON.stringify would silently convert NaN to null and a typed array to an object. */
function checkPlain(value: unknown, path: string, depth: number): void {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return
  if (typeof value === 'number' && Number.isFinite(value)) return
  const isList = Array.isArray(value)
  const isPlain = typeof value === 'object' && [Object.prototype, null].includes(Object.getPrototypeOf(value))
  if (!isList && !isPlain) {
    const got =
      typeof value === 'object' ? `a ${value.constructor?.name ?? 'strange object'}` : describe(value)
    const expected = 'finite numbers, texts, booleans, null, plain lists and objects'
    throw new UsageError({ where: `encodeModel, ${path}`, expected, got })
  }
  if (depth > MAX_JSON_DEPTH) {
    const expected = `at most ${MAX_JSON_DEPTH} levels and no cycle`
    throw new UsageError({ where: `encodeModel, ${path.slice(0, 80)}`, expected, got: 'more' })
  }
  const items = Object.entries(value)
  if (isList && items.length !== value.length) {
    throw new UsageError({
      where: `encodeModel, ${path}`,
      expected: 'a list without holes',
      got: 'a sparse list',
    })
  }
  for (const [name, item] of items) {
    if (item === undefined && !isList) continue
    checkPlain(item, isList ? `${path}[${name}]` : `${path}.${name}`, depth + 1)
  }
}

/**
 * Reads a model file and checks format, version and task of its document. The task validates the other sections
 * and takes the tensors with `takeTensor`.
 *
 * @param source the file's name, for errors
 * @throws FormatError naming the file and the byte or field at fault
 */
export function decodeModel(bytes: Uint8Array, source = 'model bytes'): ModelContent {
  const { tensors, metadata } = readSafetensors(bytes, source)
  if (!Object.hasOwn(metadata, 'latch')) {
    throw new FormatError({
      where: `${source}, __metadata__.latch`,
      expected: 'a model saved by Latch',
      got: `a safetensors file without Latch's metadata (${tensors.size} tensors)`,
      remedy: ANY_MODEL,
    })
  }
  return { document: parseModelDocument(metadata.latch, source), tensors }
}

/**
 * A document from its text, scanned before it is parsed.
 * @throws FormatError for invalid JSON, or JSON that is too deep, of another format or version
 */
export function parseModelDocument(text: string, source: string): ModelDocument {
  return readModelDocument(parseJson(text, `${source}, __metadata__.latch`), source)
}

/** A document from its JSON. @throws FormatError for another format or version */
export function readModelDocument(value: unknown, source: string): ModelDocument {
  const document = rootField(value, 'document', source)
  readChoice(fieldAt(document, 'format'), ['latch'])
  checkVersion(fieldAt(document, 'version').value, source)
  readString(fieldAt(document, 'task'), { minLength: 1, maxLength: 100 })
  return value as ModelDocument
}

function checkVersion(version: unknown, source: string): void {
  if (READABLE_VERSIONS.includes(version as number)) return
  const newer = typeof version === 'number' && version > MODEL_FILE_VERSION
  throw new FormatError({
    where: `${source}, document.version`,
    expected: `version ${READABLE_VERSIONS.join(' or ')}, which this version of Latch reads`,
    got: describe(version),
    remedy: newer ? 'The file was saved by a newer version of Latch: update Latch to read it.' : undefined,
  })
}

/**
 * Takes a float32 tensor out of the map, so that `assertAllTaken` finds unused ones.
 *
 * @param shape the shape from the configuration
 * @returns the tensor's numbers, row-major
 * @throws FormatError for a missing name (with the existing names), another shape or dtype, or NaN and infinite numbers
 */
export function takeTensor(
  tensors: Map<string, NamedTensor>,
  name: string,
  shape: readonly number[],
  source = 'model',
  allowNonFinite = false,
): Float32Array {
  const where = `${source}, tensor ${quoted(name)}`
  const tensor = tensors.get(name)
  if (tensor === undefined) {
    const expected = `a tensor of shape ${shapeText(shape)}, as configured`
    throw new FormatError({ where, expected, got: `none of that name (the file has ${namesText(tensors)})` })
  }
  if (tensor.shape.length !== shape.length || tensor.shape.some((size, axis) => size !== shape[axis])) {
    const expected = `shape ${shapeText(shape)}, as configured`
    throw new FormatError({ where, expected, got: `shape ${shapeText(tensor.shape)}` })
  }
  if (!(tensor.data instanceof Float32Array)) {
    const remedy = 'Save the weights as float32.'
    throw new FormatError({ where, expected: 'dtype F32', got: tensor.dtype, remedy })
  }
  if (!allowNonFinite) requireFinite(`${where}, number `, tensor.data, 0, tensor.data.length, FormatError)
  tensors.delete(name)
  return tensor.data
}

/** @throws FormatError for tensors that the configuration does not use */
export function assertAllTaken(tensors: ReadonlyMap<string, NamedTensor>, source = 'model'): void {
  if (tensors.size === 0) return
  const expected = 'only tensors of the configuration'
  throw new FormatError({ where: `${source}, tensors`, expected, got: `also ${namesText(tensors)}` })
}

function namesText(tensors: ReadonlyMap<string, NamedTensor>): string {
  const names = [...tensors.keys()]
  if (names.length === 0) return 'no tensors'
  const shown = names.slice(0, 6).map(quoted).join(', ')
  return names.length > 6 ? `${shown} and ${names.length - 6} more` : shown
}
