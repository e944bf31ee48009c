/** Stochastic gradient descent. */
import { flag, number, throwInvalid, type OptimizerDefinition, type Step, type Update } from './definition.ts'

/** Stochastic gradient descent with PyTorch's momentum (v = μ·v + (1 − dampening)·g), optionally Nesterov's. */
export interface SgdOptions {
  type: 'sgd'
  /** Default 0. */
  momentum?: number
  /** Share of the gradient that momentum leaves out, from the second update on. Default 0. */
  dampening?: number
  /** Default false; needs momentum and no dampening. */
  nesterov?: boolean
  /** L2 penalty, added to the gradient. Default 0. */
  weightDecay?: number
}

export const sgd: OptimizerDefinition<SgdOptions> = {
  learningRate: 0.01,
  options: { momentum: number(0, 0, 1), dampening: number(0, 0, 1), nesterov: flag, weightDecay: number(0) },

  check({ momentum, dampening, nesterov }) {
    if (nesterov && momentum === 0) throwInvalid('optimizer.nesterov', 'a momentum above 0', 'momentum 0')
    if (nesterov && dampening > 0) throwInvalid('optimizer.nesterov', 'dampening 0', `dampening ${dampening}`)
    if (dampening > 0 && momentum === 0)
      throwInvalid('optimizer.dampening', 'a momentum above 0', 'momentum 0')
  },

  states: ({ momentum }) => (momentum === 0 ? [] : ['velocity']),

  update(options, step) {
    const { weights, gradients, states, rate, scale } = step
    const { momentum, weightDecay } = options
    if (options.dampening > 0) return dampened(options, step)
    const [nesterov, isFirst] = [options.nesterov ? 1 : 0, step.number === 1 ? 1 : 0] as const
    const [velocity] = states
    return {
      kernel: (kernels, at, count) =>
        kernels.sgd(
          weights + at,
          gradients + at,
          velocity === undefined ? 0 : velocity + at,
          count,
          rate,
          momentum,
          nesterov,
          weightDecay,
          isFirst,
          scale,
        ),
    }
  },
}

function dampened({ momentum, dampening, weightDecay }: Required<SgdOptions>, step: Step): Update {
  const { weights, gradients, states } = step.arrays()
  const { rate, scale } = step
  const [velocity] = states
  const share = step.number === 1 ? 1 : 1 - dampening
  return {
    loop(from, to) {
      for (let i = from; i < to; i++) {
        const gradient = gradients[i] * scale + weightDecay * weights[i]
        velocity[i] = momentum * velocity[i] + share * gradient
        weights[i] -= rate * velocity[i]
      }
    },
  }
}
