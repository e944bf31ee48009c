/**
 * What an engine needs from its host: cores, workers, and how relaxed SIMD is switched on. The browser's host is here;
 * the Node entry point sets its own (hostNode.ts).
 */
import type { EngineName } from './engine.ts'

/** A worker that runs a script and exchanges messages. */
export interface HostWorker {
  post(message: unknown): void
  /** Whether a process that has nothing else to do stays alive for this worker. */
  keepAlive(keep: boolean): void
  terminate(): void
}

/** Listeners of a worker. */
export interface WorkerEvents {
  message(message: unknown): void
  /** It could not start, failed, or ended by itself. */
  exit(why: string): void
}

export interface Host {
  /** Cores that the process may use. */
  cores(): number
  /** Starts `main(port)` in a worker: a function that names nothing outside itself. */
  spawn(main: string, events: WorkerEvents): HostWorker
  /** Called where relaxed SIMD did not validate; may switch it on. */
  enableRelaxed(): void
  /** Choices of the environment, before any option. */
  readonly defaults: { engine?: EngineName; threads?: number }
}

const browser: Host = {
  cores: () => globalThis.navigator?.hardwareConcurrency ?? 1,
  spawn(main, events) {
    const script = `(${main})({ listen: (f) => { onmessage = (e) => f(e.data) }, reply: (m) => postMessage(m) })`
    const url = URL.createObjectURL(new Blob([script], { type: 'text/javascript' }))
    const worker = new Worker(url)
    worker.onmessage = (event) => {
      // The script has been loaded once a message arrives.
      URL.revokeObjectURL(url)
      events.message(event.data)
    }
    worker.onerror = (event) => events.exit(event.message ?? 'its script did not load')
    return {
      // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a worker has no origin
      post: (message) => worker.postMessage(message),
      keepAlive() {},
      terminate: () => worker.terminate(),
    }
  },
  enableRelaxed() {},
  defaults: {},
}

let current: Host = browser

/** Sets the host behind engines. */
export function useHost(chosen: Host): void {
  current = chosen
}

export function host(): Host {
  return current
}
