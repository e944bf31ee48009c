/**
 * Reads a trace off the tape of BPTT: one forward pass, one backward pass of the loss, and what both
 * left behind. No second implementation of any cell; the outputs "if the text ended here" are the
 * network's own answers for every prefix.
 */
import type { CellName } from '../cells/cell.ts'
import type { Targets } from '../layers/loss.ts'
import { PackedBatch } from '../layers/packed.ts'
import type { RecurrentLayer } from '../layers/recurrent.ts'
import type { TimeLoop } from '../layers/timeLoop.ts'
import type { LayerOptions } from '../model/config.ts'
import { Network } from '../model/network.ts'
import { ShapeError, UnsupportedError } from '../tensor/errors.ts'
import type { CellStep, TraceLevel } from './traceTypes.ts'

/** What the tape says about one sequence, before a task gives tokens and labels their names. */
export interface SequenceTrace {
  /** The network's output for the whole sequence: (C), or (T, C) where it answers every step. */
  output: Float64Array
  /** Without label smoothing and class weights; so are the gradients. */
  loss: number
  levels: TraceLevel[]
}

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
 * @throws UnsupportedError for a network without recurrent layers
 */
export function traceSequence(
  network: Network,
  input: ArrayLike<number> | PackedBatch,
  targets: Targets,
): SequenceTrace {
  if (network.recurrent.length === 0) {
    throw new UnsupportedError({
      where: 'trace',
      expected: 'a network with a recurrent layer',
      got: `layers ${network.config.layers.map((layer) => layer.type).join(', ')}`,
      remedy: 'A feed-forward net has no steps to follow; train with cell rnn, lstm or gru.',
    })
  }
  network.prepareTraining()
  const batch = input instanceof PackedBatch ? input : PackedBatch.ofIds([input])
  if (batch.sequences !== 1) {
    throw new ShapeError({ where: 'trace', expected: 'one sequence', got: `${batch.sequences}` })
  }
  const pass = { training: false, record: true, key: 0 }
  // A trace reads the whole tape.
  network.segment = null
  network.forward(batch, pass)
  const output = network.readOutput(batch)
  network.zeroGradients()
  const { mean: loss } = network.backward(batch, targets, pass, true)
  const levels = network.recurrent.flatMap((layer, level) =>
    layer.loops.map((loop, d) => readLevel(network, layer, loop, level, d, batch.steps)),
  )
  network.zeroGradients()
  return { output, loss, levels }
}

/**
 * The network's outputs at the end of every prefix of a sequence: T rows of C. Where it reads forwards
 * only, one pass gives them all, to the same bits; else each prefix is read by itself.
 */
export function prefixOutputs(network: Network, ids: ArrayLike<number>): Float64Array[] {
  const once = answeringEveryStep(network)
  if (!once) return prefixByPrefix(network, Array.from(ids))
  const batch = PackedBatch.ofIds([ids])
  once.forward(batch)
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

function prefixByPrefix(network: Network, all: number[]): Float64Array[] {
  const outputs: Float64Array[] = []
  const { width, per } = network.output
  const atOnce = Math.max(1, Math.floor(ROWS_AT_ONCE / all.length))
  for (let from = 0; from < all.length; from += atOnce) {
    const to = Math.min(all.length, from + atOnce)
    const prefixes = Array.from({ length: to - from }, (_, i) => all.slice(0, from + i + 1))
    const batch = PackedBatch.ofIds(prefixes)
    network.forward(batch)
    const out = network.readOutput(batch)
    prefixes.forEach((prefix, i) => {
      const at = (per === 'step' ? i * batch.steps + prefix.length - 1 : i) * width
      outputs.push(out.slice(at, at + width))
    })
  }
  return outputs
}

function readLevel(
  network: Network, layer: RecurrentLayer, loop: TimeLoop, level: number, d: number, T: number,
): TraceLevel {
  const steps = Array.from({ length: T }, (_, t) => readStep(network, loop, d === 0 ? t : T - 1 - t))
  return { level, direction: d === 0 ? 'forward' : 'backward', units: layer.units, steps }
} // prettier-ignore

/** Row `t` of a one-sequence tape. */
function readStep(network: Network, loop: TimeLoop, t: number): CellStep {
  const { memory } = network.engine
  const { tape, units: H, cell, stride, gateStride } = loop
  const read = (pointer: number, floats: number) =>
    Float64Array.from(memory.viewFloats(pointer, floats + H).subarray(floats))
  const gates: Record<string, Float64Array> = {}
  let candidate: Float64Array = new Float64Array(0)
  cell.gateNames.forEach((name, g) => {
    // A simple RNN keeps no gate of its own: its activation is h.
    const values =
      cell.name === 'rnn' ? read(tape.hidden, (1 + t) * stride) : read(tape.gates, t * gateStride + g * H)
    if (name === cell.candidate) candidate = values
    else gates[name] = values
  })
  const keep = cell.keepGate ? gates[cell.keepGate] : null
  return {
    gates: gates as CellStep['gates'],
    candidate,
    hidden: read(tape.hidden, (1 + t) * stride),
    cell: tape.cell ? read(tape.cell, (1 + t) * stride) : null,
    keeps: keep && keep.reduce((sum, x) => sum + x, 0) / H,
    gradient: {
      hidden: norm(read(tape.dHidden, t * stride)),
      cell: tape.dCell ? norm(read(tape.dCell, t * stride)) : null,
    },
  }
}

function norm(x: Float64Array): number {
  return Math.sqrt(x.reduce((sum, value) => sum + value * value, 0))
}
