/** Divides work among tasks: into equal ranges at multiples of an alignment, or into sequences with equal numbers of rows. */
import type { PackedBatch } from './packedBatch.ts'

/** The range of task `index` of `tasks` of 0..count, which begins at a multiple of `alignment`. */
export function partition(count: number, alignment: number, index: number, tasks: number): [number, number] {
  if (tasks === 1) return [0, count]
  const units = Math.ceil(count / alignment)
  const edge = (i: number) => Math.min(count, Math.round((units * i) / tasks) * alignment)
  return [edge(index), edge(index + 1)]
}

/** First sequence of each task, so that all have about as many rows of steps from … to − 1; then the number of sequences. */
export function sequenceEdges(batch: PackedBatch, from: number, to: number, tasks: number): number[] {
  const running = batch.batchSizes[from]
  const rowsOf = (b: number) => Math.min(batch.lengths[b], to) - from
  let all = 0
  for (let b = 0; b < running; b++) all += rowsOf(b)
  const edges = [0]
  let [b, sum] = [0, 0]
  for (let index = 1; index < tasks; index++) {
    const goal = (all * index) / tasks
    while (b < running && sum + rowsOf(b) / 2 < goal) sum += rowsOf(b++)
    edges.push(b)
  }
  edges.push(running)
  return edges
}
