/** Adam and AdamW, optionally AMSGrad. */
import { flag, number, type OptimizerDefinition, type Step, type Update } from './definition.ts'

/** Adam (Kingma & Ba 2015); `adamw` decouples the decay from the gradient (Loshchilov & Hutter 2019). */
export interface AdamOptions {
  /** Default 0.9. */
  beta1?: number
  /** Default 0.999. */
  beta2?: number
  /** Default 1e-8. */
  epsilon?: number
  /** Default 0 for `adam`, 0.01 for `adamw`. */
  weightDecay?: number
  /** Divide by the greatest mean square so far (Reddi et al. 2018). Default false. */
  amsgrad?: boolean
}

type Adam<Type extends string> = AdamOptions & { type: Type }

export const adam: OptimizerDefinition<Adam<'adam'>> = definition('adam', 0)
export const adamw: OptimizerDefinition<Adam<'adamw'>> = definition('adamw', 0.01)

function definition<Type extends 'adam' | 'adamw'>(
  type: Type,
  weightDecay: number,
): OptimizerDefinition<Adam<Type>> {
  const decoupled = type === 'adamw'
  return {
    learningRate: 0.001,
    options: {
      beta1: number(0.9, 0, 1),
      beta2: number(0.999, 0, 1),
      epsilon: number(1e-8),
      weightDecay: number(weightDecay),
      amsgrad: flag,
    } as OptimizerDefinition<Adam<Type>>['options'],
    states: ({ amsgrad }) => ['mean', 'square', ...(amsgrad ? ['greatestSquare'] : [])],
    update: (options, step) =>
      options.amsgrad ? amsgradUpdate(options, step, decoupled) : adamUpdate(options, step, decoupled),
  }
}

function adamUpdate(options: Required<AdamOptions>, step: Step, decoupled: boolean): Update {
  const { beta1, beta2, epsilon, weightDecay } = options
  const { weights, gradients, rate, scale } = step
  const [mean, square] = step.states
  const [correction1, correction2] = [1 - beta1 ** step.number, 1 - beta2 ** step.number]
  return {
    kernel: (kernels, at, count) =>
      kernels.adam(
        weights + at,
        gradients + at,
        mean + at,
        square + at,
        count,
        rate,
        beta1,
        beta2,
        epsilon,
        weightDecay,
        decoupled ? 1 : 0,
        correction1,
        correction2,
        scale,
      ),
  }
}

function amsgradUpdate(options: Required<AdamOptions>, step: Step, decoupled: boolean): Update {
  const { beta1, beta2, epsilon, weightDecay } = options
  const { weights, gradients, states } = step.arrays()
  const { rate, scale } = step
  const [mean, square, greatest] = states
  const [shrink, coupled] = decoupled ? [1 - rate * weightDecay, 0] : [1, weightDecay]
  const stepSize = rate / (1 - beta1 ** step.number)
  const root = Math.sqrt(1 - beta2 ** step.number)
  return {
    loop(from, to) {
      for (let i = from; i < to; i++) {
        const weight = weights[i] * shrink
        const gradient = gradients[i] * scale + coupled * weight
        mean[i] = beta1 * mean[i] + (1 - beta1) * gradient
        square[i] = beta2 * square[i] + (1 - beta2) * gradient * gradient
        greatest[i] = Math.max(greatest[i], square[i])
        weights[i] = weight - (stepSize * mean[i]) / (Math.sqrt(greatest[i]) / root + epsilon)
      }
    },
  }
}
