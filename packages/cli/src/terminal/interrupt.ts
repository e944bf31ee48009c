/**
 * Ctrl-C: the first aborts the work in an orderly way, the second ends the process immediately. SIGTERM, and
 * SIGHUP of a closed terminal, have the same effect.
 */
import { EXIT_HUNG_UP, EXIT_INTERRUPTED, EXIT_TERMINATED } from './exitCodes.ts'

const EXIT_OF = { SIGINT: EXIT_INTERRUPTED, SIGTERM: EXIT_TERMINATED, SIGHUP: EXIT_HUNG_UP } as const
type Signal = keyof typeof EXIT_OF
const SIGNALS = Object.keys(EXIT_OF) as Signal[]

export interface Interruption {
  signal: AbortSignal
  /** Set after the first signal. */
  readonly exitCode: number | undefined
  /** Restores the default behaviour of Ctrl-C. */
  release(): void
}

/** Listens until released; `onInterrupt` is called at the first signal. */
export function listenForInterrupt(onInterrupt: () => void): Interruption {
  const controller = new AbortController()
  let exitCode: number | undefined
  const onSignal = (name: Signal): void => {
    if (exitCode !== undefined) process.exit(EXIT_OF[name])
    exitCode = EXIT_OF[name]
    onInterrupt()
    controller.abort()
  }
  for (const name of SIGNALS) process.on(name, onSignal)
  return {
    signal: controller.signal,
    get exitCode() {
      return exitCode
    },
    release() {
      for (const name of SIGNALS) process.off(name, onSignal)
    },
  }
}

/**
 * Lets the listeners of `exit` run when a signal ends the process, unless something else listens to it.
 * @returns the function that restores the default behaviour
 */
export function exitAtSignals(): () => void {
  const onSignal = (name: Signal): void => {
    if (process.listenerCount(name) === 1) process.exit(EXIT_OF[name])
  }
  for (const name of SIGNALS) process.on(name, onSignal)
  return () => {
    for (const name of SIGNALS) process.off(name, onSignal)
  }
}
