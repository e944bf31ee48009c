/**
 * Gradient flow through time, as data: norms by step, the chain of Jacobians, each step's contribution to the
 * weights' gradients, and a verdict (Pascanu, Mikolov & Bengio 2013).
 */
import type { CellName } from '../../cells/registry.ts'
import type { ReceptiveField } from '../../layers/layer.ts'

/** How strongly one step's state depends on the state of the step read before it. */
export interface JacobianNorms {
  /** Largest singular value. */
  spectral: number
  /** Root of the sum of squares over all elements. */
  frobenius: number
}

/** One step's contribution to the gradient of a weight matrix. */
export interface GradientContribution {
  /** Frobenius norm of this step's own matrix. */
  norm: number
  /** ⟨own, total⟩ / ‖total‖². The fractions of all steps add up to 1 (0 if the total is 0). */
  fraction: number
}

/** One step of one layer and direction; in the order of the text. */
export interface FlowStep {
  /** ‖∂L/∂h_t‖. */
  hidden: number
  /** ‖∂L/∂c_t‖, null where there is no cell state. */
  cell: number | null
  /** ∂h_t/∂h_{t−1}, with c_{t−1} fixed; null at the first step that is read. */
  jacobian: JacobianNorms | null
  /** ∂s_t/∂s_{t−1} of the whole state s = (h, c); the same as `jacobian` where there is no c; null at the first step. */
  stateJacobian: JacobianNorms | null
  /**
   * The chain from the last step read back to this one: largest singular value of ∂h_T/∂h_t, where h_t moves
   * alone (c_t fixed; later cell states follow); at the last step 1.
   */
  product: number
  /** Of ∂L/∂weight_ih and ∂L/∂weight_hh (at the first step read, with zero initial state, the second is 0). */
  contributions: { input: GradientContribution; hidden: GradientContribution }
}

/** Whether the gradient vanishes or explodes, with the numbers behind it. */
export interface FlowVerdict {
  kind: 'vanishing' | 'healthy' | 'exploding'
  /** Mean factor by which the gradient changes for each step back (geometric, over the steps read). */
  factor: number
  /** The gradient at the first step read, divided by the one at the last. */
  ratio: number
  /** Steps back until it has fallen to 1/e; null if it does not fall. */
  effectiveLength: number | null
  /** A sentence with the number in it. */
  words: string
}

/** One layer in one direction. */
export interface FlowLayer {
  layer: number
  direction: 'forward' | 'backward'
  /** Of a network with an encoder and a decoder: which one it belongs to, and so whose steps it has. */
  side?: 'encoder' | 'decoder'
  cell: CellName
  units: number
  /** As in a trace: set where layers below it change the number of steps. */
  receptiveFields?: readonly ReceptiveField[]
  steps: FlowStep[]
  verdict: FlowVerdict
  /** False if there are too many units for exact Jacobians; norms are then estimates from random probes. */
  exact: boolean
}

/** The gradient flow of one sequence. */
export interface GradientFlow {
  /** The tokens, if the input was a text; of an encoder and a decoder, those that the decoder reads. */
  tokens: readonly string[] | null
  /** The tokens that the encoder reads, where there is one. */
  sourceTokens?: readonly string[] | null
  /** Plain loss of the target. */
  loss: number
  /** Target class; null unless the target is a single class. */
  target: number | null
  layers: FlowLayer[]
  /** Of the top layer, read forwards. */
  verdict: FlowVerdict
}
