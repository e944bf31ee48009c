/** Ids by token → tokens by id. */
import { FormatError } from '../../core/errors.ts'
import { describe } from '../../core/validation.ts'
import { quoted } from '../safetensors/header.ts'

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
      throw new FormatError({ where: `${where}, ${quoted(token)}`, expected, got: describe(id) })
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
export function unnamed(id: number): string {
  return `<${id}>`
}
