/** What `fit` reports about the counts of words. */

/** Loss and accuracy on the validation rows. */
export interface CountedScore {
  loss: number
  accuracy: number
}

/** How network and counts were mixed, in the report of `fit`. */
export interface CountsReport {
  /** Factor of the network's logits. */
  networkWeight: number
  /** Factor of the counts' scores; 0: the counts did not help, and the model is the network alone. */
  countsWeight: number
  /** Different words and pairs in the table. */
  terms: number
  /** Those of fewer training texts were left out, so that the table has at most 4 MiB. */
  minimumCount: number
  /** On the validation rows: the network alone, the counts alone, and the model. */
  validation: { network: CountedScore; counts: CountedScore; model: CountedScore }
}
