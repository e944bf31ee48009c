/** Tokens joined to a text. */
import type { TokenKind } from '../../text/tokenizer.ts'

const CLOSES = /^[.,;:!?)\]}%’”…]+$/u
const OPENS = /^[([{“„]+$/u

/**
 * What a token adds to a text after another one: a space and the token, but no space between characters, before closing
 * signs and after opening ones.
 */
export function textAfter(before: string, token: string, kind: TokenKind): string {
  if (kind === 'chars' || before === '') return token
  if (kind === 'words' && (CLOSES.test(token) || OPENS.test(before))) return token
  return ` ${token}`
}
