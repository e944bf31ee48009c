/**
 * Work in parts: whoever has work that falls into independent rows, panels or ranges gives it here with
 * its size, and it runs on as many threads as are ready. How it is cut never changes a bit, because no
 * sum is ever cut: each element is computed by one part, in its one order.
 */
import { WorkerError } from '../../core/errors.ts'
import type { Kernels } from '../kernels.ts'

/**
 * One part of the work. It may only call kernels that return nothing: on another thread the calls are
 * recorded here and made there. `sync` waits until every part has come as far.
 */
export type Part = (kernels: Kernels, part: number, sync: () => void) => void

export interface Team {
  /** Parts that can run at once now. */
  readonly size: number
  /** Asks for threads: called when work turned out large enough to share. */
  want(): void
  /** Runs all parts, part 0 on this thread, and returns when all are done. `parts` ≤ `size`. */
  run(parts: number, body: Part): void
}

/** When work is shared. Tests set it, so that small work is shared, and from the first call on. */
export const sharing = {
  /** Multiply-adds, or ten float loads each, that outweigh telling another thread about them. */
  minimumWork: 200_000,
  /** Whether the first work that wants threads waits for them; a page could not. */
  startAtOnce: false,
  /** Milliseconds without a kernel call by any worker after which they are given up: no call takes a tenth of it. */
  patience: 10_000,
}

/** Most threads an engine may ask for. */
export const MOST_THREADS = 64

/** What is said when a worker did not do its part. */
export function lostError(why: string): WorkerError {
  return new WorkerError({
    where: 'engine threads',
    expected: 'every worker to do its part',
    got: why,
    remedy: 'What was being computed is lost; go on from the last checkpoint, or with threads: 1.',
  })
}

/** This thread alone. */
export function soloTeam(kernels: Kernels): Team {
  return {
    size: 1,
    want() {},
    run(parts, body) {
      for (let part = 0; part < parts; part++) body(kernels, part, alone)
    },
  }
}

function alone(): void {}

/** How many parts work of this size is worth, at most `most`; asks for threads if it is worth any. */
export function partsFor(team: Team, work: number, most: number): number {
  if (work < sharing.minimumWork || most < 2) return 1
  team.want()
  return Math.min(team.size, most)
}

/** Cuts 0..count at multiples of `grain` into equal ranges and runs `body` on each. */
export function split(
  team: Team,
  count: number,
  grain: number,
  work: number,
  body: (kernels: Kernels, from: number, to: number) => void,
): void {
  const grains = Math.ceil(count / grain)
  const parts = partsFor(team, work, grains)
  const edge = (part: number) => Math.min(count, Math.round((grains * part) / parts) * grain)
  team.run(parts, (kernels, part) => {
    const [from, to] = [edge(part), edge(part + 1)]
    if (to > from) body(kernels, from, to)
  })
}
