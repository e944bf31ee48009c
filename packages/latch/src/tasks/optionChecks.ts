/** Checks of the options that tasks have in common, and of the same values in a model file. */
import { UsageError } from '../core/errors.ts'
import { describeTyped } from '../core/typedValues.ts'
import { readInteger, type Field } from '../core/validation.ts'
import { MAX_WIDTH, readWidth } from '../layers/fields.ts'

/** Limits of layers and counts in a model file, so that every valid model can be saved and read. */
const MAX_LAYERS = 100
const MAX_COUNT = 2 ** 30

/** @throws UsageError naming the option */
export function throwOption(name: string, expected: string, got: unknown): never {
  throw new UsageError({ where: `option ${name}`, expected, got: String(got) })
}

/** A width in the network: units, an embedding, steps. */
export const widthOption = (name: string, value: number): number => wholeOption(name, value, MAX_WIDTH)
/** A number of stacked layers. */
export const layersOption = (value: number): number => wholeOption('layers', value, MAX_LAYERS)
/** A count of tokens. */
export const countOption = (name: string, value: number): number => wholeOption(name, value, MAX_COUNT)

function wholeOption(name: string, value: number, max: number): number {
  const fits = Number.isSafeInteger(value) && value >= 1 && value <= max
  return fits ? value : throwOption(name, `a whole number from 1 to ${max}`, describeTyped(value))
}

/** A dropout rate. */
export function rateOption(name: string, value: number): number {
  return value >= 0 && value < 1 ? value : throwOption(name, 'a rate from 0 to below 1', describeTyped(value))
}

/** True or false. */
export function flagOption(name: string, value: boolean): boolean {
  return typeof value === 'boolean' ? value : throwOption(name, 'true or false', describeTyped(value))
}

/** One of some names. */
export function choiceOption<const T extends string>(name: string, value: string, choices: readonly T[]): T {
  return choices.includes(value as T)
    ? (value as T)
    : throwOption(name, `one of ${choices.join(', ')}`, value)
}

/** The width of an embedding, or `oneHot`. */
export function embeddingOption(value: number | 'oneHot'): number | 'oneHot' {
  return value === 'oneHot' ? value : widthOption('embedding', value)
}

/** Reads a count of tokens from a model file. @throws FormatError naming the field, as all readers here do */
export const readCount = (field: Field): number => readInteger(field, { min: 1, max: MAX_COUNT })
/** Likewise, or null for no limit. */
export const readLimit = (field: Field): number | null => (field.value === null ? null : readCount(field))
/** A number of stacked layers, likewise. */
export const readLayerCount = (field: Field): number => readInteger(field, { min: 1, max: MAX_LAYERS })
/** The width of an embedding, or `oneHot`, likewise. */
export const readEmbeddingWidth = (field: Field): number | 'oneHot' =>
  field.value === 'oneHot' ? 'oneHot' : readWidth(field)
