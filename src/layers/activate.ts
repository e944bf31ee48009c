/** An activation as a layer of its own: each number by itself, or softmax over a row. Station: between dense and loss. */
import type { ActivationChoice } from '../cells/activations.ts'

/** A function of each number, or of a whole row (softmax, logSoftmax). */
export interface ActivationOptions {
  type: 'activation'
  activation: ActivationChoice | 'softmax' | 'logSoftmax'
}
