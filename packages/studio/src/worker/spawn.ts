/** Starts the studio's workers, each from a file of its own. */
import LabWorker from './labs.worker.ts?worker'
import RunnerWorker from './runner.worker.ts?worker'

/** A worker that holds one model. */
export const spawnRunner = (): Worker => new RunnerWorker()

/** A worker for the lessons' small experiments. */
export const spawnLabs = (): Worker => new LabWorker()
