/**
 * An engine's thread pool: rows, panels or ranges go to workers as recorded kernel calls, and this thread does task
 * 0. Until workers are running, and where they cannot run, this thread does everything: the bits are the same. So
 * the worker pool is loaded when work first requests threads, and a page need not load it earlier.
 */
import { host } from '../host.ts'
import type { Kernels } from '../kernels.ts'
import { lostError, MAX_THREADS, noBarrier, parallelism, type Executor, type Task } from './executor.ts'
import type { Attachment, PoolClient, PoolContext, WorkerPool } from './workerPool.ts'

/** How long workers may take to start, in milliseconds. */
const START_TIMEOUT_MS = 20_000

let engines = 0

const context: PoolContext = { host, parallelism, lostError, maxThreads: MAX_THREADS }

let pool: (() => WorkerPool) | null = null

/** Provides the worker pool in advance, as on Node, where workers may have to start at once. */
export function useWorkerPool(given: (context: PoolContext) => WorkerPool): () => WorkerPool {
  return (pool = () => given(context))
}

/** Unregisters engines that were collected; some hosts do not report them. */
const collected =
  typeof FinalizationRegistry === 'undefined'
    ? null
    : new FinalizationRegistry<number>((id) => pool?.().unregister(id))

export class ThreadPool implements Executor, PoolClient {
  size = 1
  /** Why work runs on one thread after all, or null. */
  note: string | null = null
  readonly attachment: Attachment
  readonly helpers: number
  readonly #kernels: Kernels
  #requested = false
  #ready = 0
  #lost: string | null = null
  #waiting: (() => void)[] = []

  constructor(threads: number, kernels: Kernels, module: WebAssembly.Module, memory: WebAssembly.Memory) {
    this.helpers = threads - 1
    this.#kernels = kernels
    this.attachment = { id: ++engines, module, memory }
    collected?.register(this, this.attachment.id)
  }

  request(): void {
    if (this.#requested) return
    this.#requested = true
    if (pool) return this.#register(pool)
    import('./workerPool.ts').then((loaded) => this.#register(useWorkerPool(loaded.workerPool)), this.#fail)
  }

  #register(from: () => WorkerPool): void {
    // The engine may have been disposed of while the worker pool was loading.
    if (this.note) return
    try {
      from().register(this, parallelism.eager)
    } catch (error) {
      this.#fail(error)
    }
  }

  readonly #fail = (error: unknown): void => {
    this.#resolveReady(`workers could not be started: ${(error as Error).message}`)
  }

  attached(): void {
    if (++this.#ready !== this.helpers) return
    this.size = this.helpers + 1
    this.#resolveReady(null)
  }

  lost(why: string | null): void {
    const running = this.size > 1
    this.size = 1
    this.#ready = 0
    if (why === null) {
      this.#requested = false
      if (this.#waiting.length > 0) this.request()
      return
    }
    if (running) this.#lost = why
    this.#resolveReady(why)
  }

  #resolveReady(note: string | null): void {
    this.note = note
    for (const resolve of this.#waiting.splice(0)) resolve()
  }

  async ready(): Promise<void> {
    if (!this.#requested || this.size > 1 || this.note) return
    // Only Node ends a process that waits, and there the pool is provided in advance.
    const workers = pool?.()
    workers?.stayAlive(1)
    const timer = setTimeout(() => this.#resolveReady('workers did not start'), START_TIMEOUT_MS)
    await new Promise<void>((resolve) => this.#waiting.push(resolve))
    clearTimeout(timer)
    workers?.stayAlive(-1)
  }

  close(): void {
    this.size = 1
    this.#requested = true
    this.#resolveReady('the engine was disposed of')
    pool?.().unregister(this.attachment.id)
    collected?.unregister(this)
  }

  /** @throws WorkerError once after a worker was lost */
  run(count: number, task: Task): void {
    if (this.#lost) {
      const why = this.#lost
      this.#lost = null
      throw lostError(why)
    }
    if (count <= 1 || this.size === 1) {
      for (let index = 0; index < count; index++) task(this.#kernels, index, noBarrier)
      return
    }
    const workers = pool!()
    for (let index = 1; index < count; index++) {
      const commands = workers.commandBuffer(index)
      commands.clear()
      task(commands.kernels, index, commands.barrier)
    }
    workers.start(this.attachment.id, count)
    try {
      this.#lead(workers, count, task)
    } catch (error) {
      // Reported here and now, and not again at the next run.
      this.#lost = null
      throw error
    }
  }

  /** Task 0; whatever happens to it, the other tasks are waited for. */
  #lead(workers: WorkerPool, count: number, task: Task): void {
    let complete = false
    try {
      task(this.#kernels, 0, workers.barrier)
      complete = true
    } finally {
      // An error of this task is the one to report, not its consequences in the others.
      if (complete) workers.join(count)
      else workers.shutDown('this thread failed in its task')
    }
  }
}
