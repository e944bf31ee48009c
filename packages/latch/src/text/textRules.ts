/**
 * How the texts of a model become ids, as plain JSON in its file: the rules of the tokenizer, the id of unknown
 * tokens, padding. `latch` are the rules of tokenizer.ts; `keras` those of keras.preprocessing.text.Tokenizer;
 * `tensorflow` those of TextVectorization.
 */
import { createTokenizer, type Tokenizer, type TokenKind } from './tokenizer.ts'

/** The program whose tokenizer is followed. */
export const TEXT_RULES = ['latch', 'keras', 'tensorflow'] as const

/** What separates the tokens of a text. */
export interface TextRules {
  rules: (typeof TEXT_RULES)[number]
  lowercase: boolean
  /** `keras`: characters that separate words; `tensorflow`: characters that are removed. Else empty. */
  filters: string
  /** `keras`: the text between words. Else a space. */
  split: string
}

/** Where padding is added, or which end is cut. */
export const SIDES = ['pre', 'post'] as const

/** `pre`: before the tokens; `post`: after them. */
export type Side = (typeof SIDES)[number]

/** Texts of one length. */
export interface TextPadding {
  /** Where shorter texts are padded. */
  side: Side
  /** The end at which longer texts are cut. */
  truncating: Side
  length: number
  /** The id of the added steps. */
  id: number
}

/** How texts are read. */
export interface TextInput extends TextRules {
  /** The id of tokens outside the vocabulary; `drop`: they are left out; `error`: they are refused. */
  unknown: number | 'drop' | 'error'
  /** Null: texts keep their length. */
  padding: TextPadding | null
}

/** The characters that Keras' Tokenizer takes for separators unless it is asked otherwise. */
export const KERAS_FILTERS = '!"#$%&()*+,-./:;<=>?@[\\]^_`{|}~\t\n'

/** The characters that TextVectorization removes. */
export const TENSORFLOW_PUNCTUATION = '!"#$%&()*+,-./:;<=>?@[\\]^_`{|}~\''

/** The tokenizer of these rules. Keras' and TensorFlow's do not normalize texts. */
export function createTextTokenizer(kind: TokenKind, text: TextRules): Tokenizer {
  const { rules, lowercase, filters, split } = text
  if (rules === 'latch') return createTokenizer({ kind, lowercase })
  const config = Object.freeze({ kind, lowercase })
  const signs = new Set(filters)
  const replaced = (all: string, by: string) =>
    Array.from(all, (sign) => (signs.has(sign) ? by : sign)).join('')
  if (rules === 'keras') {
    const lower = (all: string) => (lowercase ? all.toLowerCase() : all)
    if (kind === 'chars') return { config, tokenize: (all) => Array.from(lower(all)) }
    const words = (all: string) => replaced(lower(all), split).split(split)
    return { config, tokenize: (all) => words(all).filter((word) => word !== '') }
  }
  // tf.strings.lower and tf.strings.split know ASCII only.
  const lower = (all: string) => (lowercase ? all.replace(/[A-Z]/g, (sign) => sign.toLowerCase()) : all)
  const clean = (all: string) => replaced(lower(all), '')
  if (kind === 'chars') return { config, tokenize: (all) => Array.from(clean(all)) }
  return {
    config,
    tokenize: (all) =>
      clean(all)
        .split(/[ \t\n\v\f\r]+/)
        .filter(Boolean),
  }
}

/** Ids of one length. `before` and `after` count the added steps, `cut` those that are left out. */
export function padIds<T>(
  ids: readonly T[],
  { side, truncating, length }: TextPadding,
  added: T,
): { ids: T[]; before: number; after: number; cut: number } {
  const missing = Math.max(0, length - ids.length)
  const kept = truncating === 'pre' ? ids.slice(Math.max(0, ids.length - length)) : ids.slice(0, length)
  const more = new Array<T>(missing).fill(added)
  return {
    ids: side === 'pre' ? [...more, ...kept] : [...kept, ...more],
    before: side === 'pre' ? missing : 0,
    after: side === 'post' ? missing : 0,
    cut: ids.length - kept.length,
  }
}
