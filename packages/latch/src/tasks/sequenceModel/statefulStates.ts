/** States that are kept from one sequence to the next, as with Keras' `stateful` layers. */
import type { PackedBatch } from '../../tensors/packedBatch.ts'
import type { StateName } from '../../layers/recurrent/recurrent.ts'
import { internalsOf, type Network } from '../../model/network.ts'

interface SavedState {
  layer: number
  state: StateName
  direction: number
  values: Float64Array
}

/** The states of all recurrent layers and directions after the last sequence. */
export class StatefulStates {
  readonly #network: Network
  #saved: SavedState[] = []

  constructor(network: Network) {
    this.#network = network
  }

  /** Sets the initial states of the next forward pass, of a batch of one. */
  write(batch: PackedBatch): void {
    for (const { values, ...place } of this.#saved) this.#network.writeInitialState(batch, values, place)
  }

  /** Saves the final states of the last forward pass, of this batch. */
  read(batch: PackedBatch): void {
    this.#saved = internalsOf(this.#network).recurrent.flatMap(({ cell, loops }, layer) =>
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

  /** Resets the states to zeros. */
  reset(): void {
    this.#saved = []
  }
}
