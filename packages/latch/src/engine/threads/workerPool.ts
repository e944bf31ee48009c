/**
 * The workers of this thread, shared by all its engines: started when work asks for them, told of each
 * engine's memory, and replaced now and then, because a sleeping worker never collects its garbage.
 */
import { host, type HostWorker } from '../host.ts'
import { CAPACITY, Program, RECORDED, SLOTS, SYNC } from './commandBuffer.ts'
import { lostError, MOST_THREADS, sharing } from './threadPool.ts'
import { workerMain, type Places, type WorkerLetter, type WorkerReply } from './worker.ts'

/** What a worker needs to compute with an engine. */
export interface Attachment {
  readonly id: number
  readonly module: WebAssembly.Module
  readonly memory: WebAssembly.Memory
}

/** An engine's side of it. */
export interface Crewed {
  readonly attachment: Attachment
  readonly helpers: number
  /** One more worker knows the engine. */
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
/** Engines dropped before workers are replaced. */
const WORN = 16
/** How long a thread sleeps before it looks whether anything moved. */
const LOOK = 100

interface Member {
  readonly worker: HostWorker
  readonly program: Program
  readonly places: Places
}

export class Crew {
  readonly #members: Member[] = []
  readonly #engines = new Map<number, WeakRef<Crewed>>()
  readonly #control: Int32Array
  #dropped = 0
  #job = 0
  #meetings = 0
  #parts = 1
  #alive = 0

  constructor(most: number) {
    this.#control = new Int32Array(new SharedArrayBuffer((HEADER + most * BLOCK) * 4))
  }

