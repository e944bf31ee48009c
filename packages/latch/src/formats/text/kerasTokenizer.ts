/**
 * Vocabularies as Keras writes them: `tokenizer.to_json()`, a bare `word_index`, and the list of
 * `TextVectorization.get_vocabulary()`. Sources: keras.preprocessing.text and TextVectorization of Keras 2 and 3.
 */
import { FormatError } from '../../core/errors.ts'
import {
  describe,
  fieldAt,
  fieldError,
  readBoolean,
  readInteger,
  readOptional,
  readString,
  rootField,
  type Field,
} from '../../core/validation.ts'
import { KERAS_FILTERS, TENSORFLOW_PUNCTUATION, type TextInput } from '../../text/textRules.ts'
import type { TokenKind } from '../../text/tokenizer.ts'
import { guessTokenKind } from '../../text/tokenKind.ts'
import { tokensOfIds, unnamed } from './tokensOfIds.ts'

/** A vocabulary, with what it says about texts. */
export interface NamedTokens {
  /** Tokens by id; an empty string is an id without a token. */
  vocabulary: readonly string[]
  tokens?: TokenKind
  text?: Partial<TextInput>
  warnings: readonly string[]
}

/** A token that stands for unknown ones is marked as such: the plain word “unknown” is a word. */
const UNKNOWN = /^[<[{](unk|oov|unknown)([ _-]?(tok|token|word))?[>\]}]$/i

/** The id of the token that a vocabulary marks as the unknown one; null: none. */
export function findUnknownToken(vocabulary: readonly string[]): number | null {
  const id = vocabulary.findIndex((token) => UNKNOWN.test(token))
  return id < 0 ? null : id
}

/** A vocabulary without capital letters was built from lower-cased texts. */
export function isLowercase(vocabulary: readonly string[]): boolean {
  return vocabulary.every((token) => /^[<[{].+[>\]}]$/.test(token) || token === token.toLowerCase())
}

/** Whether an object is what `tokenizer.to_json()` writes. */
export function isKerasTokenizer(value: object): value is { class_name: string; config: object } {
  const { class_name: type, config } = value as { class_name?: unknown; config?: unknown }
  return typeof type === 'string' && typeof config === 'object' && config !== null
}

const COUNTS = ['document_count', 'word_counts', 'word_docs', 'index_docs', 'index_word']
const READ = ['filters', 'lower', 'split', 'char_level', 'oov_token', 'num_words', 'word_index']

/** @throws FormatError naming the field */
export function readKerasTokenizer(value: object, where: string): NamedTokens {
  const root = rootField(value, 'tokenizer', where)
  const type = fieldAt(root, 'class_name')
  if (type.value !== 'Tokenizer') throw fieldError(type, '"Tokenizer"')
  const config = fieldAt(root, 'config')
  const at = (name: string) => fieldAt(config, name)
  const text = (name: string, absent: string | null) =>
    readOptional(at(name), (x) => readString(x, name === 'split' ? { minLength: 1 } : {}), absent)
  const flag = (name: string, absent: boolean) => readOptional(at(name), readBoolean, absent)
  const ids = readWordIndex(at('word_index'))
  const most = readOptional(at('num_words'), (x) => readInteger(x, { min: 1 }), null)
  const kept = [...ids].filter(([, id]) => id < (most ?? Infinity))
  const lost = ids.size - kept.length
  const oov = text('oov_token', null)
  const unknown = oov === null ? null : ids.get(oov)
  if (unknown === undefined) throw fieldError(at('oov_token'), 'a token of word_index')
  const unread = Object.keys(config.value as object).filter((x) => !READ.includes(x) && !COUNTS.includes(x))
  return {
    vocabulary: tokensOfIds(Object.fromEntries(kept), `${where}, word_index`),
    tokens: flag('char_level', false) ? 'chars' : 'words',
    text: {
      rules: 'keras',
      lowercase: flag('lower', true),
      filters: text('filters', KERAS_FILTERS)!,
      split: text('split', ' ')!,
      unknown: unknown ?? 'drop',
    },
    warnings: [
      ...(lost > 0 ? [`num_words is ${most}: ${lost} words with ids from ${most} on are unknown`] : []),
      ...unread.map((name) => `vocabulary: the field ${name} is not known and was not read`),
    ],
  }
}

