/**
 * Reads a trace off the tape of BPTT: one forward pass, one backward pass of the loss, and what both
 * left behind. No second implementation of any cell; the outputs "if the text ended here" are the
 * network's own answers for every prefix.
 */
import type { CellName } from '../cells/cell.ts'
import type { Targets } from '../layers/loss.ts'
import type { Hold } from '../layers/holds.ts'
import type { Pass } from '../layers/layer.ts'
import { PackedBatch } from '../layers/packed.ts'
import type { LayerOptions } from '../model/config.ts'
import { Network } from '../model/network.ts'
import { ShapeError } from '../tensor/errors.ts'
import { plainLosses, type PlainLoss } from './plainLoss.ts'
import { readLevels } from './tapeReader.ts'
import { linkTrace, needRecurrent, type AnySequenceTrace } from './traceLink.ts'
import type { SequenceTrace } from './traceTypes.ts'

export type { SequenceTrace } from './traceTypes.ts'

/** How "keeps" is to be read, by cell. */
export const KEEPS_CONVENTION: { readonly [C in CellName]: string } = {
  rnn: 'a simple RNN has no gate: it overwrites its memory at every step',
  lstm: 'keeps = mean of the forget gate f: c = f∘c₋₁ + i∘g',
  gru: 'keeps = mean of the update gate z, which keeps the old here: h = z∘h₋₁ + (1−z)∘n',
}

/** Prefixes go through the network together, as many as make about this many steps. */
const ROWS_AT_ONCE = 8192

/**
 * Traces one sequence (token ids, or a batch of one) through a network with recurrent layers.
 * @param targets what the loss compares with, for the gradients ∂L/∂h_t and ∂L/∂c_t
 * @param holds gates and states held fixed, by layer and direction (see `intervene`, which checks them)
 * @throws UnsupportedError for a network without recurrent layers; ShapeError for more than one sequence
 */
export function traceSequence(
  network: Network,
  input: ArrayLike<number> | PackedBatch,
  targets: Targets,
  holds?: readonly Hold[],
): SequenceTrace {
  needRecurrent('trace', network)
  const batch = input instanceof PackedBatch ? input : PackedBatch.ofIds([input])
  if (batch.sequences !== 1) {
    throw new ShapeError({ where: 'trace', expected: 'one sequence', got: `${batch.sequences}` })
  }
  return traceBatch(network, batch, targets, holds)[0]
}

/**
 * Traces all sequences of a batch in one pass forward and one back: a trace each, in the order of the door,
 * steps in the order of the text. Losses and gradients are each sequence's own, as if it were alone.
 * @param targets as for `network.backward`, or null: then there are no gradients
 * @param holds gates and states held fixed in each sequence; such traces are not linked to the weights
 * @throws UnsupportedError for a network without recurrent layers; UsageError for targets without a loss
 */
export function traceBatch(
  network: Network,
  batch: PackedBatch,
  targets: Targets,
  holds?: readonly Hold[],
): SequenceTrace[]
export function traceBatch(
  network: Network,
  batch: PackedBatch,
  targets: null,
  holds?: readonly Hold[],
): SequenceTrace<null>[]
export function traceBatch(
  network: Network,
  batch: PackedBatch,
  targets: Targets | null,
  holds?: readonly Hold[],
): AnySequenceTrace[]
export function traceBatch(
  network: Network,
  batch: PackedBatch,
  targets: Targets | null,
  holds: readonly Hold[] = [],
): AnySequenceTrace[] {
  needRecurrent('trace', network)
  network.prepareTraining()
  const { segment } = network
  const pass = { training: false, record: targets !== null, key: 0, holds }
  // A trace reads the whole tape.
  network.segment = null
  try {
    network.forward(batch, pass)
    const output = network.readOutput(batch)
    const linked = holds.length === 0
    if (!targets) return tracesOf(network, batch, output, null, linked)
    network.zeroGradients()
    // The sum leaves each sequence its own gradient, to be divided by its own weight.
    network.backward(batch, targets, pass, true, 'sum')
    const losses = plainLosses(network, batch, output, targets)
    network.zeroGradients()
    return tracesOf(network, batch, output, losses, linked)
  } finally {
    network.segment = segment
  }
}

