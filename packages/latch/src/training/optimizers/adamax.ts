/** Adamax. */
import { number, type OptimizerDefinition } from './definition.ts'

/** Adamax: Adam with the infinity norm (Kingma & Ba 2015). */
export interface AdamaxOptions {
  type: 'adamax'
  /** Default 0.9. */
  beta1?: number
  /** Default 0.999. */
  beta2?: number
  /** Default 1e-8. */
  epsilon?: number
  /** L2 penalty, added to the gradient. Default 0. */
  weightDecay?: number
}

export const adamax: OptimizerDefinition<AdamaxOptions> = {
  learningRate: 0.002,
  options: {
    beta1: number(0.9, 0, 1),
    beta2: number(0.999, 0, 1),
    epsilon: number(1e-8),
    weightDecay: number(0),
  },
  states: () => ['mean', 'norm'],

  update({ beta1, beta2, epsilon, weightDecay }, step) {
    const { weights, gradients, states } = step.arrays()
    const { scale } = step
    const [mean, norm] = states
    const rate = step.rate / (1 - beta1 ** step.number)
    return {
      loop(from, to) {
        for (let i = from; i < to; i++) {
          const gradient = gradients[i] * scale + weightDecay * weights[i]
          mean[i] = beta1 * mean[i] + (1 - beta1) * gradient
          norm[i] = Math.max(beta2 * norm[i], Math.abs(gradient) + epsilon)
          weights[i] -= (rate * mean[i]) / norm[i]
        }
      },
    }
  },
}
