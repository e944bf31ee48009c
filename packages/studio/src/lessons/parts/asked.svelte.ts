/** One answer of a lab, kept while it is asked again; of several questions the newest counts. */
import { lab } from '../../worker/client.ts'
import type { RemoteError } from '../../worker/remote.ts'
import { wordsOf } from '../../state/runs.svelte.ts'

export class Asked<T> {
  value = $state.raw<T | null>(null)
  error = $state.raw<RemoteError | null>(null)
  loading = $state(false)
  #asked = 0

  /** Asks a lab by name; the value stays until the new one is there, and through an error. */
  async ask(name: string, ...args: unknown[]): Promise<void> {
    const asked = ++this.#asked
    this.loading = true
    try {
      const value = await lab<T>(name, ...args)
      if (asked !== this.#asked) return
      this.value = value
      this.error = null
    } catch (error) {
      if (asked !== this.#asked) return
      this.error = wordsOf(error)
    }
    this.loading = false
  }
}
