/** RAdam. */
import type { OptimizerDefinition } from './definition.ts'
import { decayReaders, momentReaders, momentsUpdate } from './moments.ts'

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
    ...momentReaders,
    ...decayReaders,
  },
  states: () => ['mean', 'square'],

  update(options, step) {
    const { beta1, beta2, epsilon, decoupledWeightDecay } = options
    const { rate, number: t } = step
    const stepSize = rate / (1 - beta1 ** t)
    const rectified = rectification(beta2, t)
    const adaptive = rectified === null ? 0 : rectified * Math.sqrt(1 - beta2 ** t)
    return momentsUpdate(options, step, decoupledWeightDecay, (weight, _, mean, square) => {
      const factor = rectified === null ? 1 : adaptive / (Math.sqrt(square) + epsilon)
      return weight - stepSize * mean * factor
    })
  },
}

/** r of update t, or null while the variance of the adaptive rate cannot be corrected. */
function rectification(beta2: number, t: number): number | null {
  const most = 2 / (1 - beta2) - 1
  const length = most - (2 * t * beta2 ** t) / (1 - beta2 ** t)
  if (length <= 5) return null
  return Math.sqrt(((length - 4) * (length - 2) * most) / ((most - 4) * (most - 2) * length))
}
