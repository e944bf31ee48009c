/** What a network should beat before it is worth its training time. */

/** A trivial model. */
export interface Baseline<Example extends object = object> {
  name: string
  evaluate(examples: Iterable<Example>): BaselineScore
}

/** The metrics of a trivial model. */
export interface BaselineScore {
  /** `loss`: nats a token. */
  metric: 'accuracy' | 'meanAbsoluteError' | 'loss' | 'microF1'
  value: number
  n: number
  /** Of numbers: the mean absolute error of always the mean of the training targets. */
  meanOnly?: number
  /** Of tags that mark spans: F1 of the spans. */
  entityF1?: number
}
