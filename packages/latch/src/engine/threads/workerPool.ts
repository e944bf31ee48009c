/**
 * The worker pool of this thread, shared by all its engines: workers start when work requests them, receive each
 * engine's module and memory in a message, and are replaced now and then, because a sleeping worker never collects
 * its garbage.
 */
import type { Host, HostWorker } from '../host.ts'
import { CAPACITY, CommandBuffer, RECORDED_KERNELS, SLOTS, BARRIER } from './commandBuffer.ts'
import type { lostError, parallelism } from './executor.ts'
import { workerMain, type ControlLayout, type WorkerMessage, type WorkerReply } from './worker.ts'

/** What a worker needs to compute with an engine. */
export interface Attachment {
  readonly id: number
  readonly module: WebAssembly.Module
  readonly memory: WebAssembly.Memory
}

/** An engine as the pool sees it. */
export interface PoolClient {
  readonly attachment: Attachment
  readonly helpers: number
  /** One more worker has the engine's module and memory. */
  attached(): void
  /** The workers are gone; `why` is null where new ones are being started. */
  lost(why: string | null): void
}

// Control words: a header, then for each worker a cache line written by the leader and one by the worker.
const HEADER = 32
const BLOCK = 64
const LINE = 32
/** About a tenth of a millisecond. */
const SPINS = 5_000
/** Engines unregistered before workers are replaced. */
const MAX_UNREGISTERED = 16
/** How long a thread sleeps before it checks for progress. */
const POLL_MS = 100

interface PoolWorker {
  readonly worker: HostWorker
  readonly commands: CommandBuffer
  readonly layout: ControlLayout
}

/** What the pool depends on: passed in by its callers, so that the pool loads as one chunk. */
export interface PoolContext {
  readonly host: () => Host
  readonly parallelism: typeof parallelism
  readonly lostError: typeof lostError
  readonly maxThreads: number
}

export class WorkerPool {
  readonly #context: PoolContext
  readonly #workers: PoolWorker[] = []
  readonly #engines = new Map<number, WeakRef<PoolClient>>()
  readonly #control: Int32Array
  #unregistered = 0
  #job = 0
  #barriers = 0
  #tasks = 1
  #alive = 0

  constructor(context: PoolContext) {
    this.#context = context
    const words = HEADER + context.maxThreads * BLOCK
    this.#control = new Int32Array(new SharedArrayBuffer(words * 4))
  }

