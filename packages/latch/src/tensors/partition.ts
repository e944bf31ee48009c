/** Who takes what when work is shared: equal ranges at multiples of a grain, and sequences of equal length in all. */
import type { PackedBatch } from './packedBatch.ts'

/** The range of part `part` of `parts` of 0..count, cut at multiples of `grain`. */
export function share(count: number, grain: number, part: number, parts: number): [number, number] {
  if (parts === 1) return [0, count]
  const grains = Math.ceil(count / grain)
  const edge = (p: number) => Math.min(count, Math.round((grains * p) / parts) * grain)
  return [edge(part), edge(part + 1)]
}

/** First sequence of each part, so that the rows of steps from … to − 1 are shared evenly; then their number. */
export function rowEdges(batch: PackedBatch, from: number, to: number, parts: number): number[] {
  const running = batch.counts[from]
  const rowsOf = (b: number) => Math.min(batch.lengths[b], to) - from
  let all = 0
  for (let b = 0; b < running; b++) all += rowsOf(b)
  const edges = [0]
  let [b, sum] = [0, 0]
  for (let part = 1; part < parts; part++) {
    const goal = (all * part) / parts
    while (b < running && sum + rowsOf(b) / 2 < goal) sum += rowsOf(b++)
    edges.push(b)
  }
  edges.push(running)
  return edges
}
