/** Starts the report's worker out of the page itself; a report has no lessons. */
import RunnerWorker from './runner.worker.ts?worker&inline'

export const spawnRunner = (): Worker => new RunnerWorker()

export const spawnLabs = (): Worker => {
  throw new Error('a report has no lessons')
}