  /** Attaches an engine to as many workers as it needs; each replies, with `now` before this returns. */
  register(engine: PoolClient, now: boolean): void {
    const { attachment, helpers } = engine
    this.#engines.set(attachment.id, new WeakRef(engine))
    while (this.#workers.length < helpers) this.#workers.push(this.#start(this.#workers.length))
    for (const { worker, layout } of this.#workers.slice(0, helpers)) {
      this.#send(worker, layout, { type: 'attach', ...attachment, kernels: RECORDED_KERNELS })
    }
    if (!now) return
    for (const { layout } of this.#workers.slice(0, helpers)) {
      const sent = this.#control[layout.messages]
      this.#await(layout.received, (read) => read >= sent, layout.leaderSleeps)
      engine.attached()
    }
  }

  /** Detaches an engine from all workers. */
  unregister(id: number): void {
    if (!this.#engines.delete(id)) return
    if (++this.#unregistered >= MAX_UNREGISTERED) return this.shutDown(null)
    for (const { worker, layout } of this.#workers) this.#send(worker, layout, { type: 'detach', id })
  }

  /** Whether the process stays alive for replies still to come; calls are counted. */
  stayAlive(change: 1 | -1): void {
    this.#alive += change
    for (const { worker } of this.#workers) worker.keepAlive(this.#alive > 0)
  }

  /** The command buffer of task `index` ≥ 1 of the next job. */
  commandBuffer(index: number): CommandBuffer {
    return this.#workers[index - 1].commands
  }

  /** Starts a job whose commands are recorded. */
  start(engine: number, tasks: number): void {
    this.#job = (this.#job + 1) | 0
    this.#barriers = 0
    this.#tasks = tasks
    Atomics.store(this.#control, 0, 0)
    for (let index = 1; index < tasks; index++) {
      const { layout, commands } = this.#workers[index - 1]
      this.#control[layout.engine] = engine
      this.#control[layout.commands] = commands.length
      this.#control[layout.tasks] = tasks
      Atomics.store(this.#control, layout.job, this.#job)
      this.#wake(layout)
    }
  }

  /** Waits until every worker of this job is done. @throws WorkerError if one failed or stopped */
  join(tasks: number): void {
    for (const [index, { layout }] of this.#workers.slice(0, tasks - 1).entries()) {
      this.#await(layout.done, (done) => done === this.#job, layout.leaderSleeps)
      if (this.#control[layout.failed]) this.#failIn(index + 1)
    }
  }

  /** Waits until the other tasks have reached the same barrier. */
  readonly barrier = (): void => {
    const all = ++this.#barriers * this.#tasks
    const [arrivals, sleepers] = [0, 1]
    if (Atomics.add(this.#control, arrivals, 1) + 1 >= all) {
      if (Atomics.load(this.#control, sleepers)) Atomics.notify(this.#control, arrivals)
    } else this.#await(arrivals, (count) => count >= all, sleepers)
  }

  /** Spins, then sleeps where this thread may, until a word has the value it should, or progress has stopped. */
  #await(word: number, fits: (value: number) => boolean, sleeps: number): void {
    const control = this.#control
    for (let i = 0; i < SPINS; i++) if (fits(Atomics.load(control, word))) return
    Atomics.add(control, sleeps, 1)
    let [stalledMs, before] = [0, this.#progress()]
    for (let value = Atomics.load(control, word); !fits(value); value = Atomics.load(control, word)) {
      pauseUntil(control, word, value)
      // A worker that failed reaches no barrier.
      const failed = this.#workers.findIndex(({ layout }) => Atomics.load(control, layout.failed))
      if (failed >= 0) this.#failIn(failed + 1)
      const now = this.#progress()
      stalledMs = now === before ? stalledMs + POLL_MS : 0
      before = now
      const { stallTimeoutMs } = this.#context.parallelism
      if (stalledMs > stallTimeoutMs)
        this.#fail(`no worker made progress for ${stallTimeoutMs / 1000} seconds`)
    }
    Atomics.sub(control, sleeps, 1)
  }

  #progress(): number {
    return this.#workers.reduce(
      (sum, { layout }) => (sum + Atomics.load(this.#control, layout.progress)) | 0,
      0,
    )
  }

  #start(index: number): PoolWorker {
    const layout = layoutOf(index)
    this.#control.fill(0, layout.event, layout.event + BLOCK)
    const numbers = new Float64Array(new SharedArrayBuffer(CAPACITY * SLOTS * 8))
    const worker = this.#context.host().spawn(workerMain.toString(), {
      message: (reply) => this.#read(reply as WorkerReply),
      exit: (why) => {
        if (this.#workers.some((member) => member.worker === worker))
          this.shutDown(`a worker stopped: ${why}`)
      },
    })
    worker.keepAlive(this.#alive > 0)
    const control = this.#control
    const init = { control, commands: numbers, layout, barrier: BARRIER, slots: SLOTS, spins: SPINS }
    this.#send(worker, layout, { type: 'init', ...init })
    return { worker, commands: new CommandBuffer(numbers), layout }
  }

  #read(reply: WorkerReply): void {
    this.#engines.get(reply.id)?.deref()?.attached()
  }

  #send(worker: HostWorker, layout: ControlLayout, message: WorkerMessage): void {
    // Counted before it is sent, or a quick worker would have received more messages than were sent.
    Atomics.add(this.#control, layout.messages, 1)
    worker.post(message)
    this.#wake(layout)
  }

  #wake({ event, asleep }: ControlLayout): void {
    Atomics.add(this.#control, event, 1)
    if (Atomics.load(this.#control, asleep)) Atomics.notify(this.#control, event)
  }

  #failIn(index: number): never {
    const code = this.#control[this.#workers[index - 1].layout.failed] - 1
    this.#fail(`worker ${index} failed in kernel ${RECORDED_KERNELS[code] ?? code}`)
  }

  #fail(why: string): never {
    this.shutDown(why)
    throw this.#context.lostError(why)
  }

  /** Ends all workers; engines compute on their own thread from here on. */
  shutDown(why: string | null): void {
    const engines = [...this.#engines.values()]
    for (const { worker } of this.#workers.splice(0)) worker.terminate()
    this.#engines.clear()
    this.#control.fill(0)
    this.#unregistered = 0
    for (const engine of engines) engine.deref()?.lost(why)
  }
}

function layoutOf(index: number): ControlLayout {
  const leader = HEADER + index * BLOCK
  const worker = leader + LINE
  return {
    arrivals: 0,
    barrierSleepers: 1,
    event: leader,
    messages: leader + 1,
    job: leader + 2,
    engine: leader + 3,
    commands: leader + 4,
    tasks: leader + 5,
    leaderSleeps: leader + 6,
    done: worker,
    asleep: worker + 1,
    progress: worker + 2,
    failed: worker + 3,
    received: worker + 4,
  }
}

/** About LOOK milliseconds, or less if the word changes. A page's main thread may not sleep: it spins. */
function pauseUntil(control: Int32Array, word: number, value: number): void {
  if (maySleep()) {
    Atomics.wait(control, word, value, POLL_MS)
    return
  }
  const end = performance.now() + POLL_MS
  while (performance.now() < end) {
    for (let i = 0; i < 1000; i++) if (Atomics.load(control, word) !== value) return
  }
}

let sleeps: boolean | undefined

function maySleep(): boolean {
  if (sleeps !== undefined) return sleeps
  try {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 0)
    sleeps = true
  } catch {
    sleeps = false
  }
  return sleeps
}

let shared: WorkerPool | undefined

export function workerPool(context: PoolContext): WorkerPool {
  return (shared ??= new WorkerPool(context))
}
