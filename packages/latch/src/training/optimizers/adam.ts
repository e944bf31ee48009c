/** Adam and AdamW, optionally AMSGrad. */
import { flag, number, type OptimizerDefinition, type Step, type Update } from './definition.ts'
import { momentReaders, momentsUpdate } from './moments.ts'

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
      ...momentReaders,
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
  const { beta1, beta2, epsilon } = options
  const greatest = step.arrays().states[2]
  const stepSize = step.rate / (1 - beta1 ** step.number)
  const root = Math.sqrt(1 - beta2 ** step.number)
  return momentsUpdate(options, step, decoupled, (weight, _, mean, square, i) => {
    greatest[i] = Math.max(greatest[i], square)
    return weight - (stepSize * mean) / (Math.sqrt(greatest[i]) / root + epsilon)
  })
}
