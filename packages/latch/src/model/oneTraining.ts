/** One training of a model at a time: calls that change the model fail while it runs. */
import { UsageError } from '../core/errors.ts'

export class OneTraining {
  #running = false

  /** Marks the start of a training; the function it returns marks the end. @throws UsageError while one is running */
  begin(where: string): () => void {
    this.assertIdle(where, 'another')
    this.#running = true
    return () => {
      this.#running = false
    }
  }

  /** @throws UsageError while a training is running */
  assertIdle(where: string, what = 'a call'): void {
    if (!this.#running) return
    const got = `${what} while one is running`
    throw new UsageError({ where, expected: 'one training at a time', got, remedy: 'Await it first.' })
  }
}
