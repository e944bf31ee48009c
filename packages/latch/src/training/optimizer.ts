/**
 * Optimizers by PyTorch's definitions and defaults. Parameters, gradients and each state lie in regions
 * of one layout, so an update is one walk over the whole network.
 */
import type { Visit } from '../tensors/regions.ts'
import type { Network } from '../model/network.ts'
import { UsageError } from '../core/errors.ts'
import { assertKnownOptions } from '../core/knownNames.ts'

/** An optimizer and its hyperparameters. */
export type OptimizerOptions =
  | SgdOptions
  | RmspropOptions
  | AdagradOptions
  | (AdamOptions & { type: 'adam' })
  | (AdamOptions & { type: 'adamw' })

/** Stochastic gradient descent with PyTorch's momentum (v = μ·v + g), optionally Nesterov's. */
export interface SgdOptions {
  type: 'sgd'
  /** Default 0. */
  momentum?: number
  /** Default false; needs momentum. */
  nesterov?: boolean
  /** L2 penalty, added to the gradient. Default 0. */
  weightDecay?: number
}

/** RMSProp (Hinton 2012), not centred, without momentum. */
export interface RmspropOptions {
  type: 'rmsprop'
  /** Decay of the mean square. Default 0.99. */
  alpha?: number
  /** Default 1e-8. */
  epsilon?: number
  /** L2 penalty, added to the gradient. Default 0. */
  weightDecay?: number
}

/** Adagrad (Duchi et al. 2011). */
export interface AdagradOptions {
  type: 'adagrad'
  /** Default 1e-10. */
  epsilon?: number
  /** L2 penalty, added to the gradient. Default 0. */
  weightDecay?: number
}

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
}

/** Names of the optimizers. */
export type OptimizerType = OptimizerOptions['type']

/** Every field set, in one order, so that two of them can be compared as text. */
export type CompleteOptimizer =
  | Required<SgdOptions>
  | Required<RmspropOptions>
  | Required<AdagradOptions>
  | (Required<AdamOptions> & { type: 'adam' | 'adamw' })

/** Default learning rate of each optimizer. */
export const DEFAULT_LEARNING_RATES: { readonly [T in OptimizerType]: number } = {
  sgd: 0.01,
  rmsprop: 0.01,
  adagrad: 0.01,
  adam: 0.001,
  adamw: 0.001,
}

/** Fills in the defaults. @throws UsageError for an unknown name, and for a value outside its range. */
export function completeOptimizer(options: OptimizerOptions): CompleteOptimizer {
  const complete = fillIn(options)
  assertKnownOptions(`optimizer option (${complete.type})`, options, complete)
  return complete
}

function fillIn(options: OptimizerOptions): CompleteOptimizer {
  const { weightDecay = options.type === 'adamw' ? 0.01 : 0 } = options
  requireRange('optimizer.weightDecay', weightDecay, 0, Infinity)
  switch (options.type) {
    case 'sgd': {
      const { momentum = 0, nesterov = false } = options
      requireRange('optimizer.momentum', momentum, 0, 1)
      if (nesterov && momentum === 0) throwInvalid('optimizer.nesterov', 'a momentum above 0', 'momentum 0')
      return { type: 'sgd', momentum, nesterov, weightDecay }
    }
    case 'rmsprop': {
      const { alpha = 0.99, epsilon = 1e-8 } = options
      requireRange('optimizer.alpha', alpha, 0, 1)
      requireRange('optimizer.epsilon', epsilon, 0, Infinity)
      return { type: 'rmsprop', alpha, epsilon, weightDecay }
    }
    case 'adagrad': {
      const { epsilon = 1e-10 } = options
      requireRange('optimizer.epsilon', epsilon, 0, Infinity)
      return { type: 'adagrad', epsilon, weightDecay }
    }
    case 'adam':
    case 'adamw': {
      const { beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8 } = options
      requireRange('optimizer.beta1', beta1, 0, 1)
      requireRange('optimizer.beta2', beta2, 0, 1)
      requireRange('optimizer.epsilon', epsilon, 0, Infinity)
      return { type: options.type, beta1, beta2, epsilon, weightDecay }
    }
    default:
      return throwInvalid(
        'optimizer.type',
        'sgd, rmsprop, adagrad, adam or adamw',
        String((options as { type: unknown }).type),
      )
  }
}

