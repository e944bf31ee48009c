/** Which tokens of some texts a vocabulary does not have. */
import type { Vocabulary } from '../text/vocabulary.ts'
import type { UnknownTokens } from './task.ts'

/** The tokens outside a vocabulary, and the three most frequent of them. */
export function unknownTokens(
  { words }: { words: Vocabulary },
  items: readonly { tokens: readonly string[] }[],
): UnknownTokens {
  const counts = new Map<string, number>()
  let [unknown, total] = [0, 0]
  for (const { tokens } of items) {
    total += tokens.length
    for (const token of tokens) {
      if (words.has(token)) continue
      unknown++
      counts.set(token, (counts.get(token) ?? 0) + 1)
    }
  }
  const frequent = [...counts].sort((a, b) => b[1] - a[1])
  return { unknown, total, examples: frequent.slice(0, 3).map(([token]) => token) }
}
