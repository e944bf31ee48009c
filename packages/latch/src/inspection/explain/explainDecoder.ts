/** The arithmetic between a decoder's states and its outputs: attention weights, contexts, and the logits over them. */
import { UsageError } from '../../core/errors.ts'
import { logSumExp } from '../../core/probabilities.ts'
import type { DenseLayer } from '../../layers/dense.ts'
import type { EncoderDecoderLayer } from '../../layers/encoderDecoder/encoderDecoder.ts'
import { internalsOf, type Network } from '../../model/network.ts'
import { readRow } from '../../tensors/parameterRow.ts'
import type { AnySequenceTrace } from '../trace/traceLink.ts'
import type { TracedAttention } from '../trace/traceTypes.ts'
import type { AnyStep } from './explainCell.ts'
import type { Explanation, Factor, Term, TracePlace } from './explanation.ts'
import { constant, explanationOf, term, traced, weight, type Arithmetic } from './terms.ts'

/** Values of a decoder's steps that no cell computes. */
export const ATTENDED: readonly string[] = ['attended', 'context', 'weight', 'logit']

/** @throws UsageError for a place that does not exist */
export function explainDecoder(
  network: Network,
  pair: EncoderDecoderLayer,
  sequence: AnySequenceTrace,
  given: TracePlace,
): Explanation {
  const { attention } = sequence
  const [{ units }] = pair.decoder.recurrent
  const layer = 2 * pair.decoder.recurrent.length - 1
  const place: TracePlace = { ...given, layer, direction: 'forward' }
  needIndex('step', place.step, sequence.outputs!.length)
  const at = new DecoderPlace(network, pair, sequence, place)
  if (place.value === 'logit') {
    needIndex('class', place.unit, network.output.width)
    return explanationOf(place, at.logit())
  }
  if (!attention) {
    const expected = 'a value of a decoder with attention'
    throw new UsageError({ where: 'explain', expected, got: place.value })
  }
  needIndex('unit', place.unit, place.value === 'weight' ? attention.weights[0].length : units)
  if (place.value === 'attended') return explanationOf(place, at.attended(attention))
  return explanationOf(place, place.value === 'context' ? at.context(attention) : at.weight(attention))
}

class DecoderPlace {
  readonly #network: Network
  readonly #pair: EncoderDecoderLayer
  readonly #sequence: AnySequenceTrace
  readonly #place: TracePlace

  constructor(network: Network, pair: EncoderDecoderLayer, sequence: AnySequenceTrace, place: TracePlace) {
    this.#network = network
    this.#pair = pair
    this.#sequence = sequence
    this.#place = place
  }

  /** W·attended + b, or of h where there is no attention. */
  logit(): Arithmetic {
    const { step, unit } = this.#place
    const { layers } = internalsOf(this.#network)
    const last = layers[layers.length - 1] as DenseLayer
    const { attention } = this.#sequence
    const value = attention ? 'attended' : 'hidden'
    const values = attention ? attention.attended[step] : this.#state().hidden
    const terms = this.#products(last.parameters, unit, values, (j) => this.#here(value, j))
    const name = attention ? 'attended' : 'h'
    return {
      equation: `logit = W·${name} + b`,
      activation: 'linear',
      terms,
      value: this.#sequence.outputs![step][unit],
    }
  }

  /** tanh(W·[context, h]). */
  attended({ contexts, attended }: TracedAttention): Arithmetic {
    const { step, unit } = this.#place
    const { hidden } = this.#state()
    const values = [...contexts[step], ...hidden]
    const terms = this.#products(this.#pair.attention!.combine.parameters, unit, values, (j) =>
      j < hidden.length ? this.#here('context', j) : this.#here('hidden', j - hidden.length),
    )
    const equation = 'attended = tanh(W·[context, h])'
    return { equation, activation: 'tanh', terms, value: attended[step][unit] }
  }

