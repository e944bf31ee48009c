/** The history of a finished run. */
import type { EpochRecord } from '../../training/events.ts'
import type { TrainingHistory } from '../files/history.ts'

/** The part of a report that a model file stores. */
export function historyOf(
  report: Omit<TrainingHistory, 'history'> & { history: readonly EpochRecord[] },
): TrainingHistory {
  const { epochs, steps, stopped, kept, best, trainSize, validationSize } = report
  const history = report.history.map(({ seconds: _, ...rest }) => rest)
  return { epochs, steps, stopped, kept, best, trainSize, validationSize, history }
}
