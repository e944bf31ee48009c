/** What is known of a sequence model, and its types. */
import type { NetworkConfig } from '../../model/config.ts'
import type { FitOptions } from '../fit/fitOptions.ts'
import type { Evaluation, Prediction } from '../model.ts'
import type { TaskTypes } from '../task.ts'
import type { SequenceFacts } from './facts.ts'
import { SequenceReader, type SequenceInput } from './reader.ts'
import type { SequenceItem } from './targets.ts'

/** What is known of a sequence model: its facts, its network's configuration, and its reader. */
export interface SequenceLearned extends SequenceFacts {
  readonly network: NetworkConfig
  readonly reader: SequenceReader
}

/** The types of the sequence model. */
export interface SequenceTypes extends TaskTypes {
  Input: SequenceInput
  Step: number | string | ArrayLike<number>
  Example: object
  Item: SequenceItem
  Output: Prediction
  Evaluation: Evaluation
  Settings: SequenceFacts
  Learned: SequenceLearned
  FitOptions: FitOptions
}

/** Facts with the reader that follows from them and from the layers. */
export function completeFacts(facts: SequenceFacts, network: NetworkConfig): SequenceLearned {
  // A flattened sequence has one length only; anything else any.
  const flat = network.layers.some(({ type }) => type === 'flatten')
  return { ...facts, network, reader: new SequenceReader(facts, flat ? facts.input.steps : null) }
}
