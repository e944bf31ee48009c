/** Starts the studio's workers, each from its own file. */
import ExperimentsWorker from './experiments.worker.ts?worker'
import RunnerWorker from './runner.worker.ts?worker'

/** A worker that holds one model. */
export const spawnRunner = (): Worker => new RunnerWorker()

/** A worker for the lessons' experiments. */
export const spawnExperiments = (): Worker => new ExperimentsWorker()
