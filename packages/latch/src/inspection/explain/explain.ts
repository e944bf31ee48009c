/**
 * How any number of a trace was made: its equation, what was multiplied and added, and where each factor
 * came from. Every source that is a number of the trace can be explained in turn, down to the embedding.
 */
import { isTrainingOnly } from '../../layers/regularisation/trainingOnly.ts'
import type { RecurrentOptions } from '../../layers/recurrent/recurrent.ts'
import { hasZoneout } from '../../layers/regularisation/zoneoutRates.ts'
import { readRow } from '../../tensors/parameterRow.ts'
import type { CellName } from '../../cells/registry.ts'
import { internalsOf, type Network } from '../../model/network.ts'
import { UnsupportedError, UsageError } from '../../core/errors.ts'
import type { Explanation, TracedValue, TracePlace } from './explanation.ts'
import { rulesOf, vectorOf, type AnyStep, type CellPlace } from './explainCell.ts'
import { ATTENDED, encoderState, explainDecoder, stepAt } from './explainDecoder.ts'
import { logitOf, probabilityCount, probabilityOf, sideOf } from './explainHead.ts'
import { constant, explanationOf, term, traced, weight, type Arithmetic } from './terms.ts'
import { type AnySequenceTrace, type Mixed } from '../trace/traceLink.ts'
import { encoderDecoderOf, recurrentParts, type RecurrentPart } from '../trace/recurrentParts.ts'
import { linkOf } from '../trace/traceOrigin.ts'
import type { StepGradient, TraceLayer } from '../trace/traceTypes.ts'
import { assertKnownOptions, type Names } from '../../core/knownNames.ts'

type AnyLayer = TraceLayer<CellName, StepGradient | null>

/** Any trace: of `model.trace`, `traceSequence` or `traceBatch`. */
export interface ExplainableTrace {
  layers: readonly AnyLayer[]
}

/** Where to look, if not at the top layer read forwards. */
export interface ExplainOptions {
  /** 0 is the lowest. Default the top one. */
  layer?: number
  /** Default `forward`. */
  direction?: 'forward' | 'backward'
}

const NAMES: Names<ExplainOptions> = { layer: 1, direction: 1 }
/** A place, also as the source of a term, which has a `kind`. */
const PLACE: Names<TracePlace & { kind: 'trace' }> = { ...NAMES, step: 1, value: 1, unit: 1, kind: 1 }

/**
 * Explains one number of a trace: a gate, `candidate`, `hidden`, `cell`, `saved`, `x` (what came in from
 * below), `logit` or `probability` of the output (then `unit` is the class). Terms are summed in float64 with the
 * weights of the network: `computed` differs from `value` by the engine's rounding only. A probability's terms are
 * its logit and the logarithm of the sum of all powers. Of an encoder and a decoder also `attended`, `context` and
 * `weight` (then `unit` is the step of the source), at the decoder's steps. The logits of a model that also counts words are of both, with
 * what counting adds as one term.
 * @throws UsageError for a place that does not exist, for a copy of a trace, and for weights that have changed
 * since ("trace again"); UnsupportedError for outputs other than one linear dense layer over recurrent steps
 */
export function explain(trace: ExplainableTrace, place: TracePlace): Explanation
export function explain(
  trace: ExplainableTrace,
  step: number,
  value: TracedValue,
  unit: number,
  options?: ExplainOptions,
): Explanation
export function explain(
  trace: ExplainableTrace,
  placeOrStep: TracePlace | number,
  value: TracedValue = 'hidden',
  unit = 0,
  options: ExplainOptions = {},
): Explanation {
  if (typeof placeOrStep === 'number') assertKnownOptions('explain option', options, NAMES)
  else assertKnownOptions('explain place', placeOrStep, PLACE)
  const { network, sequence, mixed } = linkOf('explain', trace)
  const parts = recurrentParts(network)
  const { layer = parts.length - 1, direction = readFirst(parts, layer) } = options
  const place =
    typeof placeOrStep === 'number'
      ? { layer, direction, step: placeOrStep, value, unit }
      : { ...placeOrStep }
  const pair = encoderDecoderOf(network)
  if (pair && ATTENDED.includes(place.value)) return explainDecoder(network, pair, sequence, place)
  const ofOutput = place.value === 'logit' || place.value === 'probability'
  const found = sequence.layers.find(
    (l) => l.layer === place.layer && (ofOutput || l.direction === place.direction),
  )
  if (!found) {
    const names = sequence.layers.map((l) => `${l.layer} ${l.direction}`).join(', ')
    throwInvalid(`a layer and direction among ${names}`, `${place.layer} ${place.direction}`)
  }
  needIndex('step', place.step, (ofOutput && sequence.outputs?.length) || found.steps.length)
  if (ofOutput) return explainOutput(network, sequence, place, mixed)
  const at = cellPlace(network, sequence, found, place)
  requireEquation(parts[place.layer], at)
  const rules = rulesOf(at.cell, at.step.masked)
  const rule = Object.hasOwn(rules, place.value) ? rules[place.value] : null
  if (rule) {
    needIndex('unit', place.unit, at.units)
    return explanationOf(place, rule(at))
  }
  if (place.value !== 'x' && place.value !== 'input') {
    throwInvalid(
      `a value among ${[...Object.keys(rules), 'x', 'logit', 'probability'].join(', ')}`,
      `${place.value}`,
    )
  }
  needIndex('unit', place.unit, at.width)
  const input = { ...place, value: 'x' }
  return explanationOf(input, inputOf(network, sequence, at.step, input))
}

