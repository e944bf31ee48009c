/**
 * Generated tasks that show what a memory is for, each from a seed: the same options give the same
 * rows on every machine. They need no file and no engine.
 */
export { addingProblem } from './adding.ts'
export type { AddingOptions, AddingProblem } from './adding.ts'
export { copyMemory } from './copying.ts'
export type { CopyMemory, CopyOptions } from './copying.ts'
export { CITIES, changingFacts } from './facts.ts'
export type { City, FactOptions } from './facts.ts'
export { negationComments } from './negation.ts'
export type { LabelledText, NegationOptions, Sentiment } from './negation.ts'
