/** Adagrad. */
import { number, type OptimizerDefinition } from './definition.ts'

/** Adagrad (Duchi et al. 2011). */
export interface AdagradOptions {
  type: 'adagrad'
  /** Default 1e-10. */
  epsilon?: number
  /** The rate of update t is divided by 1 + (t − 1)·lrDecay. Default 0. */
  lrDecay?: number
  /** What the sums of squares begin with. Default 0. */
  initialAccumulatorValue?: number
  /** L2 penalty, added to the gradient. Default 0. */
  weightDecay?: number
}

export const adagrad: OptimizerDefinition<AdagradOptions> = {
  learningRate: 0.01,
  options: {
    epsilon: number(1e-10),
    lrDecay: number(0),
    initialAccumulatorValue: number(0),
    weightDecay: number(0),
  },
  states: () => ['square'],
  initial: ({ initialAccumulatorValue }) => initialAccumulatorValue,

  update({ epsilon, lrDecay, weightDecay }, { weights, gradients, states, number: t, rate, scale }) {
    const [square] = states
    const decayed = rate / (1 + (t - 1) * lrDecay)
    return {
      kernel: (kernels, at, count) =>
        kernels.adagrad(
          weights + at,
          gradients + at,
          square + at,
          count,
          decayed,
          epsilon,
          weightDecay,
          scale,
        ),
    }
  },
}
