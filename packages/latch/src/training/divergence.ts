/** Trainings that leave the finite numbers: how that is found, and the error: where, what is left, what to try. */
import { DivergenceError } from '../core/errors.ts'
import { internalsOf, type Network } from '../model/network.ts'
import type { BestEpoch } from './events.ts'
import { DEFAULT_LEARNING_RATES } from './optimizer.ts'
import type { TrainingOptions } from './options.ts'

/** What a run knows when it diverges; `epoch` and `step` count from 1. */
export interface Divergence {
  expected: string
  got: string
  epoch: number
  step: number
  /** Steps of an epoch. */
  steps: number
  best: BestEpoch | null
  options: Pick<TrainingOptions, 'learningRate' | 'clipNorm' | 'optimizer'>
}

export function divergenceError(facts: Divergence): DivergenceError {
  const { expected, got, epoch, step, steps, best, options } = facts
  const { learningRate, clipNorm, optimizer } = options
  const smaller = Math.min(learningRate / 10, DEFAULT_LEARNING_RATES[optimizer.type])
  const restored = best ? `the best weights (epoch ${best.epoch})` : 'the last good weights'
  return new DivergenceError({
    where: `training, epoch ${epoch}, step ${step} of ${steps}`,
    expected,
    got,
    remedy: `The network has ${restored}. Look for very large numbers in the data too.`,
    fix: [
      {
        option: 'learningRate',
        value: Number(smaller.toPrecision(3)),
        to: `take smaller steps (it is ${learningRate})`,
      },
      ...(clipNorm === null ? [{ option: 'clipNorm', value: 1, to: 'limit the gradients' }] : []),
    ],
    epoch,
    step,
  })
}

/** A weight that is NaN or infinite, or null: losses and gradients show only those of a batch. Padding does not count. */
export function findNonFinite(network: Network): { name: string; value: number } | null {
  const { engine, store } = internalsOf(network)
  if (Number.isFinite(engine.kernels.sumSquares(store.region('weights'), store.count))) return null
  for (const parameter of store.all) {
    const value = store.read(parameter).find((weight) => !Number.isFinite(weight))
    if (value !== undefined) return { name: parameter.name, value }
  }
  return null
}
