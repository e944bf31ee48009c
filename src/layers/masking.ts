/**
 * Steps that do not count, as Keras propagates them: a recurrent level keeps its state over a masked step and
 * repeats its output, a mean leaves masked steps out.
 */

/** Right after a features input: steps whose features are all `value` are masked, and become zeros. */
export interface MaskingOptions {
  type: 'masking'
  /** Default 0. */
  value?: number
}

/** Outputs at masked steps become zero, the state below goes on (Keras `zero_output_for_mask`). */
export interface ZeroMaskedOptions {
  type: 'zeroMasked'
}
