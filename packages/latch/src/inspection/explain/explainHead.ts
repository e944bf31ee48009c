/**
 * The arithmetic of the output: a logit as Σ h·W + b over what the last dense layer reads, a probability as
 * the sigmoid or softmax of the logits.
 */
import { readRow } from '../../tensors/parameterRow.ts'
import type { DenseOptions } from '../../layers/dense.ts'
import { isTrainingOnly } from '../../layers/regularisation/trainingOnly.ts'
import { denseWeightName } from '../../layers/names.ts'
import type { LayerOptions } from '../../model/config.ts'
import { internalsOf, type Network } from '../../model/network.ts'
import { UnsupportedError } from '../../core/errors.ts'
import type { Factor, Term, TracePlace } from './explanation.ts'
import { constant, term, traced, weight, type Arithmetic } from './terms.ts'
import type { AnySequenceTrace, Mixed } from '../trace/traceLink.ts'
import { logSumExp, sigmoid, softmax } from '../../core/probabilities.ts'

/** Units of the top layer's outputs that one input of the head is made of, and their common weight. */
interface Read {
  from: { direction: 'forward' | 'backward'; step: number; unit: number }[]
  scale: number
}

/** Classes that have a probability: the outputs, or two for one logit; 0 where outputs are no classes. */
export function probabilityCount({ config, output }: Network): number {
  const type = config.loss?.type
  if (type === 'softmaxCrossEntropy') return output.width
  if (type !== 'binaryCrossEntropy') return 0
  return output.width === 1 ? 2 : output.width
}

/** The output's row at a step: the one at the end where the network answers once. */
function rowOf({ output, outputs }: AnySequenceTrace, step: number, mixed?: Mixed | null): ArrayLike<number> {
  const row = outputs ? outputs[step] : output
  return mixed?.mix(row) ?? row
}

/** @throws UnsupportedError unless the head is last steps, pooled steps or every step, then one linear dense layer */
export function logitOf(
  network: Network,
  sequence: AnySequenceTrace,
  place: TracePlace,
  mixed?: Mixed | null,
): Arithmetic {
  const over = headOf(network)
  const { store, recurrent, layers } = internalsOf(network)
  const { name, parameters } = layers[layers.length - 1]
  const dense = store.find(denseWeightName(name, network.config.layers.at(-1) as DenseOptions))
  const denseBias = parameters.find((parameter) => parameter !== dense)
  const weights = readRow(store, dense, place.unit)
  const { units, loops } = recurrent[recurrent.length - 1]
  const terms: Term[] = []
  const by = mixed ? [constant('a', mixed.counts.network)] : []
  for (let j = 0; j < units * loops.length; j++) {
    const direction = sideOf(network, recurrent.length - 1, j)
    const { from, scale: share } = readsOf(sequence, over, place, direction, j % units)
    const w = weight('W', weights[j], dense.name, place.unit, j)
    for (const source of from)
      terms.push(term('state', ...by, ...hiddenFactors(sequence, place, source, share), w))
  }
  if (denseBias) {
    const bias = readRow(store, denseBias, place.unit)[0]
    terms.push(term('bias', ...by, weight('b', bias, denseBias.name, place.unit, null)))
  }
  if (mixed) {
    const none = mixed.mix(new Float64Array(network.output.width))
    terms.push(term('counts', constant('counts', none[place.unit])))
  }
  const sum = `W·${READS[over]}${denseBias ? ' + b' : ''}`
  const value = probabilityCount(network) > 0 ? 'logit' : 'output'
  const equation = `${value} = ${mixed ? `a·(${sum}) + counts` : sum}`
  return { equation, activation: 'linear', terms, value: rowOf(sequence, place.step, mixed)[place.unit] }
}

function hiddenFactors(
  { layers }: AnySequenceTrace,
  place: TracePlace,
  { direction, step, unit }: Read['from'][number],
  share: number,
): Factor[] {
  const steps = layers.find((l) => l.layer === place.layer && l.direction === direction)!.steps
  const at = { layer: place.layer, direction, step, value: 'hidden', unit }
  const state = traced(`h_${step}[${unit}]`, steps[step].hidden[unit], at)
  return share === 1 ? [state] : [constant('1/T', share), state]
}

type Over = 'last' | 'step' | 'poolFirst' | 'poolLast' | 'max' | 'mean' | 'sum'

const READS: { readonly [O in Over]: string } = {
  last: 'h_T',
  step: 'h',
  poolFirst: 'h_1',
  poolLast: 'h_T',
  max: 'max_t h_t',
  mean: 'mean_t h_t',
  sum: 'Σ_t h_t',
}

