/**
 * Which tokens led to the output: gradient times input (Simonyan, Vedaldi & Zisserman 2013; Shrikumar et al.
 * 2016), a linear attribution to each token's vector, and leave-one-out (Li, Monroe & Jurafsky 2016), the change of
 * the output without the token.
 */
import type { EncoderDecoderLayer } from '../../layers/encoderDecoder/encoderDecoder.ts'
import type { Edge } from '../../layers/layer.ts'
import { readEdge } from '../../model/edgeRows.ts'
import { backwardFrom } from '../../model/backwardFrom.ts'
import { PackedBatch } from '../../tensors/packedBatch.ts'
import { leastSteps } from '../../model/outputBatch.ts'
import { internalsOf, Network } from '../../model/network.ts'
import { DataError, UsageError } from '../../core/errors.ts'
import { classCount, likeliestClass, logitOf, probabilitiesOf } from '../trace/classScores.ts'
import type { Influence, TokenInfluence } from './editTypes.ts'
import { classOfLabel, needLoss, resolveInput, type Subject, type SubjectInput } from '../trace/subject.ts'
import { encoderDecoderOf } from '../trace/recurrentParts.ts'
import { batchOfSteps } from '../trace/stepBatch.ts'
import { readLayers } from '../trace/tapeReader.ts'
import { wholeTape } from '../trace/traceParts.ts'
import { assertKnownOptions, type Names } from '../../core/knownNames.ts'

/** Approximate number of steps of a batch of shortened sequences. */
const ROWS_AT_ONCE = 8192

/** Options of `influence`. */
export interface InfluenceOptions {
  /** Step of the output, for a network with one output per step. Default: the last. */
  step?: number
}

const NAMES: Names<InfluenceOptions> = { step: 1 }

/**
 * The influence of each token on a class's logit, or on an output number. A positive number speaks for the target.
 * Gradients are those of the logit (with the target's sign, if one logit stands for two classes) or of the number,
 * not of the loss. Of a model that writes, tokens are those of the source and then those that it has read of its own text.
 * @param target a label or class, default the one that the network predicts, without the counts of words; for numbers the
 * index of one, default 0
 * @throws DataError for a target or step that does not exist; and what `resolveSubject` throws
 */
export function influence<Input = never>(
  subject: Subject<Input>,
  input: SubjectInput<NoInfer<Input>>,
  target?: string | number,
  options: InfluenceOptions = {},
): Influence {
  assertKnownOptions('influence option', options, NAMES)
  const { network, batch, tokens, labels } = resolveInput('influence', subject, input, { sides: true })
  needLoss('influence', network)
  const answers = network.forward(batch)
  const step = stepOf(network, answers, options.step)
  const from = encoderDecoderOf(network)?.timeline.split(batch).source.steps
  const row = rowAt(network, network.readOutput(batch), step)
  const wanted = targetOf(network, labels, row, target)
  const full = scoreTarget(network, row, wanted)
  const slopes = gradientTimesInput(network, batch, wanted, step)
  const without = leavesOneOut(network, batch) ? outputsWithout(network, batch, step) : null
  const steps = Array.from(slopes, (gradientInput, t): TokenInfluence => {
    const rest = without?.[t] && scoreTarget(network, without[t], wanted)
    const leaveOneOut = rest
      ? { logit: full.logit - rest.logit, probability: difference(full.probability, rest.probability) }
      : null
    const found = { step: t, token: tokens && tokens[t], gradientInput, leaveOneOut }
    if (from === undefined) return found
    return t < from ? { ...found, side: 'encoder' } : { ...found, step: t - from, side: 'decoder' }
  })
  return { target: wanted, outputStep: step, ...full, tokens: steps }
}

function difference(a: number | null, b: number | null): number | null {
  return a === null || b === null ? null : a - b
}

