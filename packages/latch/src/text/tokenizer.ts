/**
 * Text → tokens, the first stage of the data flow. A tokenizer is created from a plain configuration that is stored in
 * the model file, and accepts every string.
 */
import { FormatError, UsageError } from '../core/errors.ts'
import type { LatchError } from '../core/errors.ts'

/** The kinds of tokens: words, or single characters. */
export const TOKEN_KINDS = ['words', 'chars'] as const

/** One of `TOKEN_KINDS`. */
export type TokenKind = (typeof TOKEN_KINDS)[number]

/** Configuration of a tokenizer; plain JSON, stored in the model file. */
export interface TokenizerConfig {
  kind: TokenKind
  lowercase: boolean
}

/** Splits texts into tokens. */
export interface Tokenizer {
  readonly config: TokenizerConfig
  /** Never throws; returns `[]` for a text without visible characters (words) or an empty one (chars). */
  tokenize(text: string): string[]
}

/**
 * A word is a run of letters, marks, numbers and `'`; between two such runs a typographic apostrophe
 * or an invisible joiner (Persian and Indic spelling) does not end it. Any other visible code point,
 * with its combining marks, is a token of its own. On ASCII text this is `[a-z0-9']+` or one other
 * visible character.
 */
const WORD_OR_SYMBOL =
  /[\p{L}\p{M}\p{N}']+(?:[\u2019\u200c\u200d][\p{L}\p{M}\p{N}']+)*|[^\s\p{Z}\p{Cc}\p{Cf}]\p{M}*/gu

const LONE_SURROGATE = /\p{Cs}/gu

/** Lone surrogates become U+FFFD, as they cannot be written to a file and read back. */
function normalize(text: string, lowercase: boolean): string {
  const whole = text.replace(LONE_SURROGATE, '\ufffd')
  return (lowercase ? whole.toLowerCase() : whole).normalize('NFC')
}

/** `don’t` and `don't` are the same word. */
function splitWords(text: string): string[] {
  return (text.match(WORD_OR_SYMBOL) ?? []).map((token) =>
    token.length > 1 ? token.replaceAll('\u2019', "'") : token,
  )
}

/**
 * Creates a tokenizer.
 *
 * `words`: see the rule above; whitespace, control and format characters separate tokens. Scripts written without
 * spaces (Chinese, Japanese, Thai) give one token per phrase; use `chars` for them.
 * `chars`: one token per Unicode code point, whitespace included.
 * Both normalise the text to NFC first, and fold case if `lowercase` is true.
 *
 * @throws UsageError for an invalid configuration
 */
export function createTokenizer(config: TokenizerConfig): Tokenizer {
  const { kind, lowercase } = checkConfig(config, 'tokenizer', UsageError)
  const split = kind === 'words' ? splitWords : Array.from<string>
  return {
    config: Object.freeze({ kind, lowercase }),
    tokenize: (text) => split(normalize(text, lowercase)),
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
  if (kind !== 'words' && kind !== 'chars') {
    throw new Failure({ where: `${where}.kind`, expected: "'words' or 'chars'", got: describe(kind) })
  }
  if (typeof lowercase !== 'boolean') {
    throw new Failure({ where: `${where}.lowercase`, expected: 'true or false', got: describe(lowercase) })
  }
  return { kind, lowercase }
}

function describe(value: unknown): string {
  return value === undefined ? 'nothing' : String(JSON.stringify(value)).slice(0, 40)
}
