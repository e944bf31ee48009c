/** States that go on from one sequence to the next, as Keras' `stateful` layers keep them. */
import type { PackedBatch } from '../../tensors/packedBatch.ts'
import type { StateName } from '../../layers/recurrent/recurrent.ts'
import type { Network } from '../../model/network.ts'

interface SavedState {
  layer: number
  state: StateName
  direction: number
  values: Float64Array
}

/** The states of all recurrent layers and directions after the last sequence. */
export class CarriedStates {
  readonly #network: Network
  #saved: SavedState[] = []

  constructor(network: Network) {
    this.#network = network
  }

  /** The next pass of this batch of one starts from them. */
  write(batch: PackedBatch): void {
    for (const { values, ...place } of this.#saved) this.#network.writeInitialState(batch, values, place)
  }

  /** Saves what the last pass, of this batch, ended with. */
  read(batch: PackedBatch): void {
    this.#saved = this.#network.recurrent.flatMap(({ cell, loops }, layer) =>
      loops.flatMap((_, direction) =>
        cell.stateNames.map((name): SavedState => {
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
  reset(): void {
    this.#saved = []
  }
}
