/**
 * Ctrl-C: the first aborts the work in an orderly way, the second ends the process immediately. SIGTERM has the same
 * effect.
 */
import { EXIT_INTERRUPTED, EXIT_TERMINATED } from './exitCodes.ts'

const EXIT_OF = { SIGINT: EXIT_INTERRUPTED, SIGTERM: EXIT_TERMINATED } as const
type Signal = keyof typeof EXIT_OF

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
  const names = Object.keys(EXIT_OF) as Signal[]
  for (const name of names) process.on(name, onSignal)
  return {
    signal: controller.signal,
    get exitCode() {
      return exitCode
    },
    release() {
      for (const name of names) process.off(name, onSignal)
    },
  }
}
