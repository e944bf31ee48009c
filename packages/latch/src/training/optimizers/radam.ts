/** RAdam. */
import { flag, number, type OptimizerDefinition } from './definition.ts'

/** RAdam: Adam that begins without its adaptive rate, until that has a small variance (Liu et al. 2020). */
export interface RadamOptions {
  type: 'radam'
  /** Default 0.9. */
  beta1?: number
  /** Default 0.999. */
  beta2?: number
  /** Default 1e-8. */
  epsilon?: number
  /** Default 0. */
  weightDecay?: number
  /** Decouple the decay from the gradient, as AdamW does. Default false. */
  decoupledWeightDecay?: boolean
}

export const radam: OptimizerDefinition<RadamOptions> = {
  learningRate: 0.001,
  options: {
    beta1: number(0.9, 0, 1),
    beta2: number(0.999, 0, 1),
    epsilon: number(1e-8),
    weightDecay: number(0),
    decoupledWeightDecay: flag,
  },
  states: () => ['mean', 'square'],

  update({ beta1, beta2, epsilon, weightDecay, decoupledWeightDecay }, step) {
    const { weights, gradients, states } = step.arrays()
    const { rate, scale, number: t } = step
    const [mean, square] = states
    const [shrink, coupled] = decoupledWeightDecay ? [1 - rate * weightDecay, 0] : [1, weightDecay]
    const stepSize = rate / (1 - beta1 ** t)
    const rectified = rectification(beta2, t)
    const adaptive = rectified === null ? 0 : rectified * Math.sqrt(1 - beta2 ** t)
    return {
      loop(from, to) {
        for (let i = from; i < to; i++) {
          const weight = weights[i] * shrink
          const gradient = gradients[i] * scale + coupled * weight
          mean[i] = beta1 * mean[i] + (1 - beta1) * gradient
          square[i] = beta2 * square[i] + (1 - beta2) * gradient * gradient
          const factor = rectified === null ? 1 : adaptive / (Math.sqrt(square[i]) + epsilon)
          weights[i] = weight - stepSize * mean[i] * factor
        }
      },
    }
  },
}

/** r of update t, or null while the variance of the adaptive rate cannot be corrected. */
function rectification(beta2: number, t: number): number | null {
  const most = 2 / (1 - beta2) - 1
  const length = most - (2 * t * beta2 ** t) / (1 - beta2 ** t)
  if (length <= 5) return null
  return Math.sqrt(((length - 4) * (length - 2) * most) / ((most - 4) * (most - 2) * length))
}
