/**
 * Readers of untrusted JSON: each checks one field and names it by its path when it is wrong
 * (`document.network.layers[2].units`). Numbers come with their range and lists with their length, so that a
 * configuration is fully checked before anything is built from it.
 */
import { DataError, FormatError } from './errors.ts'

/** A value with the place it came from. */
export interface Field {
  readonly value: unknown
  /** `document.network.layers[2].units` */
  readonly path: string
  /** The file's name, for errors. */
  readonly source: string
}

export interface NumberRange {
  min?: number
  max?: number
}

export interface LengthRange {
  minLength?: number
  maxLength?: number
}

/** The field from which all others are reached. */
export function rootField(value: unknown, path = 'document', source = 'model'): Field {
  return { value, path, source }
}

/** A FormatError at this field; readers of other modules use it for rules of their own. */
export function fieldError(field: Field, expected: string, got = describe(field.value)): FormatError {
  return new FormatError({ where: `${field.source}, ${field.path}`, expected, got })
}

/** `an object`, `a list of 3`, `"lstm"`: a value in a few words, whatever its size. */
export function describe(value: unknown): string {
  if (value === undefined) return 'nothing'
  if (value === null) return 'null'
  if (Array.isArray(value)) return `a list of ${value.length}`
  if (typeof value === 'object') return 'an object'
  if (typeof value === 'string') {
    if (value.length > 60) return `a text of ${value.length} characters`
    return JSON.stringify(value)
  }
  return String(value)
}

/** The child of an object by its name; absent children have the value `undefined`. */
export function fieldAt(field: Field, name: string): Field {
  const object = plainObject(field)
  const path = /^[\p{L}_$][\p{L}\p{N}_$]*$/u.test(name)
    ? `${field.path}.${name}`
    : `${field.path}[${JSON.stringify(name)}]`
  // Own properties only: "constructor" in a file is not Object's.
  return { value: Object.hasOwn(object, name) ? object[name] : undefined, path, source: field.source }
}

function plainObject(field: Field): Record<string, unknown> {
  const { value } = field
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw fieldError(field, 'an object')
  }
  return value as Record<string, unknown>
}

/**
 * An object's fields by their known names. Any other name is an error, so that a misspelt or newer option
 * is never silently ignored. Absent fields have the value `undefined`.
 */
export function readObject<Name extends string>(
  field: Field,
  known: readonly Name[],
): { [K in Name]: Field } {
  for (const name of Object.keys(plainObject(field))) {
    if (!(known as readonly string[]).includes(name)) {
      throw fieldError(fieldAt(field, name), `a known field (${known.join(', ')})`, 'an unknown one')
    }
  }
  const fields = known.map((name) => [name, fieldAt(field, name)] as const)
  return Object.fromEntries(fields) as { [K in Name]: Field }
}

/** An object whose names are data (labels, options): each value read by `read`. */
export function readRecord<T>(field: Field, read: (item: Field) => T): Record<string, T> {
  const names = Object.keys(plainObject(field))
  return Object.fromEntries(names.map((name) => [name, read(fieldAt(field, name))]))
}

export function readString(field: Field, range: LengthRange = {}): string {
  if (typeof field.value !== 'string') throw fieldError(field, 'a text')
  checkLength(field, field.value.length, 'characters', range)
  return field.value
}

/** One of the given texts or numbers; typed as their union. */
export function readChoice<const T extends string | number>(field: Field, choices: readonly T[]): T {
  const found = choices.find((choice) => choice === field.value)
  if (found === undefined) {
    const names = choices.map((choice) => JSON.stringify(choice))
    throw fieldError(field, names.length === 1 ? names[0] : `one of ${names.join(', ')}`)
  }
  return found
}

export function readBoolean(field: Field): boolean {
  if (typeof field.value !== 'boolean') throw fieldError(field, 'true or false')
  return field.value
}

/** @throws DataError (or `Kind`) for a number among `values` that is not finite in float32, with its index from `from` */
export function requireFinite(
  where: string,
  values: ArrayLike<number>,
  from = 0,
  end = values.length,
  Kind: typeof DataError | typeof FormatError = DataError,
): void {
  for (let i = from; i < end; i++) {
    if (Number.isFinite(Math.fround(values[i]))) continue
    throw new Kind({ where: where + (i - from), expected: 'a finite number', got: `${values[i]}` })
  }
}

/** A finite number within the range, both ends included. */
export function readNumber(field: Field, range: NumberRange = {}): number {
  const { value } = field
  // JSON.parse reads 1e999 as Infinity.
  if (typeof value !== 'number' || !Number.isFinite(value) || outside(value, range)) {
    throw fieldError(field, `a number${rangeText(range)}`)
  }
  return value
}

/** A whole number within the range (default: 0 to 2⁵³ − 1), both ends included. */
export function readInteger(field: Field, range: NumberRange = { min: 0 }): number {
  const { value } = field
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || outside(value, range)) {
    throw fieldError(field, `a whole number${rangeText(range)}`)
  }
  return value
}

function outside(value: number, { min = -Infinity, max = Infinity }: NumberRange): boolean {
  return value < min || value > max
}

function rangeText({ min, max }: NumberRange): string {
  if (min !== undefined && max !== undefined) return ` from ${min} to ${max}`
  if (min !== undefined) return `, ${min} or more`
  return max === undefined ? '' : `, at most ${max}`
}

/** A list's items as fields, each with its index in the path. */
export function readArray(field: Field, range: LengthRange = {}): Field[] {
  const { value, path, source } = field
  if (!Array.isArray(value)) throw fieldError(field, 'a list')
  checkLength(field, value.length, 'items', range)
  return (value as unknown[]).map((item, index) => ({ value: item, path: `${path}[${index}]`, source }))
}

/** A list with each item read by `read`: `readList(field, readString)`. */
export function readList<T>(field: Field, read: (item: Field) => T, range: LengthRange = {}): T[] {
  return readArray(field, range).map((item) => read(item))
}

/** `absent` when the field is missing or null, else what `read` makes of it. */
export function readOptional<T, A>(field: Field, read: (field: Field) => T, absent: A): T | A {
  return field.value === undefined || field.value === null ? absent : read(field)
}

function checkLength(field: Field, length: number, unit: string, range: LengthRange): void {
  const { minLength: min = 0, maxLength: max = Infinity } = range
  if (length >= min && length <= max) return
  const limits = max === Infinity ? `${min} or more` : min === max ? `${min}` : `${min} to ${max}`
  throw fieldError(field, `${limits} ${unit}`, `${length}`)
}
