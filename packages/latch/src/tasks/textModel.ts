/** Models whose tasks learn a vocabulary of tokens. */
import type { Vocabulary } from '../text/vocabulary.ts'
import type { Learned, TaskTypes } from './task.ts'
import { TaskModel } from './taskModel.ts'

/** A model with a vocabulary. */
export class TextModel<
  T extends TaskTypes & { Learned: Learned & { readonly words: Vocabulary } },
> extends TaskModel<T> {
  /** The tokens that it knows; of a sequence-to-sequence model, those of sources. */
  get vocabulary(): Vocabulary {
    return this.trained.learned.words
  }
}
