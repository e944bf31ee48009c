/**
 * Text → tokens, the first stage of the data flow. A tokenizer is created from a plain configuration that is stored in
 * the model file, and accepts every string.
 */
import { FormatError, UsageError } from '../core/errors.ts'
import type { LatchError } from '../core/errors.ts'
import { toNfc } from '../core/nfc.ts'

/** The kinds of tokens: words and symbols, single characters, or what stands between white space. */
export const TOKEN_KINDS = ['words', 'chars', 'whitespace'] as const

/** One of `TOKEN_KINDS`. */
export type TokenKind = (typeof TOKEN_KINDS)[number]

/** Kinds of tokens of a language model: also byte pairs (see `BytePairs`). */
export type LanguageTokenKind = TokenKind | 'bpe'

/** Configuration of a tokenizer; plain JSON, stored in the model file. */
export interface TokenizerConfig {
  kind: TokenKind
  lowercase: boolean
}

/** Splits texts into tokens. */
export interface Tokenizer {
  readonly config: TokenizerConfig
  /** Never throws; returns `[]` for a text without visible characters (chars: for an empty one). */
  tokenize(text: string): string[]
}

const LETTER = "[\\p{L}\\p{M}\\p{N}']"
/**
 * Scripts written without spaces between words: Han, Hiragana, Katakana, Thai, Lao, Khmer, Burmese. Each of their
 * letters is a word, as Han is in the tokenizer of multilingual BERT.
 */
const UNSPACED =
  '[\\p{scx=Hani}\\p{scx=Hira}\\p{scx=Kana}\\p{scx=Thai}\\p{scx=Laoo}\\p{scx=Khmr}\\p{scx=Mymr}]'
const HAS_UNSPACED = new RegExp(UNSPACED, 'u')

/**
 * A word is a run of letters, marks, numbers and `'`; between two such runs a typographic apostrophe
 * or an invisible joiner (Persian and Indic spelling) does not end it. Any other visible code point,
 * with its combining marks, is a token of its own. On ASCII text this is `[a-z0-9']+` or one other
 * visible character.
 */
const WORD_OR_SYMBOL = tokenPattern(LETTER)
const LETTER_WORD_OR_SYMBOL = tokenPattern(`(?!${UNSPACED})${LETTER}`, `${UNSPACED}\\p{M}*|`)

function tokenPattern(letter: string, first = ''): RegExp {
  const word = `(?:${letter})+`
  return new RegExp(`${first}${word}(?:[\u2019\u200c\u200d]${word})*|[^\\s\\p{Z}\\p{Cc}\\p{Cf}]\\p{M}*`, 'gu')
}

const LONE_SURROGATE = /\p{Cs}/gu

/** Lone surrogates become U+FFFD, as they cannot be written to a file and read back. */
function normalize(text: string, lowercase: boolean): string {
  const whole = text.replace(LONE_SURROGATE, '\ufffd')
  return toNfc(lowercase ? whole.toLowerCase() : whole)
}

/** `don’t` and `don't` are the same word. */
function splitWords(text: string): string[] {
  const pattern = HAS_UNSPACED.test(text) ? LETTER_WORD_OR_SYMBOL : WORD_OR_SYMBOL
  return (text.match(pattern) ?? []).map((token) => token.replace(/(?<=.)\u2019/gu, "'"))
}

const SPLIT = {
  words: splitWords,
  chars: Array.from<string>,
  whitespace: (text: string) => text.split(/\s+/).filter(Boolean),
}

/**
 * Creates a tokenizer.
 *
 * `words`: see the rule above; whitespace, control and format characters separate tokens. Scripts written without
 * spaces (Chinese, Japanese, Thai, Lao, Khmer, Burmese) give one token per letter.
 * `chars`: one token per Unicode code point, whitespace included.
 * `whitespace`: one token per run of other characters, for texts that were split into words before.
 * All normalise the text to NFC first, and fold case if `lowercase` is true.
 *
 * @throws UsageError for an invalid configuration
 */
export function createTokenizer(config: TokenizerConfig): Tokenizer {
  const { kind, lowercase } = checkConfig(config, 'tokenizer', UsageError)
  return {
    config: Object.freeze({ kind, lowercase }),
    tokenize: (text) => SPLIT[kind](normalize(text, lowercase)),
  }
}

/**
 * A tokenizer configuration from JSON, as stored in a model file.
 * @throws FormatError naming the field at fault.
 */
export function parseTokenizerConfig(value: unknown, where = 'tokenizer'): TokenizerConfig {
  return checkConfig(value, where, FormatError)
}

function checkConfig(value: unknown, where: string, Failure: typeof LatchError): TokenizerConfig {
  const { kind, lowercase } = (value ?? {}) as Record<string, unknown>
  const known = TOKEN_KINDS.find((name) => name === kind)
  if (!known) {
    const expected = `one of ${TOKEN_KINDS.join(', ')}`
    throw new Failure({ where: `${where}.kind`, expected, got: describe(kind) })
  }
  if (typeof lowercase !== 'boolean') {
    throw new Failure({ where: `${where}.lowercase`, expected: 'true or false', got: describe(lowercase) })
  }
  return { kind: known, lowercase }
}

function describe(value: unknown): string {
  return value === undefined ? 'nothing' : String(JSON.stringify(value)).slice(0, 40)
}
