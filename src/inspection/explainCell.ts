/**
 * The arithmetic inside a step of each cell: gates, candidate, states and what the cell saves, with the
 * equations of src/cells/ in the cell's letters. Weights and operands are the real ones; only sums are made here.
 */
import { readRow } from '../layers/parameterRow.ts'
import type { Cell } from '../cells/cell.ts'
import type { DirectionParameters } from '../layers/loopShape.ts'
import type { Parameter, ParameterStore } from '../layers/parameters.ts'
import type { Factor, Term, TracePlace } from './explanation.ts'
import { constant, term, traced, weight, type Arithmetic } from './terms.ts'
import type { CellStep, StepGradient } from './traceTypes.ts'

/** A step with or without gradients. */
export type AnyStep = CellStep<Cell['name'], StepGradient | null>

/** Where in a trace a cell's number stands, and what its arithmetic reads. */
export interface CellPlace {
  place: TracePlace
  cell: Cell
  /** Of a simple RNN. */
  relu: boolean
  units: number
  /** Width of the input; a one-hot one's vocabulary. */
  width: number
  parameters: DirectionParameters
  store: ParameterStore
  step: AnyStep
  /** The step read before, and where it stands; null at the first one: states are zero. */
  before: { step: AnyStep; at: number } | null
}

type Rule = (at: CellPlace) => Arithmetic

const LETTERS: { readonly [C in Cell['name']]: Readonly<Record<string, string>> } = {
  rnn: { candidate: 'h' },
  lstm: { input: 'i', forget: 'f', candidate: 'g', output: 'o' },
  gru: { reset: 'r', update: 'z', candidate: 'n' },
}

/** The rules of a cell's values by name; `x` is not among them. */
export function rulesOf(cell: Cell): Readonly<Record<string, Rule>> {
  const gates = Object.fromEntries(cell.gateNames.map((name, g) => [name, (at: CellPlace) => gate(at, name, g)]))
  if (cell.name === 'rnn') return { ...gates, hidden: gates.candidate }
  if (cell.name === 'lstm') return { ...gates, cell: lstmCell, saved: lstmSaved, hidden: lstmHidden }
  return { ...gates, saved: cell.separateRecurrent ? gruRecurrent : gruReset, hidden: gruHidden }
} // prettier-ignore

/** A number of this step, or of the step before (0 where there is none). */
function own(at: CellPlace, letter: string, value: string, unit = at.place.unit): Factor {
  const indexed = unit === at.place.unit ? letter : `${letter}[${unit}]`
  return traced(indexed, vectorOf(at.step, value)[unit], { ...at.place, value, unit })
}

function previous({ before, place }: CellPlace, letter: string, value: string, unit: number): Factor {
  if (!before) return constant(letter, 0)
  return traced(letter, vectorOf(before.step, value)[unit], { ...place, step: before.at, value, unit })
}

/** A vector of a step by its name. */
export function vectorOf(step: AnyStep, value: string): Float64Array {
  if (value === 'hidden') return step.hidden
  if (value === 'cell') return step.cell!
  if (value === 'saved') return step.saved!
  if (value === 'candidate') return step.candidate
  return (step.gates as Record<string, Float64Array>)[value]
}

function gate(at: CellPlace, name: string, g: number): Arithmetic {
  const { cell, place } = at
  const row = g * at.units + place.unit
  const letter = LETTERS[cell.name][name]
  const isCandidate = name === cell.candidate
  const activation = !isCandidate ? 'sigmoid' : at.relu ? 'relu' : 'tanh'
  const f = activation === 'sigmoid' ? 'σ' : activation
  const w = cell.name === 'rnn' ? '' : letter
  const [input, bias] = [`W_i${w}·x`, at.parameters.biasInput ? ` + b_i${w}` : '']
  const [state, stateBias] = [`W_h${w}·h₋₁`, at.parameters.biasHidden ? ` + b_h${w}` : '']
  const resets = isCandidate && cell.name === 'gru'
  const hidden = !resets
    ? `${state}${stateBias}`
    : cell.separateRecurrent
      ? `r∘(${state}${stateBias})`
      : `W_h${w}·(r∘h₋₁)${stateBias}`
  const equation = `${letter} = ${f}(${input}${bias} + ${hidden})`
  const terms = [...inputTerms(at, row), ...stateTerms(at, row, resets)]
  return { equation, activation, terms, value: vectorOf(at.step, name)[place.unit] }
}

