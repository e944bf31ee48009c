/** The steps of each sequence in reverse order: what Keras' `go_backwards` gives with `return_sequences`. */

/** Last step first. */
export interface ReverseOptions {
  type: 'reverse'
}
