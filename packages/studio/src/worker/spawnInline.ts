/** Starts the report's worker from the page itself; a report has no lessons. */
import RunnerWorker from './runner.worker.ts?worker&inline'

export const spawnRunner = (): Worker => new RunnerWorker()

export const spawnExperiments = (): Worker => {
  throw new Error('a report has no lessons')
}
