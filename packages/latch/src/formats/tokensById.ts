/** Vocabulary and kind of tokens from the import options. */
import { FormatError, UsageError } from '../core/errors.ts'
import { guessTokenKind } from '../text/tokenKind.ts'
import type { ImportOptions } from './imported.ts'
import { quoted } from './safetensors/header.ts'
import type { TokenKind } from '../text/tokenizer.ts'

/** Tokens by id and their kind: by options, else by `found`. A kind that is not given is inferred from the tokens. */
export function tokensByOptions(
  options: ImportOptions,
  source: string,
  found: readonly string[] | null = null,
): { vocabulary: readonly string[] | null; tokens: TokenKind | null } {
  const given = options.vocabulary
  const vocabulary = given === undefined ? found : tokensById(given, source)
  if (!vocabulary) return { vocabulary: null, tokens: null }
  const named = vocabulary.filter((token, id) => token !== unnamed(id))
  return { vocabulary, tokens: options.tokens ?? guessTokenKind(named) }
}

function tokensById(
  given: readonly string[] | Readonly<Record<string, number>>,
  source: string,
): readonly string[] {
  if (Array.isArray(given)) return given as readonly string[]
  try {
    return tokensOfIds(given as Readonly<Record<string, number>>, `${source}, vocabulary`)
  } catch (error) {
    if (!(error instanceof FormatError)) throw error
    const { where, expected, got } = error
    throw new UsageError({ where, expected, got }, { cause: error })
  }
}

/**
 * Ids by token → tokens by id. Ids without a token get a name in angle brackets.
 * @throws FormatError for ids that are not whole numbers, used twice, or far above the number of tokens
 */
export function tokensOfIds(ids: Readonly<Record<string, number>>, where: string): string[] {
  const entries = Object.entries(ids)
  const most = 2 * entries.length + 16
  const tokens: (string | undefined)[] = []
  for (const [token, id] of entries) {
    if (!Number.isInteger(id) || id < 0 || id >= most) {
      const expected = `whole numbers from 0 to ${most - 1}`
      throw new FormatError({ where: `${where}, ${quoted(token)}`, expected, got: String(id) })
    }
    const other = tokens[id]
    if (other !== undefined) {
      const got = `${id} for ${quoted(other)} too`
      throw new FormatError({ where: `${where}, ${quoted(token)}`, expected: 'each id once', got })
    }
    tokens[id] = token
  }
  return Array.from(tokens, (token, id) => token ?? unnamed(id))
}

/** The name of an id without a token. */
function unnamed(id: number): string {
  return `<${id}>`
}
