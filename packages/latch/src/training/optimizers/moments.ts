/** What amsgrad, NAdam and RAdam share with Adam: decayed weights, and the means of gradients and their squares. */
import { flag, number, type Step, type Update } from './definition.ts'

/** Readers of the options of both means. */
export const momentReaders = { beta1: number(0.9, 0, 1), beta2: number(0.999, 0, 1), epsilon: number(1e-8) }

/** Readers of a decay that may be decoupled. */
export const decayReaders = { weightDecay: number(0), decoupledWeightDecay: flag }

/** The new value of weight i, given its decayed value, its gradient and both means after this update. */
type NewWeight = (weight: number, gradient: number, mean: number, square: number, i: number) => number

/** An update that keeps both means, its first two states, and sets each weight to what `newWeight` gives. */
export function momentsUpdate(
  { beta1, beta2, weightDecay }: { beta1: number; beta2: number; weightDecay: number },
  step: Step,
  isDecoupled: boolean,
  newWeight: NewWeight,
): Update {
  const { weights, gradients, states } = step.arrays()
  const { rate, scale } = step
  const [mean, square] = states
  const [shrink, coupled] = isDecoupled ? [1 - rate * weightDecay, 0] : [1, weightDecay]
  return {
    loop(from, to) {
      for (let i = from; i < to; i++) {
        const weight = weights[i] * shrink
        const gradient = gradients[i] * scale + coupled * weight
        mean[i] = beta1 * mean[i] + (1 - beta1) * gradient
        square[i] = beta2 * square[i] + (1 - beta2) * gradient * gradient
        weights[i] = newWeight(weight, gradient, mean[i], square[i], i)
      }
    },
  }
}
