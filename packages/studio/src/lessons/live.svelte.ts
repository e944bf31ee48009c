/** A lab's answer on a lesson's page: asked anew when the question changes, the newest one last. */
import type { RemoteError } from '../worker/remote.ts'

const WAIT = 60

export class Live<T> {
  value = $state.raw<T | null>(null)
  error = $state.raw<RemoteError | null>(null)
  loading = $state(false)
  #busy = false
  #answered = false
  #next: (() => Promise<T>) | null = null
  #timer: ReturnType<typeof setTimeout> | undefined

  /** Asks soon; of questions that come while one is out only the last is asked. */
  ask(question: () => Promise<T>): void {
    this.loading = true
    this.#next = question
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => void this.#run(), this.#answered ? WAIT : 0)
  }

  async #run(): Promise<void> {
    if (this.#busy) return
    this.#busy = true
    while (this.#next) {
      const question = this.#next
      this.#next = null
      try {
        const value = await question()
        this.value = value
        this.#answered = true
        this.error = null
      } catch (error) {
        this.error = errorOf(error)
      }
    }
    this.#busy = false
    this.loading = false
  }
}

/** What a widget shows of an error. */
export function errorOf(error: unknown): RemoteError {
  const facts = (error as { facts?: RemoteError }).facts
  return facts ?? { name: 'Error', message: error instanceof Error ? error.message : String(error) }
}

/** The address of a model that the studio ships. */
export function modelAddress(name: string): string {
  return new URL(`models/${name}.safetensors`, document.baseURI).href
}
