/** Vocabulary and kind of tokens from the import options. */
import { FormatError, UsageError } from '../../core/errors.ts'
import { describe } from '../../core/validation.ts'
import { guessTokenKind } from '../../text/tokenKind.ts'
import type { TokenKind } from '../../text/tokenizer.ts'
import type { ImportOptions } from '../imported.ts'
import {
  isKerasTokenizer,
  isVectorizationList,
  isWordIndex,
  readBareWordIndex,
  readKerasTokenizer,
  readVectorizationList,
  type NamedTokens,
} from './kerasTokenizer.ts'
import { tokensOfIds, unnamed } from './tokensOfIds.ts'

/** Tokens by id and their kind: by options, else by `found`. A kind that is not given is inferred from the tokens. */
export function tokensByOptions(
  options: Pick<ImportOptions, 'vocabulary' | 'tokens'>,
  source: string,
  found: readonly string[] | null = null,
): { vocabulary: readonly string[] | null; tokens: TokenKind | null } {
  const given = options.vocabulary
  if (given !== undefined) {
    const { vocabulary, tokens } = readVocabulary(given, options.tokens, source)
    return { vocabulary, tokens: tokens ?? guess(vocabulary) }
  }
  return { vocabulary: found, tokens: found && (options.tokens ?? guess(found)) }
}

function guess(vocabulary: readonly string[]): TokenKind {
  return guessTokenKind(vocabulary.filter((token, id) => token !== unnamed(id)))
}

/**
 * The option `vocabulary`: a list of tokens, ids by token, what Keras' `tokenizer.to_json()` returns, or the JSON of any
 * of these. @throws UsageError for anything else
 */
export function readVocabulary(
  given: NonNullable<ImportOptions['vocabulary']>,
  kind: TokenKind | undefined,
  source: string,
): NamedTokens {
  const where = `${source}, vocabulary`
  try {
    const read = readAny(fromJson(given, where), kind, where)
    if (!kind || kind === (read.tokens ?? kind)) return { ...read, ...(kind && { tokens: kind }) }
    const got = `${kind}, but the vocabulary is one of ${read.tokens}`
    const fix = { option: 'tokens', value: read.tokens, to: 'read texts as the vocabulary says' }
    throw new UsageError({ where: 'tokens', expected: read.tokens!, got, fix })
  } catch (error) {
    if (!(error instanceof FormatError)) throw error
    const { expected, got } = error
    throw new UsageError({ where: error.where, expected, got }, { cause: error })
  }
}

/** `json.dump(tokenizer.to_json())` puts JSON into a JSON string. */
function fromJson(given: unknown, where: string): unknown {
  let value = given
  for (let depth = 0; depth < 3 && typeof value === 'string'; depth++) {
    try {
      value = JSON.parse(value) as unknown
    } catch (cause) {
      throw new FormatError({ where, expected: WANTED, got: describe(value) }, { cause })
    }
  }
  return value
}

const WANTED = 'a list of tokens, ids by token, or the JSON of tokenizer.to_json()'

function readAny(value: unknown, kind: TokenKind | undefined, where: string): NamedTokens {
  if (typeof value !== 'object' || value === null)
    throw new FormatError({ where, expected: WANTED, got: describe(value) })
  if (Array.isArray(value)) {
    const other = (value as unknown[]).findIndex((token) => typeof token !== 'string')
    if (other >= 0)
      throw new FormatError({
        where: `${where}, id ${other}`,
        expected: 'a token',
        got: describe(value[other]),
      })
    const tokens = value as readonly string[]
    return isVectorizationList(tokens) ? readVectorizationList(tokens) : { vocabulary: tokens, warnings: [] }
  }
  if (isKerasTokenizer(value)) return readKerasTokenizer(value, where)
  const vocabulary = tokensOfIds(value as Readonly<Record<string, number>>, where)
  if (!isWordIndex(vocabulary) || kind === 'whitespace') return { vocabulary, warnings: [] }
  return readBareWordIndex(vocabulary, kind ?? guess(vocabulary))
}
