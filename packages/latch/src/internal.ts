/** Temporary: what the command line takes beside the public entry points. */
export { mixKey } from './core/random.ts'
export { evaluateSequences, refuseNoClassifier } from './tasks/sequenceModel/evaluate.ts'
export { readLines } from './data/tablesNode.ts'
export { guessTextColumn, resolveColumn } from './data/columns.ts'
export { MAX_THREADS } from './engine/threads/executor.ts'
export { ENGINE_NAMES, threadsInWords } from './engine/engine.ts'
export { maximum, minimum, append } from './core/lists.ts'