/** The direction of a layer's first loop; forward where the layer does not exist. */
function readFirst(parts: readonly RecurrentPart[], layer: number): 'forward' | 'backward' {
  return parts[layer]?.layer.loops[0].reversed ? 'backward' : 'forward'
}

/** Outputs belong to the top layer, and to the last step where there is one answer. */
function explainOutput(
  network: Network,
  sequence: AnySequenceTrace,
  given: TracePlace,
  mixed?: Mixed | null,
): Explanation {
  const top = recurrentParts(network).length - 1
  const last = sequence.layers.at(-1)!.steps.length - 1
  const step = sequence.outputs ? given.step : last
  const place: TracePlace = { ...given, layer: top, direction: 'forward', step }
  if (place.value === 'logit') {
    needIndex('class', place.unit, network.output.width)
    return explanationOf(place, logitOf(network, sequence, place, mixed))
  }
  needIndex('class', place.unit, probabilityCount(network) || Infinity)
  return explanationOf(place, probabilityOf(network, sequence, place, mixed))
}

/** @throws UnsupportedError for a state that zoneout mixes with the one before */
function requireEquation({ spec }: RecurrentPart, { place, cell }: CellPlace): void {
  const options = spec.options as RecurrentOptions
  if (options.layerNorm && place.value !== 'x') {
    throw new UnsupportedError({
      where: 'explain',
      expected: 'a cell whose equations hold for each unit by itself',
      got: 'one with layerNorm, which mixes all units of a gate',
      remedy: 'Explain a logit or a probability instead.',
    })
  }
  if (!hasZoneout(options) || !cell.stateNames.includes(place.value)) return
  throw new UnsupportedError({
    where: 'explain',
    expected: 'a state that is computed by the equations of its cell',
    got: `${place.value} with zoneout, which mixes it with the state before`,
    remedy: 'Explain a gate or the candidate instead.',
  })
}

function cellPlace(
  network: Network,
  sequence: AnySequenceTrace,
  { steps, initial }: AnyLayer,
  place: TracePlace,
): CellPlace {
  const parts = recurrentParts(network)
  const { layer } = parts[place.layer]
  const loop = layer.loops.find(({ reversed }) => reversed === (place.direction === 'backward'))!
  const at = place.direction === 'forward' ? place.step - 1 : place.step + 1
  return {
    place,
    cell: loop.cell,
    units: layer.units,
    width: layer.input.width,
    parameters: loop.parameters,
    store: internalsOf(network).store,
    step: steps[place.step],
    before: steps[at] ? { step: steps[at], at } : null,
    initial: initial ? (_, unit) => encoderState(sequence, place.layer - parts.length / 2, unit) : null,
    valueAt: (other) => vectorOf(stepAt(sequence, other), other.value)[other.unit],
  }
}

/** x: a row of the table, a state of the layer below, or what was given from outside. */
function inputOf(network: Network, sequence: AnySequenceTrace, step: AnyStep, place: TracePlace): Arithmetic {
  const { layer, unit } = place
  const part = recurrentParts(network)[layer]
  const made = (equation: string, value: number, of: Arithmetic['terms']) =>
    ({ equation, activation: 'linear', terms: of, value }) as const
  const below = part.side ? [] : layersBelow(network, layer)
  if (!below.every(isTrainingOnly)) {
    const remedy = 'Its values are not in a trace: explain a gate or the hidden state instead.'
    throw new UnsupportedError({
      where: 'explain',
      expected: 'a recurrent layer right above its input',
      got: below.join(', '),
      remedy,
    })
  }
  if (!part.isLowest) {
    const { units, loops } = recurrentParts(network)[layer - 1].layer
    const direction = part.side
      ? loops[Math.floor(unit / units)].reversed
        ? 'backward'
        : 'forward'
      : sideOf(network, layer - 1, unit)
    const { steps } = sequence.layers.find((l) => l.layer === layer - 1 && l.direction === direction)!
    const source = { layer: layer - 1, direction, step: place.step, value: 'hidden', unit: unit % units }
    const state = vectorOf(steps[place.step], 'hidden')[source.unit]
    return made('x = h of the layer below', step.input[unit], [
      term('below', traced(`h[${source.unit}]`, state, source)),
    ])
  }
  const pair = encoderDecoderOf(network)
  const first = pair ? pair[part.side!].embedding : internalsOf(network).layers[0]
  if (first.type === 'embedding') {
    const [table] = first.parameters
    const row = readRow(internalsOf(network).store, table, step.inputId!)
    return made('x = E[token]', step.input[unit], [
      term('table', weight('E', row[unit], table.name, step.inputId!, unit)),
    ])
  }
  const hot = step.input.length === 0
  const value = hot ? (unit === step.inputId ? 1 : 0) : step.input[unit]
  return made(hot ? 'x = 1 at the token, else 0' : 'x as given', value, [
    term('given', constant(`x[${unit}]`, value)),
  ])
}

/** Types of the layers between a layer and the one below it, or the input. */
function layersBelow({ config: { layers } }: Network, layer: number): string[] {
  const places = layers.flatMap(({ type }, i) => (type === 'recurrent' ? [i] : []))
  return layers.slice(layer > 0 ? places[layer - 1] + 1 : 1, places[layer]).map(({ type }) => type)
}

function needIndex(what: string, index: number, count: number): void {
  if (Number.isInteger(index) && index >= 0 && index < count) return
  throwInvalid(`a ${what} from 0 to ${count - 1}`, `${what} ${index}`)
}

function throwInvalid(expected: string, got: string): never {
  throw new UsageError({ where: 'explain', expected, got })
}
