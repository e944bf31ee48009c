/**
 * The arithmetic inside a step of each cell: gates, candidate, states and what the cell saves, with the
 * equations of src/cells/ in the cell's letters. Weights and operands are the real ones; only sums are made here.
 */
import { readRow } from '../../tensors/parameterRow.ts'
import type { ActivationSpec } from '../../cells/activations.ts'
import { gateFunction, type Cell } from '../../cells/cell.ts'
import type { CellName } from '../../cells/registry.ts'
import type { DirectionParameters } from '../../layers/recurrent/loopShape.ts'
import type { Parameter, ParameterStore } from '../../tensors/parameters.ts'
import type { Factor, Term, TracePlace } from './explanation.ts'
import { constant, term, traced, weight, type Arithmetic } from './terms.ts'
import type { CellStep, StepGradient } from '../trace/traceTypes.ts'

/** A step with or without gradients. */
export type AnyStep = CellStep<CellName, StepGradient | null>

/** Where in a trace a cell's number stands, and what its arithmetic reads. */
export interface CellPlace {
  place: TracePlace
  cell: Cell
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

const LETTERS: { readonly [C in CellName]: Readonly<Record<string, string>> } = {
  rnn: { candidate: 'h' },
  lstm: { input: 'i', forget: 'f', candidate: 'g', output: 'o' },
  gru: { reset: 'r', update: 'z', candidate: 'n' },
}

/** The rules of a cell's values by name, at a step that counts or a masked one; `x` is not among them. */
export function rulesOf(cell: Cell, masked = false): Readonly<Record<string, Rule>> {
  const gates = Object.fromEntries(
    cell.gateNames.map((name, g) => [name, (at: CellPlace) => gate(at, name, g)]),
  )
  if (masked) return maskedRules(cell, gates)
  if (cell.name === 'rnn') return { ...gates, hidden: gates.candidate }
  if (cell.functions.coupled) gates.forget = coupledForget
  if (cell.name === 'lstm') return { ...gates, cell: lstmCell, saved: lstmSaved, hidden: lstmHidden }
  return { ...gates, saved: cell.separateRecurrent ? gruRecurrent : gruReset, hidden: gruHidden }
}

/** What was computed from the c that the step did not keep is not explained: the trace has the one it kept. */
function maskedRules(cell: Cell, gates: Readonly<Record<string, Rule>>): Readonly<Record<string, Rule>> {
  const hidden: Rule = (at) => kept(at, 'h', 'hidden')
  if (cell.name === 'rnn') return { hidden, candidate: hidden }
  if (cell.name === 'gru')
    return { ...gates, saved: cell.separateRecurrent ? gruRecurrent : gruReset, hidden }
  const { output, ...rest } = gates
  const forget = cell.functions.coupled ? coupledForget : rest.forget
  const computed: Readonly<Record<string, Rule>> = cell.functions.peepholes ? {} : { output }
  return { ...rest, forget, ...computed, cell: (at) => kept(at, 'c', 'cell'), hidden }
}

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

/** The function as an explanation tells it: alpha and beta where it has any. */
function told({
  type,
  alpha,
  beta,
}: Required<ActivationSpec>): Pick<Arithmetic, 'activation' | 'parameters'> {
  return { activation: type, ...((alpha !== 0 || beta !== 0) && { parameters: { alpha, beta } }) }
}

/** σ for sigmoid. */
const symbolOf = (type: string): string => (type === 'sigmoid' ? 'σ' : type)

/** A masked step's state: the one before it. */
function kept(at: CellPlace, letter: string, state: 'hidden' | 'cell'): Arithmetic {
  const { unit } = at.place
  const terms = [term(`${letter}₋₁`, previous(at, `${letter}₋₁`, state, unit))]
  return {
    equation: `${letter} = ${letter}₋₁ (masked step)`,
    activation: 'linear',
    terms,
    value: vectorOf(at.step, state)[unit],
  }
}

/** f = 1 − i: the forget gate's own weights are not used. */
function coupledForget(at: CellPlace): Arithmetic {
  const terms = [term('1', constant('1', 1)), term('−i', constant('−1', -1), own(at, 'i', 'input'))]
  return {
    equation: 'f = 1 − i',
    activation: 'linear',
    terms,
    value: vectorOf(at.step, 'forget')[at.place.unit],
  }
}

function gate(at: CellPlace, name: string, g: number): Arithmetic {
  const { cell, place } = at
  const row = g * at.units + place.unit
  const letter = LETTERS[cell.name as CellName][name]
  const isCandidate = name === cell.candidate
  const by = gateFunction(cell, name)
  const w = cell.name === 'rnn' ? '' : letter
  const [input, bias] = [`W_i${w}·x`, at.parameters.biasInput ? ` + b_i${w}` : '']
  const [state, stateBias] = [`W_h${w}·h₋₁`, at.parameters.biasHidden ? ` + b_h${w}` : '']
  const resets = isCandidate && cell.name === 'gru'
  const hidden = !resets
    ? `${state}${stateBias}`
    : cell.separateRecurrent
      ? `r∘(${state}${stateBias})`
      : `W_h${w}·(r∘h₋₁)${stateBias}`
  const peephole = isCandidate ? null : peepholeTerm(at, name, letter)
  const sum = `${input}${bias} + ${hidden}${peephole ? ` + ${peephole.group}` : ''}`
  const clip = cell.functions.clip ?? undefined
  const equation = `${letter} = ${symbolOf(by.type)}(${clip === undefined ? sum : `clip(${sum}, ±${clip})`})`
  const terms = [...inputTerms(at, row), ...stateTerms(at, row, resets), ...(peephole ? [peephole] : [])]
  return { equation, ...told(by), clip, terms, value: vectorOf(at.step, name)[place.unit] }
}

/** P∘c: i and f see the cell state before the step, o the one after it. */
function peepholeTerm(at: CellPlace, name: string, letter: string): Term | null {
  const { parameters, store, place } = at
  if (!parameters.extra) return null
  const { unit } = place
  const row = ['input', 'forget', 'output'].indexOf(name)
  const after = name === 'output'
  const state = after ? own(at, 'c', 'cell') : previous(at, 'c₋₁', 'cell', unit)
  const value = readRow(store, parameters.extra, row)[unit]
  return term(
    `P_${letter}∘${after ? 'c' : 'c₋₁'}`,
    weight('P', value, parameters.extra.name, row, unit),
    state,
  )
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
}

function lstmCell(at: CellPlace): Arithmetic {
  const { unit } = at.place
  const terms = [
    term('f∘c₋₁', own(at, 'f', 'forget'), previous(at, 'c₋₁', 'cell', unit)),
    term('i∘g', own(at, 'i', 'input'), own(at, 'g', 'candidate')),
  ]
  return { equation: 'c = f∘c₋₁ + i∘g', activation: 'linear', terms, value: at.step.cell![unit] }
}

function lstmSaved(at: CellPlace): Arithmetic {
  const by = at.cell.functions.state
  const terms = [term('c', own(at, 'c', 'cell'))]
  return { equation: `${symbolOf(by.type)}(c)`, ...told(by), terms, value: at.step.saved![at.place.unit] }
}

function lstmHidden(at: CellPlace): Arithmetic {
  const state = `${symbolOf(at.cell.functions.state.type)}(c)`
  const terms = [term(`o∘${state}`, own(at, 'o', 'output'), own(at, state, 'saved'))]
  return { equation: `h = o∘${state}`, activation: 'linear', terms, value: at.step.hidden[at.place.unit] }
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
