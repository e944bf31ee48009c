/**
 * The moving average of the weights (Polyak & Juditsky 1992), with a decay that grows from 2/11 to its
 * limit, so that the first, random weights are soon forgotten. The average is what is validated and kept.
 */
import type { Network } from '../model/network.ts'

export const AVERAGE_REGION = 'average'

const CHUNK = 4096
/** Float loads that an element takes, about. */
const WORK = 2

/** A moving average of a network’s weights. */
export class WeightAverage {
  readonly limit: number
  readonly #network: Network

  /** Begins at the network's present weights. */
  constructor(network: Network, limit: number) {
    this.limit = limit
    this.#network = network
    network.prepareTraining(AVERAGE_REGION)
    network.store.copy(AVERAGE_REGION, 'weights')
  }

  /** average = d·average + (1 − d)·weights, d = min(limit, (1 + step) / (10 + step)); `step` updates were made. */
  update(step: number): void {
    const { store, regions } = this.#network
    const decay = Math.min(this.limit, (1 + step) / (10 + step))
    const [average, weights] = [store.region(AVERAGE_REGION), store.region('weights')]
    regions.walk('all', WORK, (kernels, offset, count) =>
      kernels.average(average + offset, weights + offset, count, decay),
    )
  }

  /** Exchanges weights and average: once to validate, once more to train on. */
  swap(): void {
    const { store, engine } = this.#network
    const weights = engine.memory.viewFloats(store.region('weights'), store.count)
    const average = engine.memory.viewFloats(store.region(AVERAGE_REGION), store.count)
    for (let from = 0; from < store.count; from += CHUNK) {
      const held = weights.slice(from, from + CHUNK)
      weights.set(average.subarray(from, from + CHUNK), from)
      average.set(held, from)
    }
    store.noteChange()
  }
}
