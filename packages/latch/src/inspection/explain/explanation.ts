/**
 * The arithmetic of one number, as data: what was multiplied, what was added, through which function it
 * went, and where each factor came from, so that a page can follow it further back.
 */
import type { ActivationName } from '../../cells/activations.ts'

/**
 * Names of vectors of a trace: a gate of the cell, or one of these. `x` is what came in from below; `input` is an
 * LSTM's input gate, and for cells without such a gate the same as `x`.
 */
export type TracedValue =
  'x' | 'input' | 'candidate' | 'hidden' | 'cell' | 'saved' | 'logit' | 'probability' | (string & {})

/** One number of a trace. */
export interface TracePlace {
  layer: number
  direction: 'forward' | 'backward'
  /** In the order of the text. */
  step: number
  value: TracedValue
  unit: number
}

/** Where a factor comes from: another number of the trace, a weight, or nowhere (a constant). */
export type FactorSource =
  | ({ kind: 'trace' } & TracePlace)
  | { kind: 'parameter'; name: string; row: number; column: number | null }
  | { kind: 'constant' }

/** One number that is multiplied, with its name in the equation. */
export interface Factor {
  /** As in the equation: `x[3]`, `W_ih[12, 3]`, `f`, `1 − z`. */
  name: string
  value: number
  source: FactorSource
}

/** One summand: the product of its factors. */
export interface Term {
  /** Which part of the equation: `input`, `state`, `bias`, or the product's own name (`f∘c₋₁`). */
  group: string
  factors: Factor[]
  value: number
}

/** How one number was made. */
export interface Explanation {
  place: TracePlace
  /** The equation of the whole vector, with the cell's letters. */
  equation: string
  /** The number that the trace shows. */
  value: number
  /** What the terms below give, in float64; differs from `value` by the engine's rounding only. */
  computed: number
  /** Sum of the terms, in float64; what the activation took. */
  preActivation: number
  activation: ActivationName | 'softmax'
  /** `alpha` and `beta` of the activation, where it is not one of σ, tanh, relu, softmax and linear. */
  parameters?: { alpha: number; beta: number }
  /** What the activation took was first clipped to ±clip. */
  clip?: number
  /** Largest in absolute value first. */
  terms: Term[]
  /** Sums of the terms by group, in the order of the equation. */
  groups: { group: string; sum: number; count: number }[]
}
