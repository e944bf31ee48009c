/** NAdam. */
import { flag, number, type OptimizerDefinition } from './definition.ts'

/** NAdam: Adam with Nesterov's momentum (Dozat 2016). */
export interface NadamOptions {
  type: 'nadam'
  /** Default 0.9. */
  beta1?: number
  /** Default 0.999. */
  beta2?: number
  /** Default 1e-8. */
  epsilon?: number
  /** How the momentum grows: that of update t is β1·(1 − 0.96^(t·momentumDecay) / 2). Default 0.004. */
  momentumDecay?: number
  /** Default 0. */
  weightDecay?: number
  /** Decouple the decay from the gradient, as AdamW does. Default false. */
  decoupledWeightDecay?: boolean
}

export const nadam: OptimizerDefinition<NadamOptions> = {
  learningRate: 0.002,
  options: {
    beta1: number(0.9, 0, 1),
    beta2: number(0.999, 0, 1),
    epsilon: number(1e-8),
    momentumDecay: number(0.004),
    weightDecay: number(0),
    decoupledWeightDecay: flag,
  },
  states: () => ['mean', 'square'],

  update(options, step) {
    const { beta1, beta2, epsilon, weightDecay, decoupledWeightDecay } = options
    const { weights, gradients, states } = step.arrays()
    const { rate, scale, number: t } = step
    const [mean, square] = states
    const [shrink, coupled] = decoupledWeightDecay ? [1 - rate * weightDecay, 0] : [1, weightDecay]
    const product = momentumProduct(options, t)
    const [now, next] = [momentumAt(options, t), momentumAt(options, t + 1)]
    const ofGradient = (rate * (1 - now)) / (1 - product)
    const ofMean = (rate * next) / (1 - product * next)
    const correction = 1 - beta2 ** t
    return {
      loop(from, to) {
        for (let i = from; i < to; i++) {
          const weight = weights[i] * shrink
          const gradient = gradients[i] * scale + coupled * weight
          mean[i] = beta1 * mean[i] + (1 - beta1) * gradient
          square[i] = beta2 * square[i] + (1 - beta2) * gradient * gradient
          const root = Math.sqrt(square[i] / correction) + epsilon
          weights[i] = weight - (ofGradient * gradient + ofMean * mean[i]) / root
        }
      },
    }
  },
}

function momentumAt({ beta1, momentumDecay }: Required<NadamOptions>, t: number): number {
  return beta1 * (1 - 0.5 * 0.96 ** (t * momentumDecay))
}

/** The product of the momenta of updates 1 to t: of the step alone, so that a checkpoint needs no number for it. */
function momentumProduct(options: Required<NadamOptions>, t: number): number {
  let product = 1
  for (let i = 1; i <= t && product > 0; i++) product *= momentumAt(options, i)
  return product
}
