/** Sharing the thread: long loops let timers, signals and pages have their turn every so often. */

const REST_EVERY = 50

/** Lets everything that waits in the event loop run once. */
export function yieldToEventLoop(): Promise<void> {
  if (typeof setImmediate === 'function') return new Promise((resolve) => void setImmediate(resolve))
  // A page's setTimeout waits at least 4 ms; a message does not.
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel()
    port1.onmessage = () => {
      port1.close()
      resolve()
    }
    port2.postMessage(null)
  })
}

/** Waits for a promise, or for a signal to be given, whichever comes first. */
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

/** Says when an interval of milliseconds has passed since it last did. */
export class Interval {
  readonly #length: number
  #last = performance.now()

  constructor(milliseconds = REST_EVERY) {
    this.#length = milliseconds
  }

  /** Whether the interval is over; then the next begins. */
  passed(now = performance.now()): boolean {
    if (now - this.#last < this.#length) return false
    this.#last = now
    return true
  }
}