function tracesOf(
  network: Network,
  batch: PackedBatch,
  output: Float64Array,
  losses: readonly PlainLoss[] | null,
  linked: boolean,
): AnySequenceTrace[] {
  const traces = new Array<AnySequenceTrace>(batch.sequences)
  for (let b = 0; b < batch.sequences; b++) {
    const sequence = batch.order[b]
    const loss = losses && losses[sequence]
    const trace = {
      ...outputsOf(network, batch, output, b),
      loss: loss && loss.mean,
      levels: readLevels(network, batch, b, loss && (loss.weight > 0 ? 1 / loss.weight : 0)),
    } as AnySequenceTrace
    // The weights do not explain numbers that were held.
    if (linked) linkTrace(trace, network)
    traces[sequence] = trace
  }
  return traces
}

function outputsOf(network: Network, batch: PackedBatch, output: Float64Array, b: number) {
  const { width, per } = network.output
  const [sequence, T] = [batch.order[b], batch.lengths[b]]
  const row = (at: number, count = 1) => output.slice(at * width, (at + count) * width)
  if (per === 'sequence') return { output: row(sequence), outputs: null }
  const first = sequence * batch.steps
  return { output: row(first, T), outputs: Array.from({ length: T }, (_, t) => row(first + t)) }
}

/**
 * The network's outputs at the end of every prefix of a sequence: T rows of C. Where it reads forwards
 * only, one pass gives them all, to the same bits; else each prefix is read by itself.
 */
export function prefixOutputs(
  network: Network,
  ids: ArrayLike<number>,
  holds: readonly Hold[] = [],
): Float64Array[] {
  const once = answeringEveryStep(network)
  const pass = { training: false, record: false, key: 0, holds }
  if (!once) return prefixByPrefix(network, Array.from(ids), pass)
  const batch = PackedBatch.ofIds([ids])
  once.forward(batch, pass)
  const out = once.readOutput(batch)
  const { width } = once.output
  return Array.from({ length: batch.steps }, (_, t) => out.slice(t * width, (t + 1) * width))
}

/** The same weights answering at every step; null where a step's answer would hang on what follows it. */
function answeringEveryStep(network: Network): Network | null {
  const { layers } = network.config
  const top = layers.findLastIndex(({ type }) => type === 'recurrent')
  const forwards = layers.every((layer) => layer.type !== 'recurrent' || layer.direction !== 'bidirectional')
  const plain = layers.slice(top + 1).every(({ type }) => type === 'dense' || type === 'dropout')
  if (top < 0 || !forwards || !plain) return null
  if (network.output.per === 'step') return network
  const twin = everyStep.get(network)
  if (!twin) return twinOf(network, top)
  for (const { name } of twin.parameters) {
    twin.store.write(twin.store.find(name), network.store.read(network.store.find(name)))
  }
  return twin
}

/** One twin a network, however many texts are traced: each opens an engine. */
const everyStep = new WeakMap<Network, Network>()

function twinOf(network: Network, top: number): Network {
  const { engine, config, store } = network
  const layers = config.layers.map((layer, i) => (i === top ? { ...layer, outputs: 'every' } : layer))
  const twin = new Network(
    { layers: layers as LayerOptions[] },
    { engine: engine.name, precision: engine.precision, weights: ({ name }) => store.read(store.find(name)) },
  )
  everyStep.set(network, twin)
  return twin
}

function prefixByPrefix(network: Network, all: number[], pass: Pass): Float64Array[] {
  const outputs: Float64Array[] = []
  const { width, per } = network.output
  const atOnce = Math.max(1, Math.floor(ROWS_AT_ONCE / all.length))
  for (let from = 0; from < all.length; from += atOnce) {
    const to = Math.min(all.length, from + atOnce)
    const prefixes = Array.from({ length: to - from }, (_, i) => all.slice(0, from + i + 1))
    const batch = PackedBatch.ofIds(prefixes)
    network.forward(batch, pass)
    const out = network.readOutput(batch)
    prefixes.forEach((prefix, i) => {
      const at = (per === 'step' ? i * batch.steps + prefix.length - 1 : i) * width
      outputs.push(out.slice(at, at + width))
    })
  }
  return outputs
}
