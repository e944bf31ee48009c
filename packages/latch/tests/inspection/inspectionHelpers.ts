/** Small networks for inspection tests, in float64 on the plain engine, with weights that keep no gate near its middle. */
import type { Targets } from '../../src/layers/loss.ts'
import type { LayerOptions, NetworkConfig } from '../../src/model/config.ts'
import { internalsOf, type Network, type NetworkOptions } from '../../src/model/network.ts'
import { network } from '../networks.ts'
import type { PackedBatch } from '../../src/tensors/packedBatch.ts'
import { Random } from '../../src/core/random.ts'
import { greatestDifference } from '../closeTo.ts'

export const VOCABULARY = 7
export const embedding: LayerOptions = { type: 'embedding', vocabulary: VOCABULARY, size: 5 }
export const oneHot: LayerOptions = { type: 'oneHot', vocabulary: VOCABULARY }
export const dense: LayerOptions = { type: 'dense', units: 3 }
export const exact: NetworkOptions = { engine: 'reference', precision: 'float64' }

/** Every form of every cell. */
export const forms = [
  ['rnn tanh', { cell: 'rnn' }],
  ['rnn relu', { cell: 'rnn', activation: 'relu' }],
  ['lstm', { cell: 'lstm' }],
  ['gru, reset after', { cell: 'gru' }],
  ['gru, reset before', { cell: 'gru', reset: 'before' }],
] as const

export const recurrent = (options: object): LayerOptions =>
  ({ type: 'recurrent', cell: 'lstm', units: 4, returnSequences: false, ...options }) as LayerOptions

/** A network with random weights in ±`scale`. */
export function randomNetwork(
  layers: readonly LayerOptions[],
  options: NetworkOptions & { loss?: NetworkConfig['loss'] | null; scale?: number } = {},
): Network {
  const { loss = { type: 'softmaxCrossEntropy' }, scale = 0.9, ...rest } = options
  const made = network(layers, { ...exact, ...rest, ...(loss ? { loss } : {}) })
  const random = new Random(5, 'inspection')
  for (const parameter of made.parameters) {
    internalsOf(made).store.write(
      parameter,
      Float64Array.from({ length: parameter.size }, () => random.between(-scale, scale)),
    )
  }
  return made
}

/** Token ids of a sequence. */
export const idsOf = (length: number, seed = 0): number[] =>
  Array.from({ length }, (_, t) => (seed * 3 + t * t + t) % VOCABULARY)

/** The batch's gradients of all parameters by name, of the plain mean loss. */
export function gradientsOf(made: Network, batch: PackedBatch, targets: Targets): Map<string, Float64Array> {
  made.prepareTraining()
  const pass = { training: false, record: false, key: 0 }
  made.forward(batch, pass)
  made.zeroGradients()
  made.backward(batch, targets, pass, true)
  const read = new Map(
    made.parameters.map(
      (p) => [p.name, Float64Array.from(internalsOf(made).store.read(p, 'gradients'))] as const,
    ),
  )
  made.zeroGradients()
  return read
}

/** The greatest difference, relative to the largest number wanted. */
export function distance(got: ArrayLike<number>, wanted: ArrayLike<number>): number {
  const largest = Array.from(wanted).reduce((most, x) => Math.max(most, Math.abs(x)), 0)
  return greatestDifference(got, wanted) / (largest || 1)
}

export const dot = (a: Float64Array, b: Float64Array): number => a.reduce((sum, x, i) => sum + x * b[i], 0)
