/** A stream of a language model: white space counts, and a text begins after the end token. */
import { DataError } from '../../core/errors.ts'
import { describe } from '../../core/validation.ts'
import { TaskStream } from '../stream.ts'
import type { Trained } from '../task.ts'
import { languageTask } from './task.ts'
import type { LanguageLearned, LanguageTypes } from './learned.ts'

/** Returned by `model.stream()` of a language model. */
export class LanguageStream extends TaskStream<LanguageTypes> {
  readonly #learned: LanguageLearned

  constructor(trained: Trained<LanguageLearned>) {
    super(languageTask, trained)
    this.#learned = trained.learned
  }

  /** Reads more text; white space counts for characters. A new text begins after the end token, if the model has one. */
  override pushText(text: string): LanguageTypes['Output'] {
    const { steps } = this
    if (typeof text !== 'string') {
      throw new DataError({ where: 'text', expected: 'a string', got: describe(text) })
    }
    if (steps === 0) for (const token of this.#learned.start) this.advance(token)
    for (const token of this.#learned.tokenizer.tokenize(text)) this.advance(token)
    return this.prediction
  }
}
