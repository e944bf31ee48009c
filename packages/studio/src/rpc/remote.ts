/**
 * Calls to a worker: the worker serves the methods of an object, the page calls them by name. Values are structured
 * clones; an error keeps the library's fields; a call may emit events while it runs.
 */
import type { Fix } from 'latch'

/** The fields of an error as the page shows them. */
export interface ErrorDetails {
  name: string
  message: string
  where?: string
  expected?: string
  got?: string
  remedy?: string
  /** Options that solve the problem. */
  fixes?: readonly Fix[]
}

/** The error of a failed call, with the fields that the worker sent. */
export class CallError extends Error {
  readonly details: ErrorDetails

  constructor(details: ErrorDetails) {
    super(details.message)
    this.name = details.name
    this.details = details
  }
}

type Request = { call: number; method: string; args: unknown[] }
type Reply =
  { call: number; value: unknown } | { call: number; error: ErrorDetails } | { call: number; event: unknown }

/** The methods of a worker: a function that emits events, then the arguments. */
export type WorkerMethods = Record<string, (emit: (event: never) => void, ...args: never[]) => unknown>

interface Port {
  postMessage(message: unknown): void
  addEventListener(type: 'message', listener: (event: MessageEvent) => void): void
}

/** The worker's side. */
export function serve(methods: WorkerMethods, port: Port = globalThis as unknown as Port): void {
  port.addEventListener('message', async ({ data }: MessageEvent<Request>) => {
    const { call, method, args } = data
    const send = (reply: object): void => port.postMessage({ call, ...reply })
    try {
      const run = methods[method]
      if (!run) throw new Error(`the worker has no method ${method}`)
      send({ value: await run((event) => send({ event }), ...(args as never[])) })
    } catch (error) {
      send({ error: serializeError(error) })
    }
  })
}

function serializeError(error: unknown): ErrorDetails {
  if (!(error instanceof Error)) return { name: 'Error', message: String(error) }
  const { name, message, where, expected, got, remedy, fixes } = error as Error & Partial<ErrorDetails>
  return { name, message, where, expected, got, remedy, fixes }
}

interface PendingCall {
  resolve(value: unknown): void
  reject(error: Error): void
  emit?: (event: never) => void
}

/** The page's side of one worker. */
export class Remote {
  readonly #worker: Worker
  readonly #pending = new Map<number, PendingCall>()
  #next = 0
  #closed: Error | null = null

  constructor(worker: Worker) {
    this.#worker = worker
    worker.addEventListener('message', ({ data }: MessageEvent<Reply>) => this.#receive(data))
    worker.addEventListener('error', (event) => {
      event.preventDefault()
      this.#end(new Error(event.message || 'the worker could not start'))
    })
  }

  /** Calls a method; `emit` receives its events. */
  call<T>(method: string, args: unknown[] = [], emit?: (event: never) => void): Promise<T> {
    if (this.#closed) return Promise.reject(this.#closed)
    const call = this.#next++
    return new Promise<T>((resolve, reject) => {
      this.#pending.set(call, { resolve: resolve as (value: unknown) => void, reject, emit })
      // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a worker has no origin
      this.#worker.postMessage({ call, method, args })
    })
  }

  /** Terminates the worker at once. */
  close(): void {
    this.#worker.terminate()
    this.#end(new Error('closed'))
  }

  #receive(reply: Reply): void {
    const pending = this.#pending.get(reply.call)
    if (!pending) return
    if ('event' in reply) {
      pending.emit?.(reply.event as never)
      return
    }
    this.#pending.delete(reply.call)
    if ('error' in reply) pending.reject(new CallError(reply.error))
    else pending.resolve(reply.value)
  }

  #end(error: Error): void {
    this.#closed = error
    for (const { reject } of this.#pending.values()) reject(error)
    this.#pending.clear()
  }
}
