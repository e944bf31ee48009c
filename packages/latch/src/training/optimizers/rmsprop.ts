/** RMSProp. */
import { flag, number, type OptimizerDefinition, type Step, type Update } from './definition.ts'

/** RMSProp (Hinton 2012), optionally centred (Graves 2013) and with momentum, as PyTorch defines them. */
export interface RmspropOptions {
  type: 'rmsprop'
  /** Decay of the mean square. Default 0.99. */
  alpha?: number
  /** Default 1e-8. */
  epsilon?: number
  /** Default 0. */
  momentum?: number
  /** Divide by the root of the variance of the gradient in place of its mean square. Default false. */
  centered?: boolean
  /** L2 penalty, added to the gradient. Default 0. */
  weightDecay?: number
}

export const rmsprop: OptimizerDefinition<RmspropOptions> = {
  learningRate: 0.01,
  options: {
    alpha: number(0.99, 0, 1),
    epsilon: number(1e-8),
    momentum: number(0, 0, 1),
    centered: flag,
    weightDecay: number(0),
  },

  states: ({ momentum, centered }) => [
    'square',
    ...(centered ? ['mean'] : []),
    ...(momentum > 0 ? ['velocity'] : []),
  ],

  update(options, step) {
    const { alpha, epsilon, weightDecay } = options
    if (options.centered || options.momentum > 0) return extended(options, step)
    const { weights, gradients, rate, scale } = step
    const [square] = step.states
    return {
      kernel: (kernels, at, count) =>
        kernels.rmsprop(
          weights + at,
          gradients + at,
          square + at,
          count,
          rate,
          alpha,
          epsilon,
          weightDecay,
          scale,
        ),
    }
  },
}

function extended(options: Required<RmspropOptions>, step: Step): Update {
  const { alpha, epsilon, momentum, centered, weightDecay } = options
  const { weights, gradients, states } = step.arrays()
  const { rate, scale } = step
  const [square] = states
  const mean = centered ? states[1] : null
  const velocity = momentum > 0 ? states[states.length - 1] : null
  return {
    loop(from, to) {
      for (let i = from; i < to; i++) {
        const gradient = gradients[i] * scale + weightDecay * weights[i]
        square[i] = alpha * square[i] + (1 - alpha) * gradient * gradient
        let variance = square[i]
        if (mean) {
          mean[i] = alpha * mean[i] + (1 - alpha) * gradient
          // Rounding can take it below 0.
          variance = Math.max(0, variance - mean[i] * mean[i])
        }
        let change = gradient / (Math.sqrt(variance) + epsilon)
        if (velocity) change = velocity[i] = momentum * velocity[i] + change
        weights[i] -= rate * change
      }
    },
  }
}
