/** Taggers among the models of every task. */
import type { Tagger } from 'latch'
import type { AnyModel } from 'latch/formats'

/** The model, if it tags tokens; else null. */
export function asTagger(model: AnyModel): Tagger | null {
  return model.task === 'tagger' ? (model as unknown as Tagger) : null
}
