/** Means, fractions and quartiles with their spread. */

export interface Mean {
  mean: number
  standardError: number
  count: number
}

export interface Share {
  share: number
  standardError: number
  count: number
}

export interface Quartiles {
  low: number
  median: number
  high: number
  count: number
}

/** Mean and standard error of the mean. */
export function meanOf(values: readonly number[]): Mean {
  const count = values.length
  const mean = values.reduce((sum, x) => sum + x, 0) / count
  const squares = values.reduce((sum, x) => sum + (x - mean) ** 2, 0)
  return { mean, standardError: Math.sqrt(squares / (count - 1) / count), count }
}

/** Fraction of `right` in `count`, with the binomial standard error. */
export function shareOf(right: number, count: number): Share {
  const share = right / count
  return { share, standardError: Math.sqrt((share * (1 - share)) / count), count }
}

/** For numbers of several orders of magnitude, zeros included. */
export function quartilesOf(values: readonly number[]): Quartiles {
  const sorted = values.toSorted((a, b) => a - b)
  const at = (part: number) => sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))]
  return { low: at(0.25), median: at(0.5), high: at(0.75), count: sorted.length }
}

/** Rounds to four significant digits, and counts to integers, so that the file stays readable. */
export function rounded<T>(value: T): T {
  const round = (_: string, x: unknown) =>
    typeof x === 'number' && !Number.isInteger(x) ? Number(x.toPrecision(4)) : x
  return JSON.parse(JSON.stringify(value, round)) as T
}
