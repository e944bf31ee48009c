/** Tokens joined to a text. */
import { ByteDecoder } from '../../text/bytes.ts'
import type { LanguageTokenKind } from '../../text/tokenizer.ts'

const CLOSES = /^[.,;:!?)\]}%’”…]+$/u
const OPENS = /^[([{“„]+$/u

/**
 * What a token adds to a text after another one: a space and the token, but no space between characters, before closing
 * signs and after opening ones.
 */
function textAfter(before: string, token: string, kind: LanguageTokenKind): string {
  if (kind === 'chars' || before === '') return token
  if (kind === 'words' && (CLOSES.test(token) || OPENS.test(before))) return token
  return ` ${token}`
}

/** Tokens joined as they arrive. */
export interface Joiner {
  /** What a token adds to the text; of bytes, the letters that it completes. */
  push(token: string): string
  /** The same, were it added. */
  peek(token: string): string
  /** What is left at the end of a text. */
  end(): string
}

/** Joins the tokens of a text after `before`, the last token of its prime. */
export function joinerAfter(before: string, kind: LanguageTokenKind): Joiner {
  if (kind === 'bpe') return new ByteDecoder()
  let last = before
  return {
    push(token) {
      const text = textAfter(last, token, kind)
      last = token
      return text
    },
    peek: (token) => textAfter(last, token, kind),
    end: () => '',
  }
}

/** The text of tokens after `before`, as far as its letters are whole. */
export function joinedAfter(before: string, tokens: readonly string[], kind: LanguageTokenKind): string {
  const joiner = joinerAfter(before, kind)
  return tokens.map((token) => joiner.push(token)).join('')
}