/** False where sequences have one length only, are as short as they can be, or answer at other steps than they have. */
function leavesOneOut(network: Network, { steps }: PackedBatch): boolean {
  const { layers, output } = internalsOf(network)
  if (encoderDecoderOf(network)) return true
  if (layers.some(({ type, takesOneLength }) => type === 'flatten' || takesOneLength)) return false
  if (output.per === 'step' && layers.some(({ timeline }) => timeline)) return false
  return steps > leastSteps(network)
}

/** @throws DataError for a step that does not exist, UsageError if the network has one output per sequence */
function stepOf({ output }: Network, { steps }: PackedBatch, step: number | undefined): number {
  if (step === undefined) return steps - 1
  if (output.per !== 'step') {
    const got = `step ${step}`
    throw new UsageError({
      where: 'influence',
      expected: 'no `step`: this network has one output per sequence',
      got,
    })
  }
  if (Number.isInteger(step) && step >= 0 && step < steps) return step
  throw new DataError({ where: 'influence', expected: `a step from 0 to ${steps - 1}`, got: `${step}` })
}

function rowAt({ output }: Network, values: Float64Array, step: number): Float64Array {
  const at = output.per === 'step' ? step * output.width : 0
  return values.subarray(at, at + output.width)
}

function targetOf(
  network: Network,
  labels: readonly string[] | null,
  row: Float64Array,
  target: string | number | undefined,
): number {
  const classes = classCount(network)
  if (target === undefined) return classes > 0 ? likeliestClass(row) : 0
  const number = typeof target === 'string' ? classOfLabel('influence', labels, target) : target
  const count = classes || network.output.width
  if (Number.isInteger(number) && number >= 0 && number < count) return number
  const expected = `${classes > 0 ? 'a class' : 'an output'} from 0 to ${count - 1}`
  throw new DataError({ where: 'influence', expected, got: `${number}` })
}

/** Logit and probability of the target. */
function scoreTarget(
  network: Network,
  row: Float64Array,
  target: number,
): Pick<Influence, 'logit' | 'probability'> {
  if (classCount(network) === 0) return { logit: row[target], probability: null }
  return { logit: logitOf(row, target), probability: probabilitiesOf(row)[target] }
}

/** x·∂(logit or number)/∂x of each step. */
function gradientTimesInput(
  subject: Network,
  batch: PackedBatch,
  target: number,
  step: number,
): Float64Array {
  const network = withInputGradients(subject)
  const oneHot = internalsOf(network).layers[0].type === 'oneHot'
  return wholeTape(
    network,
    (pass) => {
      network.forward(batch, pass)
      const seed = new Float64Array(network.readOutput(batch).length)
      const row = rowAt(network, seed, step)
      if (row.length === 1 && classCount(network) === 2) row[0] = target === 1 ? 1 : -1
      else row[target] = 1
      backwardFrom(network, batch, seed, pass)
      const slopes = oneHot ? oneHotSlopes(network, batch) : slopesOfVectors(network, batch)
      network.zeroGradients()
      return slopes
    },
    { record: oneHot },
  )
}