  /** Σ weight·s over the outputs s of the encoder. */
  context({ contexts, weights }: TracedAttention): Arithmetic {
    const { step, unit } = this.#place
    const terms = Array.from(weights[step], (w, s) =>
      term('source', traced(`weight[${s}]`, w, this.#here('weight', s)), this.#source(s, unit)),
    )
    return { equation: 'context = Σ weight·s', activation: 'linear', terms, value: contexts[step][unit] }
  }

  /** exp(score − log Σ exp(score)): the summands of the score, and the logarithm. */
  weight({ weights }: TracedAttention): Arithmetic {
    const { step, unit } = this.#place
    const all = Array.from(weights[step], (_, s) => this.#score(s))
    const sums = all.map((terms) => terms.reduce((sum, { value }) => sum + value, 0))
    const normaliser = constant('−log Σ exp(score)', -logSumExp(sums))
    return {
      equation: `weight = exp(score) / Σ exp(score), score = ${SCORES[this.#kind]}`,
      activation: 'softmax',
      terms: [...all[unit], term('normaliser', normaliser)],
      value: weights[step][unit],
    }
  }

  get #kind(): keyof typeof SCORES {
    const { keys, additive } = this.#pair.attention!
    return additive ? 'additive' : keys ? 'general' : 'dot'
  }

  /** The summands of the score of a step of the source. */
  #score(s: number): Term[] {
    const { keys, queries, additive } = this.#pair.attention!
    const { hidden } = this.#state()
    const encoded = Float64Array.from(hidden, (_, j) => this.#source(s, j).value)
    const key = keys ? this.#multiplied(keys, encoded) : encoded
    const state = (j: number) => traced(`h[${j}]`, hidden[j], this.#here('hidden', j))
    if (!additive) {
      const other = (j: number) => (keys ? constant(`(W·s)[${j}]`, key[j]) : this.#source(s, j))
      return Array.from(hidden, (_, j) => term('score', state(j), other(j)))
    }
    const query = this.#multiplied(queries!, hidden)
    const { store } = internalsOf(this.#network)
    const v = readRow(store, additive, 0)
    return Array.from(hidden, (_, j) =>
      term(
        'score',
        weight('v', v[j], additive.name, 0, j),
        constant(`tanh(W₁·h + W₂·s)[${j}]`, Math.tanh(query[j] + key[j])),
      ),
    )
  }

  #multiplied({ parameters: [matrix] }: DenseLayer, x: Float64Array): Float64Array {
    const { store } = internalsOf(this.#network)
    return Float64Array.from(x, (_, row) =>
      readRow(store, matrix, row).reduce((sum, w, j) => sum + w * x[j], 0),
    )
  }

  /** One output of the encoder. */
  #source(s: number, j: number): Factor {
    const place = encoderOutput(this.#sequence, this.#pair, s, j)
    return traced(`s_${s}[${j}]`, stepAt(this.#sequence, place).hidden[place.unit], place)
  }

  #products(
    parameters: DenseLayer['parameters'],
    row: number,
    values: ArrayLike<number>,
    placeOf: (j: number) => TracePlace,
  ): Term[] {
    const { store } = internalsOf(this.#network)
    const matrix = parameters.find(({ shape }) => shape.length === 2)!
    const bias = parameters.find((parameter) => parameter !== matrix)
    const weights = readRow(store, matrix, row)
    const terms = Array.from(values, (x, j) => {
      const place = placeOf(j)
      return term(
        place.value,
        traced(`${place.value}[${place.unit}]`, x, place),
        weight('W', weights[j], matrix.name, row, j),
      )
    })
    if (bias) terms.push(term('bias', weight('b', readRow(store, bias, row)[0], bias.name, row, null)))
    return terms
  }

  #here(value: string, unit: number): TracePlace {
    return { ...this.#place, value, unit }
  }

  #state(): AnyStep {
    return stepAt(this.#sequence, this.#here('hidden', 0))
  }
}

const SCORES = { dot: 'h·s', general: 'h·W·s', additive: 'v·tanh(W₁·h + W₂·s)' } as const

/** The step of a place. */
export function stepAt({ layers }: AnySequenceTrace, { layer, direction, step }: TracePlace): AnyStep {
  return layers.find((own) => own.layer === layer && own.direction === direction)!.steps[step]
}

/** Where unit `j` of the encoder's output at a step of the source comes from. */
function encoderOutput(
  sequence: AnySequenceTrace,
  { encoder }: EncoderDecoderLayer,
  step: number,
  j: number,
): TracePlace {
  const layer = encoder.recurrent.length - 1
  return { ...directionOf(sequence, layer, j), step, value: 'hidden' }
}

/** Where unit `j` of the states comes from with which the decoder begins: the last step that the layer read. */
export function encoderState(
  sequence: AnySequenceTrace,
  layer: number,
  j: number,
): Omit<TracePlace, 'value'> {
  const found = directionOf(sequence, layer, j)
  const { steps } = sequence.layers.find((own) => own.layer === layer)!
  return { ...found, step: found.direction === 'forward' ? steps.length - 1 : 0 }
}

/** Directions lie side by side. */
function directionOf({ layers }: AnySequenceTrace, layer: number, j: number) {
  const own = layers.filter((one) => one.layer === layer)
  const { units } = own[0]
  return { layer, direction: own[Math.floor(j / units)].direction, unit: j % units }
}

function needIndex(what: string, index: number, count: number): void {
  if (Number.isInteger(index) && index >= 0 && index < count) return
  throw new UsageError({
    where: 'explain',
    expected: `a ${what} from 0 to ${count - 1}`,
    got: `${what} ${index}`,
  })
}
