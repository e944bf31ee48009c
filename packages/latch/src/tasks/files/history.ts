/**
 * The training history in a model file. It has no wall times, so that the same training gives
 * the same bytes.
 */
import type { BestEpoch, EpochRecord } from '../../training/events.ts'
import {
  readInteger,
  readList,
  readNumber,
  readOptional,
  readString,
  type Field,
} from '../../core/validation.ts'
import { readFields } from '../../layers/fields.ts'

/** The metrics of an epoch, without its wall time. */
export type HistoryEpoch = Omit<EpochRecord, 'seconds'>

/** The metrics of a training, by epoch. */
export interface TrainingHistory {
  epochs: number
  /** Number of optimizer steps. */
  steps: number
  /** Why it ended: `epochs`, `patience`, `aborted`. */
  stopped: string
  /** Which weights were kept: `best`, `average`, `last`. */
  kept: string
  best: BestEpoch | null
  trainSize: number
  validationSize: number
  history: HistoryEpoch[]
}

const share = (field: Field) => readOptional(field, readNumber, null)

const readBest = (field: Field) =>
  readFields<BestEpoch>(field, { epoch: readInteger, loss: readNumber, accuracy: share })

const readEpoch = (field: Field) =>
  readFields<HistoryEpoch>(field, {
    epoch: readInteger,
    trainLoss: readNumber,
    trainAccuracy: share,
    validationLoss: share,
    validationAccuracy: share,
    learningRate: readNumber,
    gradientNorm: readNumber,
  })

/** @throws FormatError naming the field */
export function readHistory(field: Field): TrainingHistory {
  return readFields<TrainingHistory>(field, {
    epochs: readInteger,
    steps: readInteger,
    stopped: readString,
    kept: readString,
    best: (best) => readOptional(best, readBest, null),
    trainSize: readInteger,
    validationSize: readInteger,
    history: (epochs) => readList(epochs, readEpoch),
  })
}
