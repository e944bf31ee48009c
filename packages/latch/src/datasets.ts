/**
 * `latch/datasets`: generated tasks that need a memory, each from a seed: the same options give the same rows on every
 * machine, without files or an engine.
 */
export { addingProblem } from './datasets/adding.ts'
export type { AddingOptions, AddingProblem } from './datasets/adding.ts'
export { copyMemory } from './datasets/copying.ts'
export type { CopyMemory, CopyOptions } from './datasets/copying.ts'
export { CITIES, changingFacts } from './datasets/facts.ts'
export type { City, FactOptions } from './datasets/facts.ts'
export { negationComments } from './datasets/negation.ts'
export type { LabelledText, NegationOptions, Sentiment } from './datasets/negation.ts'
