/**
 * What a worker runs: it waits for recorded commands, makes their kernel calls in order, and waits again.
 * `workerMain` is started from its own source text, so it names nothing outside itself.
 */

/** Where the control words lie in shared memory. */
export interface ControlLayout {
  /** Shared by all: arrivals at a barrier, and whether anyone sleeps there. */
  arrivals: number
  barrierSleepers: number
  /** Written by the leader: event (incremented last), messages sent, job number, engine, commands, tasks. */
  event: number
  messages: number
  job: number
  engine: number
  commands: number
  tasks: number
  /** Whether the leader sleeps until this job is done. */
  leaderSleeps: number
  /** Written by the worker. */
  done: number
  asleep: number
  progress: number
  /** Messages received. */
  received: number
  /** 1 + the code of the kernel in which it failed, or 0. */
  failed: number
}

export type WorkerMessage =
  | {
      type: 'init'
      control: Int32Array
      commands: Float64Array
      layout: ControlLayout
      /** Code of the barrier, numbers per command, and turns of a loop before a thread sleeps. */
      barrier: number
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
  | { type: 'detach'; id: number }

export type WorkerReply = { type: 'attached'; id: number }

/** A worker's connection to the thread that started it. */
export interface WorkerPort {
  listen(read: (message: WorkerMessage) => void): void
  reply(reply: WorkerReply): void
}

export function workerMain(port: WorkerPort): void {
  type Call = (...args: number[]) => void
  const engines = new Map<number, Call[]>()
  let control!: Int32Array
  let commands!: Float64Array
  let layout!: ControlLayout
  let [barrier, slots, spins, received, done, call] = [0, 0, 0, 0, 0, 0]

  port.listen((message) => {
    received++
    if (message.type === 'init') {
      ;({ control, commands, layout, barrier, slots, spins } = message)
    } else if (message.type === 'attach') {
      const { exports } = new WebAssembly.Instance(message.module, { env: { memory: message.memory } })
      engines.set(
        message.id,
        message.kernels.map((name) => exports[name] as Call),
      )
      port.reply({ type: 'attached', id: message.id })
    } else engines.delete(message.id)
    Atomics.store(control, layout.received, received)
    Atomics.notify(control, layout.received)
    serve()
  })

  /** Works until a message has come, which only the event loop can read. */
  function serve(): void {
    for (;;) {
      const seen = Atomics.load(control, layout.event)
      if (Atomics.load(control, layout.messages) !== received) return
      const job = Atomics.load(control, layout.job)
      if (job === done) idle(seen)
      else work(job)
    }
  }

  function work(job: number): void {
    try {
      replay()
    } catch {
      control[layout.failed] = 1 + call
    }
    done = job
    Atomics.store(control, layout.done, job)
    if (Atomics.load(control, layout.leaderSleeps)) Atomics.notify(control, layout.done)
  }

  /** Spins a little, because work often follows work; then sleeps, because an idle process uses no processor. */
  function idle(seen: number): void {
    for (let i = 0; i < spins; i++) if (Atomics.load(control, layout.event) !== seen) return
    Atomics.store(control, layout.asleep, 1)
    Atomics.wait(control, layout.event, seen)
    Atomics.store(control, layout.asleep, 0)
  }

  function replay(): void {
    const calls = engines.get(control[layout.engine])!
    const end = control[layout.commands] * slots
    const p = commands
    let barriers = 0
    for (let i = 0; i < end; i += slots) {
      call = p[i]
      if (call === barrier) waitForAll(++barriers * control[layout.tasks])
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
      control[layout.progress]++
    }
  }

  function waitForAll(all: number): void {
    const { arrivals, barrierSleepers } = layout
    if (Atomics.add(control, arrivals, 1) + 1 >= all) {
      if (Atomics.load(control, barrierSleepers)) Atomics.notify(control, arrivals)
      return
    }
    for (let i = 0; i < spins; i++) if (Atomics.load(control, arrivals) >= all) return
    Atomics.add(control, barrierSleepers, 1)
    for (let now = 0; (now = Atomics.load(control, arrivals)) < all;) Atomics.wait(control, arrivals, now, 1)
    Atomics.sub(control, barrierSleepers, 1)
  }
}
