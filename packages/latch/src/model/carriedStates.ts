/**
 * Recurrent states that go on from one batch to the next: Keras' `stateful` layers, and training on a long sequence that
 * is cut into segments (truncated backpropagation through time).
 */
import { UnsupportedError } from '../core/errors.ts'
import type { StateName } from '../layers/recurrent/recurrent.ts'
import type { PackedBatch } from '../tensors/packedBatch.ts'
import { internalsOf, type Network } from './network.ts'

/** One state of one recurrent layer and direction. */
export interface CarriedState {
  /** The layer's name and the state's: `recurrent.0.hidden`; of a second direction with `_reverse`. */
  readonly name: string
  readonly layer: number
  readonly state: StateName
  readonly direction: number
  /** H. */
  readonly width: number
}

/** Layers that keep nothing from step to step, besides recurrent ones. */
const STATELESS: readonly string[] = [
  'embedding',
  'oneHot',
  'features',
  'dense',
  'dropout',
  'activationPenalty',
  'activation',
  'layerNorm',
  'batchNorm',
  'concat',
  'merge',
  'masking',
  'zeroMasked',
]

/** The states of all recurrent layers and directions after the last batch. */
export class CarriedStates {
  /** Every state, lowest layer first. */
  readonly states: readonly CarriedState[]
  readonly #network: Network
  /** The values (B, H) of each state, in the order of `states`; empty: all are zero. */
  values: readonly Float64Array[] = []

  constructor(network: Network) {
    this.#network = network
    this.states = internalsOf(network).recurrent.flatMap(({ name, cell, loops, units }, layer) =>
      loops.flatMap((_, direction) =>
        cell.stateNames.map((stateName): CarriedState => {
          const state = stateName as StateName
          const side = direction ? '_reverse' : ''
          return { name: `${name}.${state}${side}`, layer, state, direction, width: units }
        }),
      ),
    )
  }

  /** Puts the states of these sequences in place of all; -1: states of zero. */
  pick(sequences: Int32Array): void {
    this.values = this.values.map((values, k) => {
      const { width } = this.states[k]
      const picked = new Float64Array(sequences.length * width)
      sequences.forEach((from, to) => {
        if (from >= 0) picked.set(values.subarray(from * width, (from + 1) * width), to * width)
      })
      return picked
    })
  }

  /** Sets the initial states of the next forward pass: those of as many sequences as the batch has. */
  write(batch: PackedBatch): void {
    this.values.forEach((values, k) => {
      const { width, ...place } = this.states[k]
      this.#network.writeInitialState(batch, values.subarray(0, batch.sequences * width), place)
    })
  }

  /** Keeps the final states of the last forward pass, of this batch. */
  read(batch: PackedBatch): void {
    this.values = this.states.map((place) => this.#network.readFinalState(batch, place))
  }

  /** Resets the states to zeros. */
  reset(): void {
    this.values = []
  }
}

/**
 * @throws UnsupportedError for a network with a layer whose state does not go on from one batch to the next, or with one
 * output for each sequence
 */
export function assertCarriesStates(where: string, network: Network): void {
  const { layers } = internalsOf(network)
  const expected = 'layers that read forwards and answer at every step'
  const wrong = layers.find(({ type, needsWholeSequence }) => {
    return needsWholeSequence !== undefined || (type !== 'recurrent' && !STATELESS.includes(type))
  })
  if (wrong) throw new UnsupportedError({ where, expected, got: wrong.name })
  if (network.output.per === 'step') return
  throw new UnsupportedError({ where, expected, got: 'one output for each sequence' })
}
