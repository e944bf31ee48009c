/** Lion. */
import { number, type OptimizerDefinition } from './definition.ts'

/** Lion: the sign of a momentum (Chen et al. 2023). Rates are 3 to 10 times smaller than AdamW's, decays as much larger. */
export interface LionOptions {
  type: 'lion'
  /** Share of the mean gradient in the step's direction. Default 0.9. */
  beta1?: number
  /** Decay of the mean gradient. Default 0.99. */
  beta2?: number
  /** Decoupled from the gradient, as AdamW's. Default 0. */
  weightDecay?: number
}

export const lion: OptimizerDefinition<LionOptions> = {
  learningRate: 0.0001,
  options: { beta1: number(0.9, 0, 1), beta2: number(0.99, 0, 1), weightDecay: number(0) },
  states: () => ['mean'],

  update({ beta1, beta2, weightDecay }, step) {
    const { weights, gradients, states } = step.arrays()
    const { rate, scale } = step
    const [mean] = states
    const shrink = 1 - rate * weightDecay
    return {
      loop(from, to) {
        for (let i = from; i < to; i++) {
          const gradient = gradients[i] * scale
          const direction = Math.sign(beta1 * mean[i] + (1 - beta1) * gradient)
          weights[i] = weights[i] * shrink - rate * direction
          mean[i] = beta2 * mean[i] + (1 - beta2) * gradient
        }
      },
    }
  },
}
