/** NAdam. */
import { number, type OptimizerDefinition } from './definition.ts'
import { decayReaders, momentReaders, momentsUpdate } from './moments.ts'

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
    ...momentReaders,
    momentumDecay: number(0.004),
    ...decayReaders,
  },
  states: () => ['mean', 'square'],

  update(options, step) {
    const { beta2, epsilon, decoupledWeightDecay } = options
    const { rate, number: t } = step
    const product = momentumProduct(options, t)
    const [now, next] = [momentumAt(options, t), momentumAt(options, t + 1)]
    const ofGradient = (rate * (1 - now)) / (1 - product)
    const ofMean = (rate * next) / (1 - product * next)
    const correction = 1 - beta2 ** t
    return momentsUpdate(options, step, decoupledWeightDecay, (weight, gradient, mean, square) => {
      const root = Math.sqrt(square / correction) + epsilon
      return weight - (ofGradient * gradient + ofMean * mean) / root
    })
  },
}

function momentumAt({ beta1, momentumDecay }: Required<NadamOptions>, t: number): number {
  return beta1 * (1 - 0.5 * 0.96 ** (t * momentumDecay))
}

/**
 * The product of the momenta of updates 1 to t: of the step alone, so that a checkpoint needs no number for it. It stops
 * where 1 − product is 1 in float64, after some hundred factors.
 */
function momentumProduct(options: Required<NadamOptions>, t: number): number {
  let product = 1
  for (let i = 1; i <= t && product > 2 ** -60; i++) product *= momentumAt(options, i)
  return product
}
