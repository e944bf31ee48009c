/**
 * Which tokens made the answer: gradient times input (Simonyan, Vedaldi & Zisserman 2013; Shrikumar et al.
 * 2016), what the answer's slope says of each token's vector; and leave-one-out (Li, Monroe & Jurafsky 2016),
 * what the network really says without it.
 */
import type { PackedBatch } from '../layers/packed.ts'
import { Network } from '../model/network.ts'
import { UnsupportedError } from '../tensor/errors.ts'
import { classCount, logitOf, probabilitiesOf } from './classScores.ts'
import type { Influence, TokenInfluence } from './editTypes.ts'
import { resolveSubject, type Subject, type SubjectInput } from './subject.ts'
import { batchOfSteps } from './stepBatch.ts'
import { readLevels } from './tapeReader.ts'
import { wholeTape } from './traceParts.ts'

/** Shortened sequences go through the network together, as many as make about this many steps. */
const ROWS_AT_ONCE = 8192

/**
 * What each token did to a class's logit. Both numbers point towards the target where positive. Gradients
 * are of the logit (of the one logit of two classes, with the target's sign), not of the loss.
 * @param target a label or class; default the likeliest one
 * @throws UnsupportedError where outputs are no classes, or answer every step; and what `resolveSubject` throws
 */
export function influence(subject: Subject, input: SubjectInput, target?: string | number): Influence {
  const { network, batch, tokens, targets, target: wanted } = resolveSubject('influence', subject, input, target)
  if (wanted === null || classCount(network) === 0 || network.output.per === 'step') {
    const expected = 'a network that ends in one class a sequence'
    const got = network.output.per === 'step' ? 'one that answers every step' : `targets ${Object.keys(targets).join(', ')}`
    throw new UnsupportedError({ where: 'influence', expected, got })
  }
  const [slopes, logits] = gradientTimesInput(network, batch, wanted)
  const [logit, probability] = [logitOf(logits, wanted), probabilitiesOf(logits)[wanted]]
  const without = batch.steps > 1 ? outputsWithout(network, batch) : null
  const steps = Array.from(slopes, (gradientInput, step): TokenInfluence => {
    const rest = without && without[step]
    return {
      step,
      token: tokens && tokens[step],
      gradientInput,
      leaveOneOut: rest && {
        logit: logit - logitOf(rest, wanted),
        probability: probability - probabilitiesOf(rest)[wanted],
      },
    }
  })
  return { target: wanted, logit, probability, tokens: steps }
} // prettier-ignore

/** x·∂(logit)/∂x of each step, and the logits. */
function gradientTimesInput(subject: Network, batch: PackedBatch, target: number): [Float64Array, Float64Array] {
  const network = withInputGradients(subject)
  const oneHot = network.layers[0].type === 'oneHot'
  return wholeTape(network, (pass) => {
    network.forward(batch, pass)
    const logits = network.readOutput(batch)
    const seed = new Float64Array(logits.length)
    if (logits.length === 1) seed[0] = target === 1 ? 1 : -1
    else seed[target] = 1
    network.backwardFrom(batch, seed, pass)
    const slopes = oneHot ? oneHotSlopes(network, batch) : vectorSlopes(network, batch)
    network.zeroGradients()
    return [slopes, logits]
  }, { record: oneHot })
} // prettier-ignore

/** x·∂/∂x where x is the token's row of Wx in every direction: Σ dz·Wx[:, id]. */
function oneHotSlopes(network: Network, batch: PackedBatch): Float64Array {
  const [layer] = network.recurrent
  const slopes = new Float64Array(batch.steps)
  readLevels(network, batch, 0, 1).forEach(({ level, direction, steps }) => {
    if (level !== 0) return
    const { weightInput } = layer.loops.find(
      ({ reversed }) => reversed === (direction === 'backward'),
    )!.parameters
    const weights = network.store.read(weightInput) // (G·H, V)
    const V = weightInput.shape[1]
    steps.forEach(({ gradient, inputId }, t) => {
      layer.cell.gateNames.forEach((name, g) => {
        const dz = gradient!.gates[name]
        for (let j = 0; j < dz.length; j++) slopes[t] += dz[j] * weights[(g * dz.length + j) * V + inputId!]
      })
    })
  })
  return slopes
}

/** x·∂/∂x where x is a row of the embedding's table, or the features. */
function vectorSlopes(network: Network, batch: PackedBatch): Float64Array {
  const { ids, features, steps } = batch
  const gradient = network.readInputGradient(batch) // (T, F)
  const F = network.layers[0].output.width
  const table = ids ? network.store.read(network.layers[0].parameters[0]) : features!
  return Float64Array.from({ length: steps }, (_, t) => {
    const at = (ids ? ids[t] : t) * F
    let sum = 0
    for (let j = 0; j < F; j++) sum += table[at + j] * gradient[t * F + j]
    return sum
  })
}

/** One twin a network of features: it computes ∂/∂input, which most networks leave out. */
const twins = new WeakMap<Network, { network: Network; revision: number }>()

/** The network itself where it can tell ∂/∂input, else one with the same weights that can. */
function withInputGradients(network: Network): Network {
  if (network.layers[0].type !== 'features') return network
  const { engine, config, store } = network
  const known = twins.get(network)
  if (known?.revision === store.revision) return known.network
  const twin = new Network(config, {
    engine: engine.name,
    precision: engine.precision,
    inputGradients: true,
    weights: ({ name }) => store.read(store.find(name)),
  })
  known?.network.dispose()
  twins.set(network, { network: twin, revision: store.revision })
  return twin
}

/** The outputs of the sequence without each of its steps: T rows of C. */
function outputsWithout(network: Network, batch: PackedBatch): Float64Array[] {
  const T = batch.steps
  const atOnce = Math.max(1, Math.floor(ROWS_AT_ONCE / (T - 1)))
  const { width } = network.output
  const outputs: Float64Array[] = []
  for (let from = 0; from < T; from += atOnce) {
    const to = Math.min(T, from + atOnce)
    const shortened = batchWithout(batch, from, to)
    network.forward(shortened)
    const out = network.readOutput(shortened)
    for (let i = 0; i < to - from; i++) outputs.push(out.slice(i * width, (i + 1) * width))
  }
  return outputs
}

/** One sequence for each step from … to − 1: all steps but that one. */
function batchWithout(batch: PackedBatch, from: number, to: number): PackedBatch {
  const all = Array.from({ length: batch.steps }, (_, t) => t)
  return batchOfSteps(batch, all.slice(from, to).map((gone) => all.filter((t) => t !== gone)))
} // prettier-ignore
