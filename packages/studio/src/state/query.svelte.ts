/** The result of an experiment that runs again when its inputs change; the last result stays until the new one is there. */
import type { ErrorDetails } from '../rpc/remote.ts'
import { errorDetails } from './errors.ts'
import { runExperiment } from '../worker/client.ts'

const DEBOUNCE_MS = 60

export class Query<T> {
  value = $state.raw<T | null>(null)
  error = $state.raw<ErrorDetails | null>(null)
  loading = $state(false)
  #busy = false
  #hasValue = false
  #next: (() => Promise<T>) | null = null
  #timer: ReturnType<typeof setTimeout> | undefined

  /** Runs an experiment by name; of the calls that come while one is running, only the last one runs. */
  run(name: string, ...args: unknown[]): void {
    this.loading = true
    this.#next = () => runExperiment<T>(name, ...args)
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => void this.#work(), this.#hasValue ? DEBOUNCE_MS : 0)
  }

  async #work(): Promise<void> {
    if (this.#busy) return
    this.#busy = true
    while (this.#next) {
      const compute = this.#next
      this.#next = null
      try {
        this.value = await compute()
        this.#hasValue = true
        this.error = null
      } catch (error) {
        this.error = errorDetails(error)
      }
    }
    this.#busy = false
    this.loading = false
  }
}