/** Names of the regions that hold an optimizer's states. */
export function optimizerRegions(options: CompleteOptimizer): readonly string[] {
  switch (options.type) {
    case 'sgd':
      return options.momentum === 0 ? [] : ['optimizer.velocity']
    case 'rmsprop':
    case 'adagrad':
      return ['optimizer.square']
    default:
      return ['optimizer.mean', 'optimizer.square']
  }
}

/** Approximate cost of one element of an update, in float loads (roots and divisions included). */
const WORK = 10

/** An optimizer of one network's parameters. */
export class Optimizer {
  readonly options: CompleteOptimizer
  /** Names of its states in the network's store. */
  readonly regions: readonly string[]
  /** Updates made. Set it when states are restored. */
  steps = 0
  readonly #network: Network
  readonly #places: 'all' | 'used'

  /**
   * Allocates gradients and optimizer states in the network, and sets the states to zero.
   * @param sparseEmbeddings false: an update changes every row of an embedding, as the optimizer is defined; moments
   * decay and weights decay in rows whose gradient is zero too. true: it changes only rows used since the last update,
   * as PyTorch's SparseAdam and TensorFlow Addons' LazyAdam do (bias correction counts all updates), so that its cost
   * does not depend on the vocabulary. Results differ as soon as an update skips a row. Other parameters are not affected.
   */
  constructor(network: Network, options: OptimizerOptions, sparseEmbeddings = false) {
    this.options = completeOptimizer(options)
    this.regions = optimizerRegions(this.options)
    this.#network = network
    this.#places = sparseEmbeddings ? 'used' : 'all'
    network.prepareTraining(...this.regions)
    for (const region of this.regions)
      network.engine.kernels.zero(network.store.region(region), network.store.count)
  }

  /** One update. Each gradient is multiplied by `gradientScale`, so that clipping by norm needs no extra pass. */
  update(learningRate: number, gradientScale = 1): void {
    const { store, regions } = this.#network
    const [p, g] = [store.region('weights'), store.region('gradients')]
    const [first, second] = this.regions.map((region) => store.region(region))
    regions.walk(this.#places, WORK, this.#rule(p, g, first, second, learningRate, gradientScale))
    store.noteChange()
  }

  /** The kernel call of this step for a range that begins `at` bytes after each region's start. */
  #rule(p: number, g: number, first: number, second: number, rate: number, scale: number): Visit {
    const o = this.options
    const step = ++this.steps
    switch (o.type) {
      case 'sgd': {
        const [nesterov, isFirst] = [o.nesterov ? 1 : 0, step === 1 ? 1 : 0] as const
        return (kernels, at, count) =>
          kernels.sgd(
            p + at,
            g + at,
            first === undefined ? 0 : first + at,
            count,
            rate,
            o.momentum,
            nesterov,
            o.weightDecay,
            isFirst,
            scale,
          )
      }
      case 'rmsprop':
        return (kernels, at, count) =>
          kernels.rmsprop(p + at, g + at, first + at, count, rate, o.alpha, o.epsilon, o.weightDecay, scale)
      case 'adagrad':
        return (kernels, at, count) =>
          kernels.adagrad(p + at, g + at, first + at, count, rate, o.epsilon, o.weightDecay, scale)
      default: {
        const decoupled = o.type === 'adamw' ? 1 : 0
        const [c1, c2] = [1 - o.beta1 ** step, 1 - o.beta2 ** step]
        return (kernels, at, count) =>
          kernels.adam(
            p + at,
            g + at,
            first + at,
            second + at,
            count,
            rate,
            o.beta1,
            o.beta2,
            o.epsilon,
            o.weightDecay,
            decoupled,
            c1,
            c2,
            scale,
          )
      }
    }
  }
}

function requireRange(where: string, value: number, low: number, below: number): void {
  if (value >= low && value < below) return
  throwInvalid(
    where,
    below === Infinity ? `a number, ${low} or more` : `a number from ${low} to below ${below}`,
    String(value),
  )
}

function throwInvalid(where: string, expected: string, got: string): never {
  throw new UsageError({ where, expected, got })
}
