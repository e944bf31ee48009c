/** One training of a model at a time; what would change the model under it is refused. */
import { UsageError } from '../core/errors.ts'

export class OneTraining {
  #running = false

  /** Marks the begin of a training; gives what marks its end. @throws UsageError while one is under way */
  begin(where: string): () => void {
    this.#refuse(where, 'another')
    this.#running = true
    return () => {
      this.#running = false
    }
  }

  /** @throws UsageError while a training is under way */
  refuse(where: string): void {
    this.#refuse(where, 'a call')
  }

  #refuse(where: string, what: string): void {
    if (!this.#running) return
    const got = `${what}, while one is under way`
    throw new UsageError({ where, expected: 'one training at a time', got, remedy: 'Await it first.' })
  }
}
