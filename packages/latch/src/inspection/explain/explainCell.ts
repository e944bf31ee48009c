/**
 * The arithmetic inside a step of a cell: the cell's own equations (cells/equations.ts) with the numbers of a trace and
 * the weights of the network put in. Only sums are computed here.
 */
import { readRow } from '../../tensors/parameterRow.ts'
import type { ActivationSpec } from '../../cells/activations.ts'
import type { Cell } from '../../cells/cell.ts'
import {
  symbolOf,
  type Constant,
  type Equation,
  type GateEquation,
  type Operand,
  type SumEquation,
} from '../../cells/equations.ts'
import { findEquations, type CellName } from '../../cells/registry.ts'
import type { DirectionParameters } from '../../layers/recurrent/loopShape.ts'
import type { Parameter, ParameterStore } from '../../tensors/parameters.ts'
import type { Factor, Term, TracePlace } from './explanation.ts'
import { constant, term, traced, weight, type Arithmetic } from './terms.ts'
import type { CellStep, StepGradient } from '../trace/traceTypes.ts'

/** A step with or without gradients. */
export type AnyStep = CellStep<CellName, StepGradient | null>

/** Where in a trace a cell's number lies, and what its arithmetic reads. */
export interface CellPlace {
  place: TracePlace
  cell: Cell
  units: number
  /** Width of the input; of one-hot input, the vocabulary. */
  width: number
  parameters: DirectionParameters
  store: ParameterStore
  step: AnyStep
  /** The step read before, and its number; null at the first one. */
  before: { step: AnyStep; at: number } | null
  /** Where the states before the first step come from; null: they are zero. */
  initial: ((value: string, unit: number) => Omit<TracePlace, 'value'>) | null
  /** The number of another place of the trace. */
  valueAt: (place: TracePlace) => number
}

type Rule = (at: CellPlace) => Arithmetic

/** How each value of a cell's step is computed, by name, at a valid step or a masked one; `x` is not among them. */
export function rulesOf(cell: Cell, masked = false): Readonly<Record<string, Rule>> {
  const { of, stateLetters } = findEquations(cell.name)
  const rules: Record<string, Rule> = {}
  for (const [name, equation] of Object.entries(of(cell))) {
    // At a masked step the trace has the states that the step kept, not those that it computed.
    if (masked && readsNewState(equation, cell)) continue
    rules[name] = (at) => arithmeticOf(at, equation, vectorOf(at.step, name)[at.place.unit])
  }
  if (!masked) return rules
  for (const state of cell.stateNames) rules[state] = (at) => kept(at, stateLetters[state], state)
  if (cell.hiddenIsCandidate) rules[cell.candidate] = rules.hidden
  return rules
}

function readsNewState(equation: Equation, { stateNames }: Cell): boolean {
  const operands =
    equation.kind === 'gate'
      ? [equation.state, equation.factor, equation.extra?.state]
      : equation.terms.flatMap(({ factors }) => factors)
  return operands.some((x) => x && 'value' in x && !x.previous && stateNames.includes(x.value))
}

/** A vector of a step by its name. */
export function vectorOf(step: AnyStep, value: string): Float64Array {
  if (value === 'hidden') return step.hidden
  if (value === 'cell') return step.cell!
  if (value === 'saved') return step.saved!
  if (value === 'candidate') return step.candidate
  return (step.gates as Record<string, Float64Array>)[value]
}

function arithmeticOf(at: CellPlace, equation: Equation, value: number): Arithmetic {
  return { ...(equation.kind === 'gate' ? gateOf(at, equation) : sumOf(at, equation)), value }
}

function sumOf(at: CellPlace, { text, terms, activation }: SumEquation): Omit<Arithmetic, 'value'> {
  return {
    equation: text,
    ...functionOf(activation),
    terms: terms.map(({ name, factors }) => term(name, ...factors.map((x) => factorOf(at, x)))),
  }
}

function gateOf(at: CellPlace, equation: GateEquation): Omit<Arithmetic, 'value'> {
  const { gate, input, extra, activation, clip } = equation
  const row = at.cell.gateNames.indexOf(gate) * at.units + at.place.unit
  const terms = [...(input ? inputTerms(at, row) : []), ...stateTerms(at, row, equation)]
  if (extra) terms.push(extraTerm(at, extra))
  return { equation: printed(at, equation), ...functionOf(activation), clip, terms }
}

