/** What a network should beat before it is worth its training time. */

/** A trivial model. */
export interface Baseline<Example extends object = object> {
  name: string
  evaluate(examples: Iterable<Example>): BaselineScore
}

/** The metrics of a trivial model. */
export interface BaselineScore {
  metric: 'accuracy' | 'meanAbsoluteError'
  value: number
  n: number
}
