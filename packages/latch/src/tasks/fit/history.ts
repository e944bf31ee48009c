/** The history of a run that has ended. */
import type { EpochRecord } from '../../training/events.ts'
import type { TrainingHistory } from '../files/history.ts'

/** What a model file keeps of a report. */
export function historyOf(
  report: Omit<TrainingHistory, 'history'> & { history: readonly EpochRecord[] },
): TrainingHistory {
  const { epochs, steps, stopped, kept, best, trainSize, validationSize } = report
  const history = report.history.map(({ seconds: _, ...rest }) => rest)
  return { epochs, steps, stopped, kept, best, trainSize, validationSize, history }
}
