/**
 * What a worker runs: it waits for a recorded program, makes its kernel calls in order, and waits again.
 * `workerMain` is started from its own text, so it names nothing outside itself.
 */

/** Where things stand in the control words. */
export interface Places {
  /** Shared by all: arrivals at a meeting, and whether anyone sleeps there. */
  arrivals: number
  meetingSleepers: number
  /** Written by whoever leads: event (bumped last), letters sent, job number, engine, commands, parts. */
  event: number
  letters: number
  job: number
  engine: number
  commands: number
  parts: number
  /** Whether the leader sleeps until this job is done. */
  leaderSleeps: number
  /** Written by the worker. */
  done: number
  asleep: number
  progress: number
  /** Letters read. */
  read: number
  /** 1 + the code of the kernel in which it failed, or 0. */
  failed: number
}

export type WorkerLetter =
  | {
      type: 'hello'
      control: Int32Array
      program: Float64Array
      places: Places
      sync: number
      slots: number
      spins: number
    }
  | {
      type: 'attach'
      id: number
      module: WebAssembly.Module
      memory: WebAssembly.Memory
      kernels: readonly string[]
    }
  | { type: 'drop'; id: number }

export type WorkerReply = { type: 'attached'; id: number }

/** A worker's line to whoever started it. */
export interface WorkerPort {
  listen(read: (letter: WorkerLetter) => void): void
  reply(reply: WorkerReply): void
}

export function workerMain(port: WorkerPort): void {
  type Call = (...args: number[]) => void
  const engines = new Map<number, Call[]>()
  let control!: Int32Array
  let program!: Float64Array
  let places!: Places
  let [sync, slots, spins, received, done, call] = [0, 0, 0, 0, 0, 0]

  port.listen((letter) => {
    received++
    if (letter.type === 'hello') {
      ;({ control, program, places, sync, slots, spins } = letter)
    } else if (letter.type === 'attach') {
      const { exports } = new WebAssembly.Instance(letter.module, { env: { memory: letter.memory } })
      engines.set(
        letter.id,
        letter.kernels.map((name) => exports[name] as Call),
      )
      port.reply({ type: 'attached', id: letter.id })
    } else engines.delete(letter.id)
    Atomics.store(control, places.read, received)
    Atomics.notify(control, places.read)
    serve()
  })

  /** Works until a letter has come, which only the event loop can read. */
  function serve(): void {
    for (;;) {
      const seen = Atomics.load(control, places.event)
      if (Atomics.load(control, places.letters) !== received) return
      const job = Atomics.load(control, places.job)
      if (job === done) rest(seen)
      else work(job)
    }
  }

  function work(job: number): void {
    try {
      perform()
    } catch {
      control[places.failed] = 1 + call
    }
    done = job
    Atomics.store(control, places.done, job)
    if (Atomics.load(control, places.leaderSleeps)) Atomics.notify(control, places.done)
  }

  /** Spins a little, because work often follows work; then sleeps, because an idle program uses no processor. */
  function rest(seen: number): void {
    for (let i = 0; i < spins; i++) if (Atomics.load(control, places.event) !== seen) return
    Atomics.store(control, places.asleep, 1)
    Atomics.wait(control, places.event, seen)
    Atomics.store(control, places.asleep, 0)
  }

  function perform(): void {
    const calls = engines.get(control[places.engine])!
    const end = control[places.commands] * slots
    const p = program
    let meetings = 0
    for (let i = 0; i < end; i += slots) {
      call = p[i]
      if (call === sync) meet(++meetings * control[places.parts])
      else
        calls[call](
          p[i + 1],
          p[i + 2],
          p[i + 3],
          p[i + 4],
          p[i + 5],
          p[i + 6],
          p[i + 7],
          p[i + 8],
          p[i + 9],
          p[i + 10],
          p[i + 11],
          p[i + 12],
          p[i + 13],
          p[i + 14],
          p[i + 15],
        )
      control[places.progress]++
    }
  }

  function meet(all: number): void {
    const { arrivals, meetingSleepers } = places
    if (Atomics.add(control, arrivals, 1) + 1 >= all) {
      if (Atomics.load(control, meetingSleepers)) Atomics.notify(control, arrivals)
      return
    }
    for (let i = 0; i < spins; i++) if (Atomics.load(control, arrivals) >= all) return
    Atomics.add(control, meetingSleepers, 1)
    for (let now = 0; (now = Atomics.load(control, arrivals)) < all;) Atomics.wait(control, arrivals, now, 1)
    Atomics.sub(control, meetingSleepers, 1)
  }
}
