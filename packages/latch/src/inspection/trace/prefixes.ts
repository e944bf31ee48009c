/**
 * The outputs "if the text ended here": the network's own answers for every prefix of a sequence.
 */
import { isTrainingOnly } from '../../layers/regularisation/trainingOnly.ts'
import type { Overrides } from '../../layers/recurrent/overrides.ts'
import type { Pass } from '../../layers/layer.ts'
import { PackedBatch } from '../../tensors/packedBatch.ts'
import { leastSteps } from '../../model/outputBatch.ts'
import { internalsOf, Network } from '../../model/network.ts'
import { batchOfSteps } from './stepBatch.ts'

/** Whether the network answers prefixes of these lengths: it takes sequences of any length, and none is too short for a layer. */
export function answersPrefixes(network: Network, ends: readonly number[]): boolean {
  if (internalsOf(network).layers.some(({ takesOneLength }) => takesOneLength)) return false
  const least = leastSteps(network)
  return ends.every((end) => end >= least)
}

/** Prefixes go through the network together, as many as make about this many steps. */
const ROWS_AT_ONCE = 8192

/**
 * The network's outputs at the end of every prefix of a sequence (ids, or a batch of one): T rows of C. Where it
 * reads forwards only, one pass gives them all, to the same bits; else each prefix is read by itself.
 * @param ends the lengths of the prefixes. Default 1 … T
 * @throws ShapeError for a prefix that is too short for a layer, or where sequences must have one length
 */
export function prefixOutputs(
  network: Network,
  input: ArrayLike<number> | PackedBatch,
  ends?: readonly number[],
): Float64Array[] {
  return prefixOutputsWith(network, input, undefined, ends)
}

/** The same with gates and states held fixed. */
export function prefixOutputsWith(
  network: Network,
  input: ArrayLike<number> | PackedBatch,
  overrides?: Overrides,
  ends?: readonly number[],
): Float64Array[] {
  const once = networkWithEveryStep(network)
  const pass = { training: false, record: false, key: 0, overrides }
  const batch = input instanceof PackedBatch ? input : PackedBatch.ofIds([input])
  const all = ends ?? Array.from({ length: batch.steps }, (_, t) => t + 1)
  if (!once) return prefixByPrefix(network, batch, pass, all)
  once.forward(batch, pass)
  const out = once.readOutput(batch)
  const { width } = once.output
  return all.map((end) => out.slice((end - 1) * width, end * width))
}

/** The same weights answering at every step; null where a step's answer would hang on what follows it. */
function networkWithEveryStep(network: Network): Network | null {
  const { layers } = network.config
  const top = layers.findLastIndex(({ type }) => type === 'recurrent')
  const forwards = internalsOf(network).layers.every(({ needsWholeSequence }) => !needsWholeSequence)
  const plain = layers.slice(top + 1).every(({ type }) => type === 'dense' || isTrainingOnly(type))
  if (top < 0 || !forwards || !plain) return null
  if (network.output.per === 'step') return network
  const known = clones.get(network)
  if (!known) return buildClone(network, top)
  const { clone, revision } = known
  if (revision === internalsOf(network).store.revision) return clone
  for (const { name } of clone.parameters) clone.writeParameter(name, network.readParameter(name))
  clones.set(network, { clone, revision: internalsOf(network).store.revision })
  return clone
}

/** One clone a network, however many texts are traced (each opens an engine), and whose weights it has. */
const clones = new WeakMap<Network, { clone: Network; revision: number }>()

function buildClone(network: Network, top: number): Network {
  const { engine, specs, store } = internalsOf(network)
  const layers = specs.map((spec, i) =>
    i === top ? { ...spec, options: { ...spec.options, returnSequences: true } } : spec,
  )
  const clone = new Network(layers, {
    engine: engine.name,
    precision: engine.precision,
    weights: ({ name }) => store.read(store.find(name)),
  })
  clones.set(network, { clone, revision: store.revision })
  return clone
}

function prefixByPrefix(
  network: Network,
  whole: PackedBatch,
  pass: Pass,
  ends: readonly number[],
): Float64Array[] {
  const outputs: Float64Array[] = []
  const { width, per } = network.output
  const { steps: T } = whole
  const atOnce = Math.max(1, Math.floor(ROWS_AT_ONCE / T))
  const all = Array.from({ length: T }, (_, t) => t)
  for (let from = 0; from < ends.length; from += atOnce) {
    const lengths = ends.slice(from, from + atOnce)
    const prefixes = batchOfSteps(
      whole,
      lengths.map((length) => all.slice(0, length)),
    )
    const { steps, lengths: own, sortedIndices } = network.forward(prefixes, pass)
    const out = network.readOutput(prefixes)
    sortedIndices.forEach((i, b) => {
      const at = (per === 'step' ? i * steps + own[b] - 1 : i) * width
      outputs[from + i] = out.slice(at, at + width)
    })
  }
  return outputs
}
