/**
 * How a model was trained, as its file keeps it: without wall times, so that the same training gives
 * the same bytes.
 */
import type { BestEpoch, EpochRecord } from '../../training/events.ts'
import {
  readInteger,
  readList,
  readNumber,
  readObject,
  readOptional,
  readString,
  type Field,
} from '../../core/validation.ts'

/** An epoch's figures, without its wall time. */
export type HistoryEpoch = Omit<EpochRecord, 'seconds'>

/** A training in figures, epoch by epoch. */
export interface TrainingHistory {
  epochs: number
  /** Updates made. */
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

export function historyOf(
  report: Omit<TrainingHistory, 'history'> & { history: readonly EpochRecord[] },
): TrainingHistory {
  const { epochs, steps, stopped, kept, best, trainSize, validationSize } = report
  const history = report.history.map(({ seconds: _, ...rest }) => rest)
  return { epochs, steps, stopped, kept, best, trainSize, validationSize, history }
}

/** @throws FormatError naming the field */
export function readHistory(field: Field): TrainingHistory {
  const f = readObject(field, [
    'epochs',
    'steps',
    'stopped',
    'kept',
    'best',
    'trainSize',
    'validationSize',
    'history',
  ])
  return {
    epochs: readInteger(f.epochs),
    steps: readInteger(f.steps),
    stopped: readString(f.stopped),
    kept: readString(f.kept),
    best: readOptional(f.best, readBest, null),
    trainSize: readInteger(f.trainSize),
    validationSize: readInteger(f.validationSize),
    history: readList(f.history, readEpoch),
  }
}

const share = (field: Field) => readOptional(field, readNumber, null)

function readBest(field: Field): BestEpoch {
  const f = readObject(field, ['epoch', 'loss', 'accuracy'])
  return { epoch: readInteger(f.epoch), loss: readNumber(f.loss), accuracy: share(f.accuracy) }
}

function readEpoch(field: Field): HistoryEpoch {
  const f = readObject(field, [
    'epoch',
    'trainLoss',
    'trainAccuracy',
    'validationLoss',
    'validationAccuracy',
    'learningRate',
    'gradientNorm',
  ])
  return {
    epoch: readInteger(f.epoch),
    trainLoss: readNumber(f.trainLoss),
    trainAccuracy: share(f.trainAccuracy),
    validationLoss: share(f.validationLoss),
    validationAccuracy: share(f.validationAccuracy),
    learningRate: readNumber(f.learningRate),
    gradientNorm: readNumber(f.gradientNorm),
  }
}
