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