/** x·∂/∂x where x is the token's row of Wx in every direction: Σ dz·Wx[:, id]. */
function oneHotSlopes(network: Network, batch: PackedBatch): Float64Array {
  const [layer] = internalsOf(network).recurrent
  const slopes = new Float64Array(batch.steps)
  readLayers(network, batch, 0, 1).forEach(({ layer: recurrentLayer, direction, steps }) => {
    if (recurrentLayer !== 0) return
    const { weightInput } = layer.loops.find(
      ({ reversed }) => reversed === (direction === 'backward'),
    )!.parameters
    const weights = internalsOf(network).store.read(weightInput) // (G·H, V)
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

/** x·∂/∂x where x is what the first layer gives: a row of the embedding's table, or the features. */
function slopesOfVectors(network: Network, batch: PackedBatch): Float64Array {
  const pair = encoderDecoderOf(network)
  if (!pair) return edgeSlopes(network, internalsOf(network).layers[0].output, batch)
  const { source, target } = pair.timeline.split(batch)
  const [read, written] = [
    edgeSlopes(network, pair.encoder.embedding.output, source),
    edgeSlopes(network, pair.decoder.embedding.output, target),
  ]
  return Float64Array.from([...read, ...written])
}

/** x·∂/∂x of each row of an edge. */
function edgeSlopes(network: Network, output: Edge, batch: PackedBatch): Float64Array {
  const { memory } = internalsOf(network).engine
  const gradient = readEdge(memory, output, 'gradient', batch) // (T, F)
  const values = readEdge(memory, output, 'value', batch)
  return Float64Array.from({ length: batch.steps }, (_, t) => {
    let sum = 0
    for (let at = t * output.width; at < (t + 1) * output.width; at++) sum += values[at] * gradient[at]
    return sum
  })
}

/** One clone per network of features: it computes ∂/∂input, which most networks skip. */
const inputGradientClones = new WeakMap<Network, { network: Network; revision: number }>()

/** The network if it computes ∂/∂input, else a clone that does. */
function withInputGradients(network: Network): Network {
  if (internalsOf(network).layers[0].type !== 'features') return network
  const { engine, specs, store } = internalsOf(network)
  const known = inputGradientClones.get(network)
  if (known?.revision === store.revision) return known.network
  const clone = new Network(specs, {
    loss: network.config.loss,
    engine: engine.name,
    precision: engine.precision,
    inputGradients: true,
    weights: ({ name }) => store.read(store.find(name)),
  })
  known?.network.dispose()
  inputGradientClones.set(network, { network: clone, revision: store.revision })
  return clone
}

/**
 * The output at `step` of the sequence without each of its steps: T rows of C. Without a step up to that one it is
 * the output of the step before it; null if there is none.
 */
function outputsWithout(network: Network, batch: PackedBatch, step: number): (Float64Array | null)[] {
  const pair = encoderDecoderOf(network)
  if (pair) return outputsWithoutOne(network, pair, batch, step)
  const T = batch.steps
  const atOnce = Math.max(1, Math.floor(ROWS_AT_ONCE / (T - 1)))
  const { width, per } = network.output
  const size = per === 'step' ? (T - 1) * width : width
  const outputs: (Float64Array | null)[] = []
  for (let from = 0; from < T; from += atOnce) {
    const to = Math.min(T, from + atOnce)
    const shortened = batchWithout(batch, from, to)
    network.forward(shortened)
    const out = network.readOutput(shortened)
    for (let i = 0; i < to - from; i++) {
      const at = from + i <= step ? step - 1 : step
      outputs.push(at < 0 ? null : rowAt(network, out.subarray(i * size, (i + 1) * size), at).slice())
    }
  }
  return outputs
}

/** The same of an encoder and a decoder; null also for the only token of the source. */
function outputsWithoutOne(
  network: Network,
  pair: EncoderDecoderLayer,
  batch: PackedBatch,
  step: number,
): (Float64Array | null)[] {
  const ids = Array.from(batch.ids!)
  const { source, target } = pair.timeline.split(batch)
  return ids.map((_, gone) => {
    const [others, isSource] = [gone < source.steps ? source.steps : target.steps, gone < source.steps]
    const at = isSource || gone - source.steps > step ? step : step - 1
    if (others === 1 || at < 0) return null
    const shortened = PackedBatch.ofIds([ids.toSpliced(gone, 1)])
    network.forward(shortened)
    return rowAt(network, network.readOutput(shortened), at).slice()
  })
}

/** One sequence for each step from … to − 1: all steps but that one. */
function batchWithout(batch: PackedBatch, from: number, to: number): PackedBatch {
  const all = Array.from({ length: batch.steps }, (_, t) => t)
  return batchOfSteps(
    batch,
    all.slice(from, to).map((gone) => all.filter((t) => t !== gone)),
  )
}