  /** Tells enough workers about an engine; each answers by `attached`, `now`: before this returns. */
  enlist(engine: Crewed, now: boolean): void {
    const { attachment, helpers } = engine
    this.#engines.set(attachment.id, new WeakRef(engine))
    while (this.#members.length < helpers) this.#members.push(this.#start(this.#members.length))
    for (const { worker, places } of this.#members.slice(0, helpers)) {
      this.#send(worker, places, { type: 'attach', ...attachment, kernels: RECORDED })
    }
    if (!now) return
    for (const { places } of this.#members.slice(0, helpers)) {
      const sent = this.#control[places.letters]
      this.#await(places.read, (read) => read >= sent, places.leaderSleeps)
      engine.attached()
    }
  }

  /** Forgets an engine. */
  drop(id: number): void {
    if (!this.#engines.delete(id)) return
    if (++this.#dropped >= WORN) return this.#renew()
    for (const { worker, places } of this.#members) this.#send(worker, places, { type: 'drop', id })
  }

  /** Whether the program stays up for answers still to come; counted. */
  stayAlive(change: 1 | -1): void {
    this.#alive += change
    for (const { worker } of this.#members) worker.keepAlive(this.#alive > 0)
  }

  /** The recorder of part `part` ≥ 1 of the next job. */
  program(part: number): Program {
    return this.#members[part - 1].program
  }

  begin(engine: number, parts: number): void {
    this.#job = (this.#job + 1) | 0
    this.#meetings = 0
    this.#parts = parts
    Atomics.store(this.#control, 0, 0)
    for (let part = 1; part < parts; part++) {
      const { places, program } = this.#members[part - 1]
      this.#control[places.engine] = engine
      this.#control[places.commands] = program.commands
      this.#control[places.parts] = parts
      Atomics.store(this.#control, places.job, this.#job)
      this.#wake(places)
    }
  }

  /** Waits until every worker of this job is done. @throws WorkerError if one is not going to be */
  join(parts: number): void {
    for (const [index, { places }] of this.#members.slice(0, parts - 1).entries()) {
      const part = index + 1
      this.#await(places.done, (done) => done === this.#job, places.leaderSleeps)
      if (this.#control[places.failed]) this.#failIn(part)
    }
  }

  /** Waits for the other parts to come as far. */
  readonly meet = (): void => {
    const all = ++this.#meetings * this.#parts
    const [arrivals, sleepers] = [0, 1]
    if (Atomics.add(this.#control, arrivals, 1) + 1 >= all) {
      if (Atomics.load(this.#control, sleepers)) Atomics.notify(this.#control, arrivals)
    } else this.#await(arrivals, (count) => count >= all, sleepers)
  }

  /** Spins, then sleeps where this thread may, until a word is as wanted or nothing has moved for long. */
  #await(word: number, fits: (value: number) => boolean, sleeps: number): void {
    const control = this.#control
    for (let i = 0; i < SPINS; i++) if (fits(Atomics.load(control, word))) return
    Atomics.add(control, sleeps, 1)
    let [still, before] = [0, this.#progress()]
    for (let value = Atomics.load(control, word); !fits(value); value = Atomics.load(control, word)) {
      pauseUntil(control, word, value)
      // Who failed comes to no meeting.
      const failed = this.#members.findIndex(({ places }) => Atomics.load(control, places.failed))
      if (failed >= 0) this.#failIn(failed + 1)
      const now = this.#progress()
      still = now === before ? still + LOOK : 0
      before = now
      if (still > sharing.patience)
        this.#fail(`no worker made progress for ${sharing.patience / 1000} seconds`)
    }
    Atomics.sub(control, sleeps, 1)
  }

  #progress(): number {
    return this.#members.reduce(
      (sum, { places }) => (sum + Atomics.load(this.#control, places.progress)) | 0,
      0,
    )
  }

  #start(index: number): Member {
    const places = placesOf(index)
    this.#control.fill(0, places.event, places.event + BLOCK)
    const numbers = new Float64Array(new SharedArrayBuffer(CAPACITY * SLOTS * 8))
    const worker = host().spawn(workerMain.toString(), {
      message: (reply) => this.#read(reply as WorkerReply),
      death: (why) => {
        if (this.#members.some((member) => member.worker === worker)) this.abandon(`a worker is gone: ${why}`)
      },
    })
    worker.keepAlive(this.#alive > 0)
    const control = this.#control
    const hello = { control, program: numbers, places, sync: SYNC, slots: SLOTS, spins: SPINS }
    this.#send(worker, places, { type: 'hello', ...hello })
    return { worker, program: new Program(numbers), places }
  }

  #read(reply: WorkerReply): void {
    this.#engines.get(reply.id)?.deref()?.attached()
  }

  #send(worker: HostWorker, places: Places, letter: WorkerLetter): void {
    // Counted before it is sent, or a quick reader would have read more letters than there are.
    Atomics.add(this.#control, places.letters, 1)
    worker.post(letter)
    this.#wake(places)
  }

  #wake({ event, asleep }: Places): void {
    Atomics.add(this.#control, event, 1)
    if (Atomics.load(this.#control, asleep)) Atomics.notify(this.#control, event)
  }

  #failIn(part: number): never {
    const code = this.#control[this.#members[part - 1].places.failed] - 1
    this.#fail(`worker ${part} failed in kernel ${RECORDED[code] ?? code}`)
  }

  #fail(why: string): never {
    this.abandon(why)
    throw lostError(why)
  }

  /** Ends all workers; engines compute alone from here on. */
  abandon(why: string | null): void {
    const engines = [...this.#engines.values()]
    for (const { worker } of this.#members.splice(0)) worker.terminate()
    this.#engines.clear()
    this.#control.fill(0)
    this.#dropped = 0
    for (const engine of engines) engine.deref()?.lost(why)
  }

  /** New workers for the engines that are still in use. */
  #renew(): void {
    this.abandon(null)
  }
}

function placesOf(index: number): Places {
  const leader = HEADER + index * BLOCK
  const worker = leader + LINE
  return {
    arrivals: 0,
    meetingSleepers: 1,
    event: leader,
    letters: leader + 1,
    job: leader + 2,
    engine: leader + 3,
    commands: leader + 4,
    parts: leader + 5,
    leaderSleeps: leader + 6,
    done: worker,
    asleep: worker + 1,
    progress: worker + 2,
    failed: worker + 3,
    read: worker + 4,
  }
}

/** About LOOK milliseconds, or less if the word changes. A page's main thread may not sleep: it spins. */
function pauseUntil(control: Int32Array, word: number, value: number): void {
  if (maySleep()) {
    Atomics.wait(control, word, value, LOOK)
    return
  }
  const end = performance.now() + LOOK
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

let shared: Crew | undefined

export function crew(): Crew {
  return (shared ??= new Crew(MOST_THREADS))
}
