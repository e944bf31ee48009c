/** What a network should beat before it is worth its training time. */

/** A trivial model. */
export interface Baseline<Example extends object = object> {
  name: string
  evaluate(examples: Iterable<Example>): BaselineScore
}

/** The metrics of a trivial model. */
export interface BaselineScore {
  /** `loss`: nats a token. */
  metric: 'accuracy' | 'meanAbsoluteError' | 'loss'
  value: number
  n: number
}
