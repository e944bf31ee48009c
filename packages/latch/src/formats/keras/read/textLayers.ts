/**
 * Keras' layers that turn texts into ids → how the model reads texts: TextVectorization and StringLookup. Sources:
 * text_vectorization and index_lookup of Keras 3.
 */
import { UnsupportedError } from '../../../core/errors.ts'
import {
  describe,
  fieldAt,
  readChoice,
  readInteger,
  readList,
  readOptional,
  readString,
  type Field,
} from '../../../core/validation.ts'
import { TENSORFLOW_PUNCTUATION } from '../../../text/textRules.ts'
import { readFlag, type KerasLayer, type NetworkBuilder } from './builder.ts'

const UNKNOWN = '[UNK]'

/** Adds the vocabulary and the rules of the layer. @throws UnsupportedError for n-grams, own functions, counts */
export function addTextVectorization(to: NetworkBuilder, layer: KerasLayer): string {
  const { config } = layer
  requireStart(to, layer)
  requireInt(layer)
  requirePlain(layer, 'ngrams', null)
  if (readFlag(config, 'ragged')) requirePlain(layer, 'ragged', false)
  const standardize = named(layer, 'standardize', [
    'lower_and_strip_punctuation',
    'lower',
    'strip_punctuation',
    null,
  ])
  const split = named(layer, 'split', ['whitespace', 'character'])
  const length = readOptional(
    fieldAt(config, 'output_sequence_length'),
    (x) => readInteger(x, { min: 1, max: 2 ** 26 }),
    null,
  )
  const vocabulary = withSpecial(readTokens(layer), ['', UNKNOWN])
  to.text = {
    vocabulary,
    tokens: split === 'character' ? 'chars' : 'words',
    textInput: {
      rules: 'tensorflow',
      lowercase: standardize?.includes('lower') ?? false,
      filters: standardize?.includes('strip') ? TENSORFLOW_PUNCTUATION : '',
      split: ' ',
      unknown: 1,
      padding: length === null ? null : { side: 'post', truncating: 'post', length, id: 0 },
    },
  }
  to.inputShape = [length]
  return `${vocabulary.length} tokens, ${standardize ?? 'as they are'}, split by ${split}`
}

/** The inputs are tokens already: in a text, white space is between them. */
export function addStringLookup(to: NetworkBuilder, layer: KerasLayer): string {
  const { config } = layer
  requireStart(to, layer)
  requireInt(layer)
  requirePlain(layer, 'invert', false)
  const unknowns = readOptional(fieldAt(config, 'num_oov_indices'), (x) => readInteger(x, { min: 0 }), 1)
  if (unknowns > 1) requirePlain(layer, 'num_oov_indices', 1)
  const mask = readOptional(fieldAt(config, 'mask_token'), (x) => readString(x), null)
  const unknown = readOptional(fieldAt(config, 'oov_token'), (x) => readString(x), UNKNOWN)
  const special = [...(mask === null ? [] : [mask]), ...(unknowns === 1 ? [unknown] : [])]
  const vocabulary = withSpecial(readTokens(layer), special)
  const id = unknowns === 1 ? special.length - 1 : 'error'
  const textInput = { rules: 'tensorflow', lowercase: false, filters: '', split: ' ' } as const
  to.text = { vocabulary, tokens: 'words', textInput: { ...textInput, unknown: id, padding: null } }
  return `${vocabulary.length} tokens`
}

/** The tokens in the configuration, or in the archive's assets. */
function readTokens({ where, config, assets }: KerasLayer): readonly string[] {
  const field = fieldAt(config, 'vocabulary')
  if (Array.isArray(field.value)) return readList(field, (item) => readString(item))
  const lines = assets('vocabulary.txt')
  if (lines !== null) return lines.split('\n')
  throw new UnsupportedError({
    where,
    expected: 'a vocabulary in the configuration or in the assets of the archive',
    got: field.value === null || field.value === undefined ? 'none' : describe(field.value),
  })
}

function withSpecial(tokens: readonly string[], special: readonly string[]): readonly string[] {
  return special.every((token, i) => tokens[i] === token) ? tokens : [...special, ...tokens]
}

function requireStart(to: NetworkBuilder, { where, type }: KerasLayer): void {
  if (to.input === null && to.text === null) return
  throw new UnsupportedError({
    where,
    expected: `${type} directly after the input`,
    got: `${type} after ${to.last}`,
  })
}

function requireInt({ where, config }: KerasLayer): void {
  const { value } = fieldAt(config, 'output_mode')
  if ((value ?? 'int') === 'int') return
  throw new UnsupportedError({ where, expected: 'output_mode int', got: describe(value) })
}

function requirePlain({ where, config }: KerasLayer, name: string, plain: unknown): void {
  const { value } = fieldAt(config, name)
  if (value === undefined || value === null || value === plain) return
  throw new UnsupportedError({ where, expected: `${name} ${String(plain)}`, got: describe(value) })
}

function named<const T extends string | null>(
  { where, config }: KerasLayer,
  name: string,
  known: readonly T[],
): T {
  const field: Field = fieldAt(config, name)
  const value = field.value === undefined ? known[0] : field.value
  if (value === null && known.includes(null as T)) return null as T
  if (typeof value === 'string') return readChoice({ ...field, value }, known as readonly (T & string)[])
  throw new UnsupportedError({ where, expected: `${name} by name`, got: 'a function of its own' })
}
