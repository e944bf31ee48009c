/**
 * Parallel work: a caller whose work consists of independent rows, panels or ranges passes it here with its size,
 * and it runs on as many threads as are ready. How it is divided never changes a bit, because no sum is ever
 * divided: each element is computed by one task, in one fixed order.
 */
import { WorkerError } from '../../core/errors.ts'
import type { Kernels } from '../kernels.ts'

/**
 * One task of the work. It may only call kernels that return nothing: for another thread the calls are recorded
 * here and made there. `barrier` waits until every task has reached it.
 */
export type Task = (kernels: Kernels, index: number, barrier: () => void) => void

export interface Executor {
  /** Tasks that can run at once now. */
  readonly size: number
  /** Requests threads: called when work is large enough for more than one. */
  request(): void
  /** Runs `count` ≤ `size` tasks, task 0 on this thread, and returns when all are done. */
  run(count: number, task: Task): void
}

/** When work runs in parallel. Tests set it so that small work does, from the first call on. */
export const parallelism = {
  /** Multiply-adds, or ten float loads each, that outweigh the cost of notifying another thread. */
  minWork: 200_000,
  /** Whether the first work that requests threads waits until they run; a page could not. */
  eager: false,
  /** Milliseconds without a kernel call by any worker after which the workers are shut down: no call takes a tenth of it. */
  stallTimeoutMs: 10_000,
}

/** Most threads an engine may use. */
export const MAX_THREADS = 64

/** The error of work whose worker did not finish its task. */
export function lostError(why: string): WorkerError {
  return new WorkerError({
    where: 'engine threads',
    expected: 'every worker to finish its task',
    got: why,
    remedy:
      'The computation is lost. Resume from the last checkpoint, or create the engine with `threads: 1`.',
  })
}

/** Runs every task on this thread, one after the other. */
export function serialExecutor(kernels: Kernels): Executor {
  return {
    size: 1,
    request() {},
    run(count, task) {
      for (let index = 0; index < count; index++) task(kernels, index, noBarrier)
    },
  }
}

/** Tasks that run one after the other have nothing to wait for. */
export function noBarrier(): void {}

/** How many tasks work of this size is worth, at most `most`; requests threads if it is worth several. */
export function taskCount(executor: Executor, work: number, most: number): number {
  if (work < parallelism.minWork || most < 2) return 1
  executor.request()
  return Math.min(executor.size, most)
}

/** Divides 0..count at multiples of `alignment` into equal ranges and runs `body` on each. */
export function parallelFor(
  executor: Executor,
  count: number,
  alignment: number,
  work: number,
  body: (kernels: Kernels, from: number, to: number) => void,
): void {
  const units = Math.ceil(count / alignment)
  const tasks = taskCount(executor, work, units)
  const edge = (index: number) => Math.min(count, Math.round((units * index) / tasks) * alignment)
  executor.run(tasks, (kernels, index) => {
    const [from, to] = [edge(index), edge(index + 1)]
    if (to > from) body(kernels, from, to)
  })
}
