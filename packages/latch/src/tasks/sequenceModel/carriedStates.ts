/** States that go on from one sequence to the next, as Keras' `stateful` layers keep them. */
import type { PackedBatch } from '../../tensors/packedBatch.ts'
import type { StateName } from '../../layers/recurrent/recurrent.ts'
import type { Network } from '../../model/network.ts'

interface Kept {
  layer: number
  state: StateName
  direction: number
  values: Float64Array
}

/** The states of all recurrent layers and directions after the last sequence. */
export class CarriedStates {
  readonly #network: Network
  #kept: Kept[] = []

  constructor(network: Network) {
    this.#network = network
  }

  /** The batch of one that comes next starts from them. */
  give(batch: PackedBatch): void {
    for (const { values, ...place } of this.#kept) this.#network.writeInitialState(batch, values, place)
  }

  /** Keeps what the last pass, of this batch, ended with. */
  take(batch: PackedBatch): void {
    this.#kept = this.#network.recurrent.flatMap(({ cell, loops }, layer) =>
      loops.flatMap((_, direction) =>
        cell.stateNames.map((name): Kept => {
          const state = name as StateName
          return {
            layer,
            state,
            direction,
            values: this.#network.readFinalState(batch, { layer, state, direction }),
          }
        }),
      ),
    )
  }

  /** Back to the beginning: zeros. */
  forget(): void {
    this.#kept = []
  }
}
