/**
 * The manifest of a TensorFlow 1 dump: variables by name, each with its shape and the raw float32 file that
 * holds it. Sizes are computed before a file is read, and compared with its bytes afterwards.
 */
import { FormatError } from '../../core/errors.ts'
import {
  fieldAt,
  fieldError,
  readInteger,
  readList,
  readRecord,
  readString,
  rootField,
  type Field,
} from '../../core/validation.ts'
import { parseJsonBytes } from '../json.ts'
import type { ModelFiles } from '../imported.ts'
import { shapeText } from '../safetensors/safetensors.ts'
import { quoted } from '../safetensors/header.ts'
import type { ReadBudget } from '../budget.ts'
import { assertCompanion, readCompanion } from '../companions.ts'

/** A variable as declared in the manifest. */
export interface Variable {
  name: string
  filename: string
  shape: readonly number[]
  /** Numbers of the shape. */
  size: number
}

const MAX_VARIABLES = 10_000
const MAX_SIZE = 2 ** 31

/** All variables by name. @throws FormatError naming the field */
export function readManifest({ bytes, name }: ModelFiles): ReadonlyMap<string, Variable> {
  const root = rootField(parseJsonBytes(bytes, name), 'manifest', name)
  const variables = readRecord(root, readVariable)
  const names = Object.keys(variables)
  if (names.length === 0 || names.length > MAX_VARIABLES)
    throw fieldError(root, `1 to ${MAX_VARIABLES} variables`, `${names.length}`)
  return new Map(names.map((variable) => [variable, { name: variable, ...variables[variable] }]))
}

function readVariable(field: Field): Omit<Variable, 'name'> {
  const shape = readList(fieldAt(field, 'shape'), (x) => readInteger(x, { min: 1, max: MAX_SIZE }), {
    maxLength: 8,
  })
  const size = shape.reduce((a, b) => a * b, 1)
  if (size > MAX_SIZE) throw fieldError(fieldAt(field, 'shape'), `at most ${MAX_SIZE} numbers`, `${size}`)
  const at = fieldAt(field, 'filename')
  const filename = readString(at, { minLength: 1, maxLength: 500 })
  assertCompanion(filename, `${at.source}, ${at.path}`)
  return { filename, shape, size }
}

/** Reads a variable's numbers, row-major. @throws FormatError for a file of another size */
export async function readVariableFile(
  files: ModelFiles,
  variable: Variable,
  budget: ReadBudget,
): Promise<Float32Array> {
  const { name, filename, shape, size } = variable
  const bytes = await readCompanion(files, filename, `${files.name}, file of ${quoted(name)}`, budget)
  if (bytes.length !== 4 * size) {
    const expected = `${4 * size} bytes for ${quoted(name)} ${shapeText(shape)} of float32`
    throw new FormatError({
      where: `${files.name}, file ${quoted(filename)}`,
      expected,
      got: `${bytes.length}`,
    })
  }
  budget.spend('bytes', 4 * size, `${files.name}, file ${quoted(filename)}`)
  budget.spend('numbers', size, `${files.name}, file ${quoted(filename)}`)
  // A copy, because the bytes may lie unaligned. Every WebAssembly host is little-endian.
  return new Float32Array(bytes.slice().buffer)
}
