/** Cooperative scheduling: long loops yield to timers, signals and the page at intervals. */

/** Milliseconds. */
const YIELD_INTERVAL = 50

/** Lets pending tasks of the event loop run. */
export function yieldToEventLoop(): Promise<void> {
  if (typeof setImmediate === 'function') return new Promise((resolve) => void setImmediate(resolve))
  // In a page setTimeout takes at least 4 ms; a message does not.
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel()
    port1.onmessage = () => {
      port1.close()
      resolve()
    }
    port2.postMessage(null)
  })
}

/** Waits for a promise or for an abort signal, whichever comes first. */
export async function untilAborted(promise: Promise<void>, signal?: AbortSignal): Promise<void> {
  if (!signal) return promise
  if (signal.aborted) return
  let stop = () => {}
  const aborted = new Promise<void>((resolve) => signal.addEventListener('abort', (stop = () => resolve())))
  try {
    await Promise.race([promise, aborted])
  } finally {
    signal.removeEventListener('abort', stop)
  }
}

/** A timer that is polled. */
export class Interval {
  readonly #length: number
  #last = performance.now()

  constructor(milliseconds = YIELD_INTERVAL) {
    this.#length = milliseconds
  }

  /** Whether the interval has passed. */
  due(now: number): boolean {
    return now - this.#last >= this.#length
  }

  /** Whether the interval has passed; if so, the next one starts. */
  passed(now = performance.now()): boolean {
    if (!this.due(now)) return false
    this.#last = now
    return true
  }
}
