/** Readers of the fields that layers have in common. */
import {
  fieldError,
  readChoice,
  readInteger,
  readNumber,
  readObject,
  readOptional,
  type Field,
} from '../core/validation.ts'

export const MAX_WIDTH = 2 ** 20
const MAX_VOCABULARY = 2 ** 26

/** A number of units, features or steps. */
export const readWidth = (field: Field) => readInteger(field, { min: 1, max: MAX_WIDTH })

/** A number of token ids. */
export const readVocabulary = (field: Field) => readInteger(field, { min: 1, max: MAX_VOCABULARY })

/** A probability below 1. */
export function readRate(field: Field): number {
  const rate = readNumber(field, { min: 0, max: 1 })
  if (rate === 1) throw fieldError(field, 'a number below 1')
  return rate
}

/** What is added to a variance. */
export function readEpsilon(field: Field): number {
  const epsilon = readNumber(field, { min: 0, max: 1 })
  if (epsilon > 0) return epsilon
  throw fieldError(field, 'a number above 0')
}

/** A field that may be absent. */
export const optional =
  <T>(read: (field: Field) => T) =>
  (field: Field) =>
    readOptional(field, read, undefined)

/** One of some texts. */
export const oneOf =
  <const T extends string>(...choices: T[]) =>
  (field: Field) =>
    readChoice(field, choices)

/** A reader for each field that is known. */
export type FieldReaders<Options> = { [K in keyof Options]?: (field: Field) => Options[K] }

/** An object by its readers; what is absent stays absent, so that a configuration read equals the one written. */
export function readFields<Options extends object>(field: Field, readers: FieldReaders<Options>): Options {
  const names = Object.keys(readers) as (keyof Options & string)[]
  const found = readObject(field, names)
  const read = names.map((name) => [name, readers[name]!(found[name])] as const)
  return Object.fromEntries(read.filter(([, value]) => value !== undefined)) as Options
}

/** Options of a layer, whose `type` was read before. */
export function readOptions<Options extends { type: string }>(
  field: Field,
  readers: FieldReaders<Omit<Options, 'type'>>,
): Options {
  return readFields(field, {
    type: ({ value }: Field) => value,
    ...readers,
  } as FieldReaders<object>) as Options
}
