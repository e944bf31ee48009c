/** Temporary: what the command line takes beside the public entry points. */
export { evaluateSequences, refuseNoClassifier } from './tasks/sequenceModel/evaluate.ts'
