/** What one conformance case came to. */
export interface ConformanceResult {
  suite: string
  name: string
  status: 'equal' | 'different' | 'refused'
  /** The largest difference, relative where numbers are above 1; null where nothing was computed. */
  worst: number | null
  /** Why it differs, was refused, or needed help; empty where there is nothing to say. */
  why: string
}

/** The largest difference, relative where `wanted` is above 1; Infinity for other lengths and NaN. */
export function worstOf(got: ArrayLike<number>, wanted: ArrayLike<number>): number {
  if (got.length !== wanted.length) return Infinity
  let worst = 0
  for (let i = 0; i < got.length; i++) {
    const difference = Math.abs(got[i] - wanted[i]) / Math.max(1, Math.abs(wanted[i]))
    worst = Number.isNaN(difference) ? Infinity : Math.max(worst, difference)
  }
  return worst
}
