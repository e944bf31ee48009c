/** The learned parts of a sequence model, and its types. */
import type { NetworkConfig } from '../../model/config.ts'
import type { FitOptions } from '../fit/fitOptions.ts'
import type { Evaluation, Prediction } from '../model.ts'
import type { TaskTypes } from '../task.ts'
import type { SequenceFacts } from './facts.ts'
import { SequenceReader, type SequenceInput } from './reader.ts'
import type { SequenceItem } from './targets.ts'

/** A sequence model's facts, network configuration and reader. */
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

/** Facts, with the reader that they and the layers determine. */
export function completeFacts(facts: SequenceFacts, network: NetworkConfig): SequenceLearned {
  // These take sequences of a fixed length; all other layers accept any length.
  const isFixed = network.layers.some(({ type }) => /^(flatten|permute|reshape)$/.test(type))
  return { ...facts, network, reader: new SequenceReader(facts, isFixed ? facts.input.steps : null) }
}
