/**
 * An engine's team of threads: rows, panels or ranges go to workers as recorded kernel calls, part 0 is
 * done here. Until workers are running, and where they cannot, this thread does everything: the bits
 * are the same. So their code may come when work first asks for it, and a page need not load it before.
 */
import type { Attachment, Crew, Crewed } from './workerPool.ts'
import type { Kernels } from '../kernels.ts'
import { lostError, sharing, type Part, type Team } from './threadPool.ts'

/** How long workers may take to start, in milliseconds. */
const START_LIMIT = 20_000

let engines = 0

let crew: (() => Crew) | null = null

/** Gives engines their crew beforehand, as Node does, where workers may have to start at once. */
export function useCrew(given: () => Crew): void {
  crew = given
}

/** Tells the crew when an engine was collected. */
const collected = new FinalizationRegistry<number>((id) => crew?.().drop(id))

export class ThreadTeam implements Team, Crewed {
  size = 1
  /** Why work runs on one thread after all, or null. */
  note: string | null = null
  readonly attachment: Attachment
  readonly helpers: number
  readonly #kernels: Kernels
  #wanted = false
  #ready = 0
  #lost: string | null = null
  #waiting: (() => void)[] = []

  constructor(threads: number, kernels: Kernels, module: WebAssembly.Module, memory: WebAssembly.Memory) {
    this.helpers = threads - 1
    this.#kernels = kernels
    this.attachment = { id: ++engines, module, memory }
    collected.register(this, this.attachment.id)
  }

  want(): void {
    if (this.#wanted) return
    this.#wanted = true
    if (crew) this.#enlist(crew)
    else import('./workerPool.ts').then((fetched) => this.#enlist((crew = fetched.crew)), this.#refuse)
  }

  #enlist(from: () => Crew): void {
    // It may have been disposed of while the crew was fetched.
    if (this.note) return
    try {
      from().enlist(this, sharing.startAtOnce)
    } catch (error) {
      this.#refuse(error)
    }
  }

  readonly #refuse = (error: unknown): void => {
    this.#settle(`workers could not be started: ${(error as Error).message}`)
  }

  attached(): void {
    if (++this.#ready !== this.helpers) return
    this.size = this.helpers + 1
    this.#settle(null)
  }

  lost(why: string | null): void {
    const running = this.size > 1
    this.size = 1
    this.#ready = 0
    if (why === null) {
      this.#wanted = false
      if (this.#waiting.length > 0) this.want()
      return
    }
    if (running) this.#lost = why
    this.#settle(why)
  }

  #settle(note: string | null): void {
    this.note = note
    for (const resolve of this.#waiting.splice(0)) resolve()
  }

  async ready(): Promise<void> {
    if (!this.#wanted || this.size > 1 || this.note) return
    // Only Node keeps programs alive, and there the crew is at hand.
    const keeper = crew?.()
    keeper?.stayAlive(1)
    const timer = setTimeout(() => this.#settle('workers did not start'), START_LIMIT)
    await new Promise<void>((resolve) => this.#waiting.push(resolve))
    clearTimeout(timer)
    keeper?.stayAlive(-1)
  }

  leave(): void {
    this.size = 1
    this.#wanted = true
    this.#settle('the engine was disposed of')
    crew?.().drop(this.attachment.id)
    collected.unregister(this)
  }

  /** @throws WorkerError once after a worker was lost */
  run(parts: number, body: Part): void {
    if (this.#lost) {
      const why = this.#lost
      this.#lost = null
      throw lostError(why)
    }
    if (parts <= 1 || this.size === 1) {
      for (let part = 0; part < parts; part++) body(this.#kernels, part, alone)
      return
    }
    const workers = crew!()
    for (let part = 1; part < parts; part++) {
      const program = workers.program(part)
      program.clear()
      body(program.kernels, part, program.sync)
    }
    workers.begin(this.attachment.id, parts)
    try {
      this.#lead(workers, parts, body)
    } catch (error) {
      // Told here and now, not once more at the next run.
      this.#lost = null
      throw error
    }
  }

  /** Part 0; whatever happens to it, the other parts are waited for. */
  #lead(workers: Crew, parts: number, body: Part): void {
    let complete = false
    try {
      body(this.#kernels, 0, workers.meet)
      complete = true
    } finally {
      // An error of this part is the one to tell, not what it did to the others.
      if (complete) workers.join(parts)
      else workers.abandon('this thread failed in its part')
    }
  }
}

function alone(): void {}
