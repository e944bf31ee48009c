/** Sequence-to-sequence models among the models of every task. */
import type { SequenceToSequence } from 'latch'
import type { AnyModel } from 'latch/formats'

/** The model, if it writes a target for a source; else null. */
export function asSequenceToSequence(model: AnyModel): SequenceToSequence | null {
  return model.task === 'sequenceToSequence' ? (model as unknown as SequenceToSequence) : null
}
