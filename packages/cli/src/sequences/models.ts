/** Sequence-to-sequence models among the models of every task. */
import { type SequenceToSequence, UnsupportedError } from 'latch'
import type { AnyModel } from 'latch/formats'

/** The model, if it writes a target for a source; else null. */
export function asSequenceToSequence(model: AnyModel): SequenceToSequence | null {
  return model.task === 'sequenceToSequence' ? (model as unknown as SequenceToSequence) : null
}

/** @throws UnsupportedError for a model of another task */
export function requireSequenceToSequence(model: AnyModel, path: string, where: string): SequenceToSequence {
  const found = asSequenceToSequence(model)
  if (found) return found
  throw new UnsupportedError({
    where: `${where}, ${path}`,
    expected: 'a sequence-to-sequence model',
    got: `a model of the task ${model.task}`,
    remedy: 'Train one with `latch train PAIRS --task seq2seq`.',
  })
}
