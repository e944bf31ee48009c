/**
 * Averages of the weights (Polyak & Juditsky 1992). An exponential one, whose decay grows from 2/11 to the limit, so
 * that the random initial weights are forgotten early; or the plain mean of all weights since validation got no better
 * (NT-ASGD: Merity et al. 2018). Validation uses the average, and the average is kept.
 */
import { internalsOf, type Network } from '../model/network.ts'
import { TrainedParts } from './gradients/trainedParts.ts'

export const EMA_REGION = 'ema'

const CHUNK = 4096
/** Approximate cost of an element, in float loads. */
const WORK = 2

/** How weights are averaged: the greatest decay of an exponential average, or a mean that begins when validation says so. */
export type Averaging = number | 'ntAsgd'

/** Epochs that may be without a lower validation loss before the mean begins. */
export const NON_MONOTONE_EPOCHS = 5

/**
 * After how many updates the mean begins: those of the first epoch whose validation loss is above the lowest of the epochs
 * more than five before it; null: not yet.
 */
export function meanBegins(losses: readonly (number | null)[], stepsPerEpoch: number): number | null {
  const epoch = losses.findIndex((loss, e) => {
    const before = losses.slice(0, Math.max(0, e - NON_MONOTONE_EPOCHS))
    return loss !== null && before.some((earlier) => earlier !== null && loss > earlier)
  })
  return epoch < 0 ? null : (epoch + 1) * stepsPerEpoch
}

/** An average of a network's weights. */
export class ExponentialMovingAverage {
  /** The greatest decay, or `ntAsgd`. */
  readonly decay: Averaging
  /** Of `ntAsgd`: after how many updates the mean begins; until then it is the weights. */
  begins: number | null = null
  readonly #network: Network
  readonly #parts: TrainedParts

  /**
   * Starts at the network's present weights.
   * @param frozen names of layers or parameters that do not change
   * @throws UsageError for an unknown name, and while a training of the network is under way
   */
  constructor(network: Network, decay: Averaging, frozen: readonly string[] = []) {
    internalsOf(network).runs.begin('ExponentialMovingAverage')()
    this.decay = decay
    this.#network = network
    this.#parts = new TrainedParts(network, frozen)
    internalsOf(network).prepareTraining(EMA_REGION)
    internalsOf(network).store.copy(EMA_REGION, 'weights')
  }

  /**
   * average = d·average + (1 − d)·weights, d = min(decay, (1 + step) / (10 + step)), after `step` updates; of the mean of n
   * weights, d = 1 − 1/n.
   */
  update(step: number): void {
    const { store } = internalsOf(this.#network)
    const decay =
      this.decay === 'ntAsgd'
        ? 1 - 1 / Math.max(1, step - (this.begins ?? step))
        : Math.min(this.decay, (1 + step) / (10 + step))
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

  /** Of `ntAsgd`: finds where the mean begins, in the epochs so far. */
  follow(history: readonly { validationLoss: number | null }[], stepsPerEpoch: number): void {
    const losses = history.map(({ validationLoss }) => validationLoss)
    this.begins = meanBegins(losses, stepsPerEpoch)
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
