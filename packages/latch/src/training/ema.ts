/**
 * Exponential moving average of the weights (Polyak & Juditsky 1992). Its decay grows from 2/11 to the limit, so
 * that the random initial weights are forgotten early. Validation uses the average, and the average is kept.
 */
import { internalsOf, type Network } from '../model/network.ts'
import { TrainedParts } from './gradients/trainedParts.ts'

export const EMA_REGION = 'ema'

const CHUNK = 4096
/** Approximate cost of an element, in float loads. */
const WORK = 2

/** The exponential moving average of a network's weights. */
export class ExponentialMovingAverage {
  /** The greatest decay. */
  readonly decay: number
  readonly #network: Network
  readonly #parts: TrainedParts

  /**
   * Starts at the network's present weights.
   * @param frozen names of layers or parameters that do not change
   * @throws UsageError for an unknown name, and while a training of the network is under way
   */
  constructor(network: Network, decay: number, frozen: readonly string[] = []) {
    internalsOf(network).runs.begin('ExponentialMovingAverage')()
    this.decay = decay
    this.#network = network
    this.#parts = new TrainedParts(network, frozen)
    internalsOf(network).prepareTraining(EMA_REGION)
    internalsOf(network).store.copy(EMA_REGION, 'weights')
  }

  /** average = d·average + (1 − d)·weights, d = min(decay, (1 + step) / (10 + step)), after `step` updates. */
  update(step: number): void {
    const { store } = internalsOf(this.#network)
    const decay = Math.min(this.decay, (1 + step) / (10 + step))
    const [average, weights] = [store.region(EMA_REGION), store.region('weights')]
    this.#parts.walk('all', WORK, (kernels, offset, count) =>
      kernels.average(average + offset, weights + offset, count, decay),
    )
    // Averages already.
    for (const one of this.#parts.statistics) store.write(one, store.read(one), EMA_REGION)
  }

  /** Ends freezing: the average follows all parameters from here on. */
  release(): void {
    this.#parts.release()
  }

  /** Exchanges weights and average: call it before validation and again after it. */
  swap(): void {
    const { store, engine } = internalsOf(this.#network)
    const weights = engine.memory.viewFloats(store.region('weights'), store.count)
    const average = engine.memory.viewFloats(store.region(EMA_REGION), store.count)
    for (let from = 0; from < store.count; from += CHUNK) {
      const chunk = weights.slice(from, from + CHUNK)
      weights.set(average.subarray(from, from + CHUNK), from)
      average.set(chunk, from)
    }
    store.noteChange()
  }
}
