/** Walks over regions by numbers of elements, for loops in TypeScript. */
import type { Engine } from '../engine/engine.ts'
import type { Places, Regions } from './regions.ts'

/** Calls `visit` with elements `from` to `to` − 1 of every range in turn, on the calling thread. */
export function eachElementRange(
  { memory }: Engine,
  regions: Pick<Regions, 'walk'>,
  places: Places,
  visit: (from: number, to: number) => void,
): void {
  // Work of 0 is never divided among threads.
  regions.walk(places, 0, (_, offset, count) => {
    const from = offset / memory.floatBytes
    visit(from, from + count)
  })
}
