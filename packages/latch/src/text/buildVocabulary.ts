/** Token lists of training texts → their vocabulary. Apart from `Vocabulary`, as pages that only predict do not need it. */
import { assertKnownOptions } from '../core/knownNames.ts'
import { requirePositiveInteger } from '../core/typedValues.ts'
import { UNKNOWN_TOKEN, Vocabulary } from './vocabulary.ts'

/** Which tokens a vocabulary keeps. */
export interface VocabularyOptions {
  /** Tokens that occur less often become unknown. Default 2. */
  minimumCount?: number
  /** Most entries, `<unk>` included. Default: no limit. */
  maximumSize?: number
  /** Tokens that stay however rare they are, such as those with pretrained vectors; those that no text has come last. Default none. */
  keep?: ReadonlySet<string> | ReadonlyMap<string, unknown>
}

/**
 * Counts the tokens and numbers them by decreasing count, ties by code point.
 * @throws UsageError for a minimum count or maximum size that is not a positive integer
 */
export function buildVocabulary(
  tokenLists: Iterable<readonly string[]>,
  options: VocabularyOptions = {},
): Vocabulary {
  assertKnownOptions('buildVocabulary option', options, { minimumCount: 1, maximumSize: 1, keep: 1 })
  const { minimumCount = 2, maximumSize = Infinity, keep } = options
  requirePositiveInteger('minimumCount', minimumCount)
  if (maximumSize !== Infinity) requirePositiveInteger('maximumSize', maximumSize)
  const counts = new Map<string, number>()
  for (const tokens of tokenLists) {
    for (const token of tokens) counts.set(token, (counts.get(token) ?? 0) + 1)
  }
  counts.delete(UNKNOWN_TOKEN)
  const kept = [...counts].filter(([token, count]) => count >= minimumCount || keep?.has(token))
  kept.sort(([a, countA], [b, countB]) => countB - countA || compareCodePoints(a, b))
  const tokens = kept.map(([token]) => token)
  for (const token of keep?.keys() ?? [])
    if (!counts.has(token) && token !== UNKNOWN_TOKEN) tokens.push(token)
  return new Vocabulary([UNKNOWN_TOKEN, ...tokens.slice(0, maximumSize - 1)])
}

/** JavaScript compares UTF-16 units, which would sort emoji before some letters. */
function compareCodePoints(a: string, b: string): number {
  for (let i = 0; ;) {
    const left = a.codePointAt(i)
    const right = b.codePointAt(i)
    if (left === undefined || right === undefined) return a.length - b.length
    if (left !== right) return left - right
    i += left > 0xffff ? 2 : 1
  }
}
