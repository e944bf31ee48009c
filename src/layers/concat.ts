/** Outputs of several layers below side by side, for networks with skip connections. */

/** The named layers' outputs (`embedding.0`, `recurrent.1`), side by side in this order; all by step or all by sequence. */
export interface ConcatOptions {
  type: 'concat'
  of: readonly string[]
}
