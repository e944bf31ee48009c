/** The order of the units: by number, by variance, or with similar units side by side. */
export type Sorting = 'number' | 'activity' | 'similarity'

/** Number of steps compared for similarity, evenly spaced in longer texts. */
const MAX_SAMPLES = 64

/** Unit numbers in drawing order; at most `most`, those with the highest variance. */
export function orderUnits(
  series: readonly Float64Array[],
  units: number,
  sorting: Sorting,
  most: number,
): number[] {
  const numbers = Array.from({ length: units }, (_, unit) => unit)
  if (sorting === 'number' && units <= most) return numbers
  const moves = activity(series, units)
  const mostActive = numbers.toSorted((a, b) => moves[b] - moves[a] || a - b).slice(0, most)
  if (sorting === 'activity') return mostActive
  if (sorting === 'number') return mostActive.toSorted((a, b) => a - b)
  return bySimilarity(series, mostActive)
}

/** Variance of each unit over the steps. */
export function activity(series: readonly Float64Array[], units: number): Float64Array {
  const out = new Float64Array(units)
  for (let unit = 0; unit < units; unit++) {
    let [sum, squares] = [0, 0]
    for (const vector of series) {
      sum += vector[unit]
      squares += vector[unit] * vector[unit]
    }
    const mean = sum / series.length
    out[unit] = Math.max(0, squares / series.length - mean * mean)
  }
  return out
}

/** Starts at the first unit and repeatedly appends the nearest remaining one, by distance over the steps. */
function bySimilarity(series: readonly Float64Array[], units: readonly number[]): number[] {
  const stride = Math.max(1, Math.ceil(series.length / MAX_SAMPLES))
  const samples = series.filter((_, step) => step % stride === 0)
  const rows = new Map(units.map((unit) => [unit, samples.map((vector) => vector[unit])]))
  const left = new Set(units)
  const order: number[] = []
  let now: number | undefined = units[0]
  while (now !== undefined) {
    left.delete(now)
    order.push(now)
    now = nearest(rows, now, left)
  }
  return order
}

function nearest(
  rows: ReadonlyMap<number, number[]>,
  from: number,
  left: ReadonlySet<number>,
): number | undefined {
  const own = rows.get(from)!
  let [best, least] = [undefined as number | undefined, Infinity]
  for (const unit of left) {
    const other = rows.get(unit)!
    let distance = 0
    for (let i = 0; i < own.length && distance < least; i++) distance += (own[i] - other[i]) ** 2
    if (distance < least) [best, least] = [unit, distance]
  }
  return best
}

/** The mean over the units at each step: the line below a map. */
export function meanLine(series: readonly Float64Array[]): number[] {
  return series.map((vector) => vector.reduce((sum, value) => sum + value, 0) / Math.max(1, vector.length))
}
