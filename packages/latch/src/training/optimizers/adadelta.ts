/** Adadelta. */
import { number, type OptimizerDefinition } from './definition.ts'

/** Adadelta (Zeiler 2012). */
export interface AdadeltaOptions {
  type: 'adadelta'
  /** Decay of both mean squares. Default 0.9. */
  rho?: number
  /** Default 1e-6. */
  epsilon?: number
  /** L2 penalty, added to the gradient. Default 0. */
  weightDecay?: number
}

export const adadelta: OptimizerDefinition<AdadeltaOptions> = {
  learningRate: 1,
  options: { rho: number(0.9, 0, 1), epsilon: number(1e-6), weightDecay: number(0) },
  states: () => ['square', 'change'],

  update({ rho, epsilon, weightDecay }, step) {
    const { weights, gradients, states } = step.arrays()
    const { rate, scale } = step
    const [square, change] = states
    return {
      loop(from, to) {
        for (let i = from; i < to; i++) {
          const gradient = gradients[i] * scale + weightDecay * weights[i]
          square[i] = rho * square[i] + (1 - rho) * gradient * gradient
          const delta = (Math.sqrt(change[i] + epsilon) / Math.sqrt(square[i] + epsilon)) * gradient
          change[i] = rho * change[i] + (1 - rho) * delta * delta
          weights[i] -= rate * delta
        }
      },
    }
  },
}
