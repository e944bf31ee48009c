/** How far two names are apart, for “did you mean”. */

/** Letters to insert, delete or replace (Levenshtein 1966); Infinity where they are more than `most`. */
export function editDistance(a: string, b: string, most: number): number {
  if (Math.abs(a.length - b.length) > most) return Infinity
  let row = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    let least = i
    for (let j = 1; j <= b.length; j++) {
      const replaced = row[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1)
      next[j] = Math.min(replaced, row[j] + 1, next[j - 1] + 1)
      least = Math.min(least, next[j])
    }
    if (least > most) return Infinity
    row = next
  }
  return row[b.length] > most ? Infinity : row[b.length]
}
