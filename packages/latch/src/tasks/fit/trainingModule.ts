/** What the training module of every task has beside its own part. */
export { evaluateModel } from '../evaluate.ts'
export { engineOfCheckpoint } from './checkpointEngine.ts'
export { fitModel } from './fitModel.ts'
export { namedColumns } from './fitOptions.ts'
export { historyOf } from './history.ts'
