/**
 * Ctrl-C, twice: the first asks the work to stop in good order, the second stops at once.
 * A polite kill (SIGTERM) counts the same.
 */
import { EXIT_INTERRUPTED, EXIT_TERMINATED } from './exitCodes.ts'

const EXIT_OF = { SIGINT: EXIT_INTERRUPTED, SIGTERM: EXIT_TERMINATED } as const
type Signal = keyof typeof EXIT_OF

export interface Interruption {
  signal: AbortSignal
  /** Set once a signal came. */
  readonly exitCode: number | undefined
  /** Gives Ctrl-C back to the system. */
  release(): void
}

/** Listens until released; `told` is called at the first signal. */
export function listenForInterrupt(told: () => void): Interruption {
  const controller = new AbortController()
  let exitCode: number | undefined
  const heard = (name: Signal): void => {
    if (exitCode !== undefined) process.exit(EXIT_OF[name])
    exitCode = EXIT_OF[name]
    told()
    controller.abort()
  }
  const names = Object.keys(EXIT_OF) as Signal[]
  for (const name of names) process.on(name, heard)
  return {
    signal: controller.signal,
    get exitCode() {
      return exitCode
    },
    release() {
      for (const name of names) process.off(name, heard)
    },
  }
}
