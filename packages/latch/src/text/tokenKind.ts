/** Whether a vocabulary of unknown origin is one of words or of characters. */

import type { TokenKind } from './tokenizer.ts'

/** `chars` if nine of ten tokens are single characters; the others mark start, end, padding and unknown tokens. */
export function guessTokenKind(vocabulary: readonly string[]): TokenKind {
  const tokens = vocabulary.filter((token) => token !== '')
  const single = tokens.filter((token) => Array.from(token).length === 1)
  return single.length >= 0.9 * tokens.length ? 'chars' : 'words'
}
