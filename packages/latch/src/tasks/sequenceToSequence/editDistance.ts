/** The edit distance of two lists (Levenshtein 1966). */

/** The fewest insertions, deletions and replacements that turn one list into the other. */
export function editDistance<T>(from: readonly T[], to: readonly T[]): number {
  let before = Array.from({ length: to.length + 1 }, (_, j) => j)
  for (let i = 1; i <= from.length; i++) {
    const now = [i]
    for (let j = 1; j <= to.length; j++)
      now.push(Math.min(before[j] + 1, now[j - 1] + 1, before[j - 1] + Number(from[i - 1] !== to[j - 1])))
    before = now
  }
  return before[to.length]
}