/** What lies between the top layer and the last layer. */
function headOf({ config }: Network): Over {
  const { layers } = config
  const top = layers.findLastIndex(({ type }) => type === 'recurrent')
  const head = layers.slice(top + 1).filter(({ type }) => !isTrainingOnly(type))
  const [first, second] = head
  const dense = head[head.length - 1]
  const plain = dense?.type === 'dense' && (dense.activation ?? 'linear') === 'linear'
  const recurrent = layers[top]
  if (plain && head.length === 1 && recurrent.type === 'recurrent')
    return recurrent.returnSequences === false ? 'last' : 'step'
  if (plain && first.type === 'pool' && !first.countMasked && second === dense && head.length === 2) {
    if (first.pooling === 'first') return 'poolFirst'
    if (first.pooling === 'last') return 'poolLast'
    if (first.pooling !== 'attention') return first.pooling
  }
  throw new UnsupportedError({
    where: 'explain',
    expected: 'a head of one linear dense layer over last, pooled or single steps',
    got: head.map(worded).join(', ') || 'none',
    remedy: 'Explain the hidden states below it instead.',
  })
}

/** `dense with gelu`, `pool over attention`. */
function worded(layer: LayerOptions): string {
  const { type } = layer
  if (type === 'pool') return `pool over ${layer.pooling}${layer.countMasked ? ' and masked steps' : ''}`
  if (type !== 'dense' && type !== 'activation') return type
  const { activation = 'linear' } = layer
  const name = typeof activation === 'string' ? activation : activation.type
  return name === 'linear' ? type : `${type} with ${name}`
}

/**
 * The direction that output `j` of a layer is of.
 * @throws UnsupportedError where the two directions are not side by side
 */
export function sideOf(network: Network, recurrentLayer: number, j: number): 'forward' | 'backward' {
  const { loops, units, name } = internalsOf(network).recurrent[recurrentLayer]
  const options = network.config.layers.filter((layer) => layer.type === 'recurrent')[recurrentLayer]
  if (loops.length === 2 && (options.merge ?? 'concat') !== 'concat') {
    const facts = { expected: 'directions side by side', got: `their ${options.merge} (${name})` }
    throw new UnsupportedError({
      where: 'explain',
      ...facts,
      remedy: 'Explain the hidden states below it instead.',
    })
  }
  return loops[Math.floor(j / units)].reversed ? 'backward' : 'forward'
}

/** Which states a unit of the head's input is. */
function readsOf(
  { layers }: AnySequenceTrace,
  over: Over,
  place: TracePlace,
  direction: 'forward' | 'backward',
  unit: number,
): Read {
  const { steps } = layers.find((l) => l.layer === place.layer && l.direction === direction)!
  const last = steps.length - 1
  const at = (step: number) => ({ direction, step, unit })
  if (over === 'step') return { from: [at(place.step)], scale: 1 }
  if (over === 'last') return { from: [at(direction === 'forward' ? last : 0)], scale: 1 }
  if (over === 'poolFirst') return { from: [at(0)], scale: 1 }
  if (over === 'poolLast') return { from: [at(last)], scale: 1 }
  if (over === 'mean' || over === 'sum') {
    const counted = steps.flatMap(({ masked }, t) => (masked ? [] : [at(t)]))
    return { from: counted, scale: over === 'sum' ? 1 : 1 / counted.length }
  }
  let best = 0
  steps.forEach(({ hidden }, t) => {
    if (hidden[unit] > steps[best].hidden[unit]) best = t
  })
  return { from: [at(best)], scale: 1 }
}

/** @throws UnsupportedError where the loss knows no classes */
export function probabilityOf(
  network: Network,
  sequence: AnySequenceTrace,
  place: TracePlace,
  mixed?: Mixed | null,
): Arithmetic {
  const logits = rowOf(sequence, place.step, mixed)
  const logit = (unit: number) => traced(`logit[${unit}]`, logits[unit], { ...place, value: 'logit', unit })
  if (network.config.loss?.type === 'softmaxCrossEntropy') {
    const normaliser = constant('−log Σ exp(logit)', -logSumExp(logits))
    return {
      equation: 'p = exp(logit) / Σ exp(logit) = exp(logit − log Σ exp(logit))',
      activation: 'softmax',
      terms: [term('logit', logit(place.unit)), term('normaliser', normaliser)],
      value: softmax(logits)[place.unit],
    }
  }
  if (probabilityCount(network) === 0) {
    const expected = 'a loss of classes (softmaxCrossEntropy, binaryCrossEntropy)'
    const got = network.config.loss?.type ?? 'no loss'
    throw new UnsupportedError({ where: 'explain', expected, got, remedy: 'Explain the logit instead.' })
  }
  // If one logit stands for two classes, it is that of the second.
  const turned = logits.length === 1 && place.unit === 0
  const unit = logits.length === 1 ? 0 : place.unit
  const factors = turned ? [constant('−1', -1), logit(unit)] : [logit(unit)]
  return {
    equation: turned ? 'p = σ(−logit)' : 'p = σ(logit)',
    activation: 'sigmoid',
    terms: [term('logit', ...factors)],
    value: sigmoid(turned ? -logits[unit] : logits[unit]),
  }
}