/** `word_index` as an object, or as JSON in a string. */
function readWordIndex(field: Field): ReadonlyMap<string, number> {
  let { value } = field
  if (typeof value === 'string') {
    try {
      value = JSON.parse(value) as unknown
    } catch (cause) {
      const where = `${field.source}, ${field.path}`
      throw new FormatError({ where, expected: 'JSON', got: describe(field.value) }, { cause })
    }
  }
  const own = { ...field, value }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw fieldError(own, 'an object')
  const names = Object.keys(value)
  return new Map(names.map((name) => [name, readInteger(fieldAt(own, name), { min: 0 })]))
}

/** A padding token: `<pad>`, `[PAD]`, the id without a token. */
export const PADDING = /^(|[<[{]pad(ding)?[>\]}])$/i

/**
 * Whether ids by token are a `word_index`: id 0 is no token or padding, as no Tokenizer gives it to a word. With a
 * padding token they may be any program's; words of signs alone are then no work of the Tokenizer.
 */
export function isWordIndex(vocabulary: readonly string[]): boolean {
  if (vocabulary.length < 2) return false
  const [first] = vocabulary
  if (first === unnamed(0)) return true
  if (!PADDING.test(first) || guessTokenKind(vocabulary) === 'chars') return false
  return !vocabulary.some((token) => token.length === 1 && KERAS_FILTERS.includes(token))
}

/** A `word_index` without its Tokenizer, read with the Tokenizer's defaults. */
export function readBareWordIndex(vocabulary: readonly string[], tokens: TokenKind): NamedTokens {
  const unknown = findUnknownToken(vocabulary)
  const ordinary = vocabulary.filter((token, id) => id !== unknown && !/^[<[].+[>\]]$/.test(token))
  const lowercase = isLowercase(vocabulary)
  const inTokens = new Set(ordinary.join(''))
  const filters = tokens === 'words' ? Array.from(KERAS_FILTERS).filter((sign) => !inTokens.has(sign)) : []
  const all = filters.join('')
  const separators = all === KERAS_FILTERS ? 'punctuation separates' : `the signs ${quoted(all)} separate`
  const rest =
    unknown === null
      ? `${tokens === 'chars' ? 'characters' : 'words'} outside it are dropped`
      : `unknown ${tokens === 'chars' ? 'characters' : 'words'} become ${vocabulary[unknown]}`
  const how = tokens === 'chars' ? 'single characters' : `${separators} words`
  const letters = lowercase ? 'texts are lower-cased' : 'capital letters are kept'
  return {
    vocabulary,
    tokens,
    text: { rules: 'keras', lowercase, filters: all, split: ' ', unknown: unknown ?? 'drop' },
    warnings: [
      `vocabulary: ids by token, as word_index of Keras’ Tokenizer; ${how}, ${letters}, ${rest}. ` +
        'The JSON of tokenizer.to_json() also says what the Tokenizer was made with',
    ],
  }
}

function quoted(signs: string): string {
  return signs === '' ? 'none' : JSON.stringify(signs)
}

/** Whether a list is what `TextVectorization.get_vocabulary()` returns. */
export function isVectorizationList([padding, unknown, ...others]: readonly string[]): boolean {
  return padding === '' && unknown === '[UNK]' && others.length > 0
}

/** The list of `get_vocabulary()`, read with the defaults of TextVectorization. */
export function readVectorizationList(vocabulary: readonly string[]): NamedTokens {
  const named = vocabulary.slice(2)
  const lowercase = isLowercase(named)
  const chars = guessTokenKind(named) === 'chars'
  const signs = new Set(named.join(''))
  const filters = Array.from(TENSORFLOW_PUNCTUATION)
    .filter((sign) => !signs.has(sign))
    .join('')
  const removed = filters === TENSORFLOW_PUNCTUATION ? 'punctuation is' : `the signs ${quoted(filters)} are`
  return {
    vocabulary,
    tokens: chars ? 'chars' : 'words',
    text: { rules: 'tensorflow', lowercase, filters, split: ' ', unknown: 1 },
    warnings: [
      `vocabulary: a list of TextVectorization; ${lowercase ? 'texts are lower-cased' : 'capital letters are kept'}, ` +
        `${removed} removed, unknown ${chars ? 'characters' : 'words'} become [UNK]`,
    ],
  }
}