/** x[j]·W_ih[row, j] and b_ih[row]. */
function inputTerms(at: CellPlace, row: number): Term[] {
  const { place, parameters, store, step } = at
  const { weightInput, biasInput } = parameters
  const weights = readRow(store, weightInput, row)
  const factorOf = (j: number) => weight('W_ih', weights[j], weightInput.name, row, j)
  const id = step.inputId
  const terms =
    step.input.length > 0
      ? Array.from(step.input, (x, j) =>
          term('input', traced(`x[${j}]`, x, { ...place, value: 'x', unit: j }), factorOf(j)),
        )
      : [term('input', traced(`x[${id}]`, 1, { ...place, value: 'x', unit: id! }), factorOf(id!))]
  if (biasInput) terms.push(term('bias', biasOf(at, 'b_ih', biasInput, row)))
  return terms
}

/** h₋₁[k]·W_hh[row, k] and b_hh[row]; in a GRU's candidate with the reset gate where the form has it. */
function stateTerms(at: CellPlace, row: number, resets: boolean): Term[] {
  const { parameters, store, cell, units } = at
  const { weightHidden, biasHidden } = parameters
  const weights = readRow(store, weightHidden, row)
  const [after, before] = [resets && cell.separateRecurrent, resets && !cell.separateRecurrent]
  const reset = after ? [own(at, 'r', 'reset')] : []
  const terms = Array.from({ length: units }, (_, k) => {
    const place = { ...at.place, value: 'saved', unit: k }
    const state = before
      ? traced(`(r∘h₋₁)[${k}]`, at.step.saved![k], place)
      : previous(at, `h₋₁[${k}]`, 'hidden', k)
    return term('state', ...reset, state, weight('W_hh', weights[k], weightHidden.name, row, k))
  })
  if (biasHidden) terms.push(term('bias', ...reset, biasOf(at, 'b_hh', biasHidden, row)))
  return terms
}

function biasOf({ store }: CellPlace, label: string, bias: Parameter, row: number): Factor {
  return weight(label, readRow(store, bias, row)[0], bias.name, row, null)
} // prettier-ignore

function lstmCell(at: CellPlace): Arithmetic {
  const { unit } = at.place
  const terms = [
    term('f∘c₋₁', own(at, 'f', 'forget'), previous(at, 'c₋₁', 'cell', unit)),
    term('i∘g', own(at, 'i', 'input'), own(at, 'g', 'candidate')),
  ]
  return { equation: 'c = f∘c₋₁ + i∘g', activation: 'linear', terms, value: at.step.cell![unit] }
}

function lstmSaved(at: CellPlace): Arithmetic {
  const terms = [term('c', own(at, 'c', 'cell'))]
  return { equation: 'tanh(c)', activation: 'tanh', terms, value: at.step.saved![at.place.unit] }
}

function lstmHidden(at: CellPlace): Arithmetic {
  const terms = [term('o∘tanh(c)', own(at, 'o', 'output'), own(at, 'tanh(c)', 'saved'))]
  return { equation: 'h = o∘tanh(c)', activation: 'linear', terms, value: at.step.hidden[at.place.unit] }
}

function gruHidden(at: CellPlace): Arithmetic {
  const { unit } = at.place
  const z = own(at, 'z', 'update')
  const terms = [
    term('z∘h₋₁', z, previous(at, 'h₋₁', 'hidden', unit)),
    term('(1 − z)∘n', { ...z, name: '1 − z', value: 1 - z.value }, own(at, 'n', 'candidate')),
  ]
  return {
    equation: 'h = z∘h₋₁ + (1 − z)∘n',
    activation: 'linear',
    terms,
    value: at.step.hidden[unit],
  }
}

/** What the reset gate is multiplied with: the state's half of the candidate. */
function gruRecurrent(at: CellPlace): Arithmetic {
  const row = at.cell.gateNames.indexOf(at.cell.candidate) * at.units + at.place.unit
  const equation = at.parameters.biasHidden ? 'W_hn·h₋₁ + b_hn' : 'W_hn·h₋₁'
  const terms = stateTerms(at, row, false)
  return { equation, activation: 'linear', terms, value: at.step.saved![at.place.unit] }
}

function gruReset(at: CellPlace): Arithmetic {
  const { unit } = at.place
  const terms = [term('r∘h₋₁', own(at, 'r', 'reset'), previous(at, 'h₋₁', 'hidden', unit))]
  return { equation: 'r∘h₋₁', activation: 'linear', terms, value: at.step.saved![unit] }
}
