/**
 * Optimizers by PyTorch's definitions and defaults. Parameters, gradients and each state lie in regions
 * of one layout, so an update is one walk over the whole network.
 */
import { addUpdates } from '../engine/reference/updates.ts'
import { internalsOf, type Network } from '../model/network.ts'
import { eachElementRange } from '../tensors/elements.ts'
import { TrainedParts } from './gradients/trainedParts.ts'
import type { OptimizerDefinition, Step } from './optimizers/definition.ts'
import { throwInvalid } from './optimizers/definition.ts'
import { OPTIMIZERS, type OptimizerOptions, type OptimizerType } from './optimizers/table.ts'
import { assertKnownOptions } from '../core/knownNames.ts'

export type { OptimizerOptions, OptimizerType } from './optimizers/table.ts'

type Complete<Options> = Options extends unknown ? Required<Options> : never

/** Every field set, in one order, so that two of them can be compared as text. */
export type CompleteOptimizer = Complete<OptimizerOptions>

/** Default learning rate of each optimizer. */
export const DEFAULT_LEARNING_RATES = Object.fromEntries(
  Object.entries(OPTIMIZERS).map(([type, { learningRate }]) => [type, learningRate]),
) as { readonly [Type in OptimizerType]: number }

/** The definition that belongs to options of any type. */
function definitionOf({ type }: { type: OptimizerType }): OptimizerDefinition<CompleteOptimizer> {
  if (Object.hasOwn(OPTIMIZERS, type)) return OPTIMIZERS[type] as never
  const names = Object.keys(OPTIMIZERS)
  return throwInvalid('optimizer.type', `${names.slice(0, -1).join(', ')} or ${names.at(-1)}`, String(type))
}

/** Fills in the defaults. @throws UsageError for an unknown name, and for a value outside its range. */
export function completeOptimizer(options: OptimizerOptions): CompleteOptimizer {
  const { options: readers, check } = definitionOf(options)
  const read = Object.entries(readers).map(([name, reader]) => {
    const value = (options as unknown as Record<string, unknown>)[name]
    return [name, reader(`optimizer.${name}`, value)]
  })
  const complete = { type: options.type, ...Object.fromEntries(read) } as CompleteOptimizer
  check?.(complete)
  assertKnownOptions(`optimizer option (${complete.type})`, options, complete)
  return complete
}

/** Names of the regions that hold an optimizer's states. */
export function optimizerRegions(options: CompleteOptimizer): readonly string[] {
  return definitionOf(options)
    .states(options)
    .map((name) => `optimizer.${name}`)
}

/** Approximate cost of one element of an update, in float loads (roots and divisions included). */
const WORK = 10

/** An optimizer of one network's parameters. */
export class Optimizer {
  readonly options: CompleteOptimizer
  /** Updates made. Set it when states are restored. */
  steps = 0
  readonly #network: Network
  readonly #parts: TrainedParts
  readonly #regions: readonly string[]
  readonly #places: 'all' | 'used'

  /**
   * Allocates gradients and optimizer states in the network, and sets the states to zero.
   * @param sparseEmbeddings false: an update changes every row of an embedding, as the optimizer is defined; moments
   * decay and weights decay in rows whose gradient is zero too. true: it changes only rows used since the last update,
   * as PyTorch's SparseAdam and TensorFlow Addons' LazyAdam do (bias correction counts all updates), so that its cost
   * does not depend on the vocabulary. Results differ as soon as an update skips a row. Other parameters are not affected.
   * @param frozen names of layers or parameters that updates leave as they are
   * @throws UsageError for an option, and while a training of the network is under way, which has states of its own
   */
  constructor(
    network: Network,
    options: OptimizerOptions,
    sparseEmbeddings = false,
    frozen: readonly string[] = [],
  ) {
    internalsOf(network).runs.begin('Optimizer')()
    this.options = completeOptimizer(options)
    addUpdates(internalsOf(network).engine.kernels)
    this.#regions = optimizerRegions(this.options)
    this.#network = network
    this.#parts = new TrainedParts(network, frozen)
    this.#places = sparseEmbeddings ? 'used' : 'all'
    internalsOf(network).prepareTraining(...this.#regions)
    const initial = definitionOf(this.options).initial?.(this.options) ?? 0
    for (const region of this.#regions) this.#array(region).fill(initial)
  }

  /**
   * One update. Each gradient is multiplied by `gradientScale`, so that clipping by norm needs no extra pass.
   * @throws UsageError for a rate that is not finite in the engine's precision
   */
  update(learningRate: number, gradientScale = 1): void {
    const { engine, store } = internalsOf(this.#network)
    const rate = engine.precision === 'float32' ? Math.fround(learningRate) : learningRate
    if (!Number.isFinite(rate))
      throwInvalid(
        'Optimizer.update',
        `a learning rate that is finite in ${engine.precision}`,
        `${learningRate}`,
      )
    const update = definitionOf(this.options).update(this.options, this.#step(learningRate, gradientScale))
    if ('kernel' in update) this.#parts.walk(this.#places, WORK, update.kernel)
    else eachElementRange(engine, this.#parts, this.#places, update.loop)
    store.noteChange()
  }

  #step(rate: number, scale: number): Step {
    const { store } = internalsOf(this.#network)
    return {
      number: ++this.steps,
      rate,
      scale,
      weights: store.region('weights'),
      gradients: store.region('gradients'),
      states: this.#regions.map((region) => store.region(region)),
      arrays: () => ({
        weights: this.#array('weights'),
        gradients: this.#array('gradients'),
        states: this.#regions.map((region) => this.#array(region)),
      }),
    }
  }

  #array(region: string): Float32Array | Float64Array {
    const { engine, store } = internalsOf(this.#network)
    return engine.memory.viewFloats(store.region(region), store.count)
  }
}
