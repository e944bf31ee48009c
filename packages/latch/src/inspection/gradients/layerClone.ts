/**
 * A clone of one layer in one direction as a network of its own, with the same weights on the same engine, so that
 * the real kernels can run single steps. Its output is each sequence's last h (B, H).
 */
import { PackedBatch } from '../../tensors/packedBatch.ts'
import type { RecurrentOptions } from '../../layers/recurrent/recurrent.ts'
import { maskedFeatures } from '../../layers/features.ts'
import { maskedOneHot } from '../../layers/oneHot.ts'
import { internalsOf, Network } from '../../model/network.ts'
import { recurrentParts } from '../trace/recurrentParts.ts'

/** A layer's steps in the order in which it reads them. */
export interface ReadSteps {
  /** x_t (F), empty if there are `ids`. */
  inputs: readonly Float64Array[]
  /** One-hot inputs, else null. */
  ids: readonly number[] | null
  /** h_t (H). */
  hidden: readonly Float64Array[]
  /** c_t (H), null where the cell has none. */
  cell: readonly Float64Array[] | null
  /** Whether each step is masked; null where none is. */
  masked: readonly boolean[] | null
  /** The states before the first step; null: zeros. */
  initial: { readonly hidden: Float64Array; readonly cell: Float64Array | null } | null
}

interface Clone {
  network: Network
  revision: number
}

/** A clone opens an engine, so there is one per layer and direction. */
const clones = new WeakMap<Network, Map<string, Clone>>()

/** The clone of a recurrent layer's loop, with the present weights. */
export function layerClone(network: Network, layer: number, direction: number): Network {
  const known = clones.get(network) ?? new Map<string, Clone>()
  clones.set(network, known)
  const { revision } = internalsOf(network).store
  const key = `${layer} ${direction}`
  const clone = known.get(key)
  if (!clone) {
    const made = buildClone(network, layer, direction)
    known.set(key, { network: made, revision })
    return made
  }
  if (clone.revision !== revision) {
    const read = weightsOf(network, layer, direction)
    for (const parameter of clone.network.parameters)
      internalsOf(clone.network).store.write(parameter, read(parameter))
    clone.revision = revision
  }
  return clone.network
}

function buildClone(network: Network, recurrentLayer: number, direction: number): Network {
  const { layer, spec } = recurrentParts(network)[recurrentLayer]
  const { input } = layer
  const { definition, options } = spec
  const first = input.ids ? maskedOneHot({ vocabulary: input.width }) : maskedFeatures(input.width)
  const own = { definition, options: ownOptions(options as RecurrentOptions, direction) }
  const { name: engine, precision } = network.engine
  const weights = weightsOf(network, recurrentLayer, direction)
  const clone = new Network([first, own], { engine, precision, weights })
  clone.prepareTraining()
  return clone
}

/** The options of one loop, read forwards; the second of two may have its own functions. */
function ownOptions(options: RecurrentOptions, direction: number): RecurrentOptions {
  const { backward, merge: _, ...form } = options
  return { ...form, ...(direction === 1 ? backward : {}), direction: 'forward', returnSequences: false }
}

/** Reads a clone's parameter from the original. */
function weightsOf(network: Network, layer: number, direction: number) {
  const { store } = internalsOf(network)
  const { weightInput, weightHidden, biasInput, biasHidden, extra } =
    recurrentParts(network)[layer].layer.loops[direction].parameters
  const all = [weightInput, weightHidden, biasInput, biasHidden, extra].filter((p) => p !== null)
  return ({ name }: { name: string }) => store.read(all.find((p) => kindOf(p.name) === kindOf(name))!)
}

/** `weight_ih` of `recurrent.1.weight_ih_l0_reverse`. */
function kindOf(name: string): string {
  return name.slice(name.lastIndexOf('.') + 1).replace(/_l0(_reverse)?$/, '')
}

/** Writes the states that come before the first step, for as many copies of the sequence. */
export function writeInitial(clone: Network, batch: PackedBatch, { initial }: ReadSteps): void {
  if (!initial) return
  const copied = (state: Float64Array) => {
    const values = new Float64Array(batch.sequences * state.length)
    for (let b = 0; b < batch.sequences; b++) values.set(state, b * state.length)
    return values
  }
  clone.writeInitialState(batch, copied(initial.hidden))
  if (initial.cell) clone.writeInitialState(batch, copied(initial.cell), { state: 'cell' })
}

/** A batch of sequences of equal length for a clone: sequence b reads steps `at[b]`. */
export function cloneBatch(
  { inputs, ids, masked }: ReadSteps,
  at: readonly (readonly number[])[],
): PackedBatch {
  const counted = masked && at.map((steps) => steps.map((t) => !masked[t]))
  if (ids)
    return PackedBatch.ofIds(
      at.map((steps) => steps.map((t) => ids[t])),
      counted ?? undefined,
    )
  const [B, T, F] = [at.length, at[0].length, inputs[0].length]
  const features = new Float64Array(B * T * F)
  at.forEach((steps, b) => steps.forEach((t, i) => features.set(inputs[t], (b * T + i) * F)))
  return PackedBatch.ofFeatures(features, [B, T, F], undefined, counted?.flat())
}
