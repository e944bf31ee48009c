/**
 * Text → tokens, the first station of the data's way. A tokenizer is made from a plain
 * configuration that the model file keeps, and never fails on any string.
 */
import { FormatError, UsageError } from '../core/errors.ts'
import type { LatchError } from '../core/errors.ts'

/** What a tokenizer does; plain JSON, kept in the model file. */
export interface TokenizerConfig {
  kind: 'words' | 'characters'
  lowercase: boolean
}

/** Cuts texts into tokens, always in the same way. */
export interface Tokenizer {
  readonly config: TokenizerConfig
  /** Never throws; gives `[]` for a text with nothing visible in it (words) or nothing at all (characters). */
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

/** Lone surrogates become U+FFFD: they could not be written to a file and read back. */
function normalize(text: string, lowercase: boolean): string {
  const whole = text.replace(LONE_SURROGATE, '\ufffd')
  return (lowercase ? whole.toLowerCase() : whole).normalize('NFC')
}

/** `don’t` and `don't` are one word, whichever key the writer's keyboard has. */
function splitWords(text: string): string[] {
  return (text.match(WORD_OR_SYMBOL) ?? []).map((token) =>
    token.length > 1 ? token.replaceAll('\u2019', "'") : token,
  )
}

/**
 * Makes a tokenizer.
 *
 * `words`: see the rule above; whitespace, control and format characters only separate. Scripts
 * written without spaces (Chinese, Japanese, Thai) give one token a phrase: use `characters` there.
 * `characters`: one token a Unicode code point, whitespace included.
 * Both put the text into NFC first, and fold case where `lowercase` says so.
 *
 * @throws UsageError for a configuration that is none.
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
 * A tokenizer configuration from JSON, as a model file carries it.
 * @throws FormatError naming the field at fault.
 */
export function parseTokenizerConfig(value: unknown, where = 'tokenizer'): TokenizerConfig {
  return checkConfig(value, where, FormatError)
}

function checkConfig(value: unknown, where: string, Failure: typeof LatchError): TokenizerConfig {
  const { kind, lowercase } = (value ?? {}) as Record<string, unknown>
  if (kind !== 'words' && kind !== 'characters') {
    throw new Failure({ where: `${where}.kind`, expected: "'words' or 'characters'", got: describe(kind) })
  }
  if (typeof lowercase !== 'boolean') {
    throw new Failure({ where: `${where}.lowercase`, expected: 'true or false', got: describe(lowercase) })
  }
  return { kind, lowercase }
}

function describe(value: unknown): string {
  return value === undefined ? 'nothing' : String(JSON.stringify(value)).slice(0, 40)
}