/** `i = σ(W_ii·x + b_ii + W_hi·h₋₁ + b_hi)`, with what the network has of it. */
function printed(at: CellPlace, equation: GateEquation): string {
  const { letter, subscript, input, state, factor, extra, activation, clip } = equation
  const { biasInput, biasHidden } = at.parameters
  const operand = state.value === 'saved' ? `(${state.text})` : state.text
  const product = `W_h${subscript}·${operand}${biasHidden ? ` + b_h${subscript}` : ''}`
  const summands = [
    ...(input ? [`W_i${subscript}·x${biasInput ? ` + b_i${subscript}` : ''}`] : []),
    factor ? `${factor.text}∘(${product})` : product,
    ...(extra ? [extra.text] : []),
  ]
  const sum = summands.join(' + ')
  if (letter === null || !activation) return sum
  return `${letter} = ${symbolOf(activation)}(${clip === undefined ? sum : `clip(${sum}, ±${clip})`})`
}

/** The function as an explanation has it: with alpha and beta where they matter. */
function functionOf(activation?: Required<ActivationSpec>): Pick<Arithmetic, 'activation' | 'parameters'> {
  if (!activation) return { activation: 'linear' }
  const { type, alpha, beta } = activation
  return { activation: type, ...((alpha !== 0 || beta !== 0) && { parameters: { alpha, beta } }) }
}

/** A number of this step or of the step before, at the unit in question unless another is given. */
function factorOf(at: CellPlace, factor: Operand | Constant, unit = at.place.unit): Factor {
  if ('constant' in factor) return constant(factor.text, factor.constant)
  const { text, value, previous, complement } = factor
  const from = previous ? at.before : { step: at.step, at: at.place.step }
  if (!from) {
    const given = at.initial && { ...at.initial(value, unit), value }
    return given ? traced(text, at.valueAt(given), given) : constant(text, 0)
  }
  const x = vectorOf(from.step, value)[unit]
  return traced(text, complement ? 1 - x : x, { ...at.place, step: from.at, value, unit })
}

/** A masked step's state: the one before it. */
function kept(at: CellPlace, letter: string, state: string): Arithmetic {
  const text = `${letter}₋₁`
  return {
    equation: `${letter} = ${text} (masked step)`,
    activation: 'linear',
    terms: [term(text, factorOf(at, { text, value: state, previous: true }))],
    value: vectorOf(at.step, state)[at.place.unit],
  }
}

/** P∘c. */
function extraTerm(at: CellPlace, { text, row, state }: NonNullable<GateEquation['extra']>): Term {
  const { store, parameters, place } = at
  const extra = parameters.extra!
  const value = readRow(store, extra, row)[place.unit]
  return term(text, weight('P', value, extra.name, row, place.unit), factorOf(at, state))
}

/** x[j]·W_ih[row, j] and b_ih[row]. */
function inputTerms(at: CellPlace, row: number): Term[] {
  const { place, parameters, store, step } = at
  const { weightInput, biasInput } = parameters
  const weights = readRow(store, weightInput, row)
  const weightAt = (j: number) => weight('W_ih', weights[j], weightInput.name, row, j)
  const id = step.inputId
  const terms =
    step.input.length > 0
      ? Array.from(step.input, (x, j) =>
          term('input', traced(`x[${j}]`, x, { ...place, value: 'x', unit: j }), weightAt(j)),
        )
      : [term('input', traced(`x[${id}]`, 1, { ...place, value: 'x', unit: id! }), weightAt(id!))]
  if (biasInput) terms.push(term('bias', biasOf(at, 'b_ih', biasInput, row)))
  return terms
}

/** h₋₁[k]·W_hh[row, k] and b_hh[row], times a gate where the equation has one. */
function stateTerms(at: CellPlace, row: number, { state, factor }: GateEquation): Term[] {
  const { parameters, store, units } = at
  const { weightHidden, biasHidden } = parameters
  const weights = readRow(store, weightHidden, row)
  const text = state.value === 'saved' ? `(${state.text})` : state.text
  const gates = factor ? [factorOf(at, factor)] : []
  const terms = Array.from({ length: units }, (_, k) =>
    term(
      'state',
      ...gates,
      factorOf(at, { ...state, text: `${text}[${k}]` }, k),
      weight('W_hh', weights[k], weightHidden.name, row, k),
    ),
  )
  if (biasHidden) terms.push(term('bias', ...gates, biasOf(at, 'b_hh', biasHidden, row)))
  return terms
}

function biasOf({ store }: CellPlace, label: string, bias: Parameter, row: number): Factor {
  return weight(label, readRow(store, bias, row)[0], bias.name, row, null)
}
