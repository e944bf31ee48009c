/**
 * Calls across a worker's border: a worker serves an object's methods, a page calls them by name. Values
 * are structured clones; an error keeps the library's parts; a call may tell events while it runs.
 */
import type { Fix } from 'latch'

/** An error of a worker, as data. */
export interface RemoteError {
  name: string
  message: string
  where?: string
  expected?: string
  got?: string
  remedy?: string
  fixes?: readonly Fix[]
}

/** What the page throws when a call failed in the worker: the library's own words. */
export class CallError extends Error {
  readonly facts: RemoteError

  constructor(facts: RemoteError) {
    super(facts.message)
    this.name = facts.name
    this.facts = facts
  }
}

type Request = { call: number; method: string; args: unknown[] }
type Reply =
  { call: number; value: unknown } | { call: number; error: RemoteError } | { call: number; event: unknown }

/** Methods that a worker serves: arguments, then a function that tells events. */
export type Served = Record<string, (tell: (event: never) => void, ...args: never[]) => unknown>

interface Port {
  postMessage(message: unknown): void
  addEventListener(type: 'message', listener: (event: MessageEvent) => void): void
}

/** Worker's side. */
export function serve(methods: Served, port: Port = globalThis as unknown as Port): void {
  port.addEventListener('message', async ({ data }: MessageEvent<Request>) => {
    const { call, method, args } = data
    const answer = (reply: object): void => port.postMessage({ call, ...reply })
    try {
      const run = methods[method]
      if (!run) throw new Error(`the worker has no method ${method}`)
      answer({ value: await run((event) => answer({ event }), ...(args as never[])) })
    } catch (error) {
      answer({ error: factsOf(error) })
    }
  })
}

function factsOf(error: unknown): RemoteError {
  if (!(error instanceof Error)) return { name: 'Error', message: String(error) }
  const { name, message, where, expected, got, remedy, fixes } = error as Error & Partial<RemoteError>
  return { name, message, where, expected, got, remedy, fixes }
}

/** Page's side of one worker. */
export class Remote {
  readonly #worker: Worker
  readonly #waiting = new Map<
    number,
    { resolve(value: unknown): void; reject(error: Error): void; tell?: (event: never) => void }
  >()
  #next = 0
  #dead: Error | null = null

  constructor(worker: Worker) {
    this.#worker = worker
    worker.addEventListener('message', ({ data }: MessageEvent<Reply>) => this.#take(data))
    worker.addEventListener('error', (event) => {
      event.preventDefault()
      this.#end(new Error(event.message || 'the worker could not start'))
    })
  }

  /** Calls a method; `tell` hears its events. */
  call<T>(method: string, args: unknown[] = [], tell?: (event: never) => void): Promise<T> {
    if (this.#dead) return Promise.reject(this.#dead)
    const call = this.#next++
    return new Promise<T>((resolve, reject) => {
      this.#waiting.set(call, { resolve: resolve as (value: unknown) => void, reject, tell })
      // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a worker has no origin
      this.#worker.postMessage({ call, method, args })
    })
  }

  /** Ends the worker at once, whatever it does. */
  close(): void {
    this.#worker.terminate()
    this.#end(new Error('closed'))
  }

  #take(reply: Reply): void {
    const waiting = this.#waiting.get(reply.call)
    if (!waiting) return
    if ('event' in reply) {
      waiting.tell?.(reply.event as never)
      return
    }
    this.#waiting.delete(reply.call)
    if ('error' in reply) waiting.reject(new CallError(reply.error))
    else waiting.resolve(reply.value)
  }

  #end(error: Error): void {
    this.#dead = error
    for (const { reject } of this.#waiting.values()) reject(error)
    this.#waiting.clear()
  }
}
