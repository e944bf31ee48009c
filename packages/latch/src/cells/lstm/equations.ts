/** The equations of the LSTM in all forms, for `explain`. */
import { gateEquation, symbolOf, type CellEquations, type Equation, type GateEquation } from '../equations.ts'
import type { Cell } from '../cell.ts'

const [i, f, g, o, c] = [
  { text: 'i', value: 'input' },
  { text: 'f', value: 'forget' },
  { text: 'g', value: 'candidate' },
  { text: 'o', value: 'output' },
  { text: 'c', value: 'cell' },
]
const cPrev = { text: 'c₋₁', value: 'cell', previous: true } as const

export const lstmEquations: CellEquations = {
  stateLetters: { hidden: 'h', cell: 'c' },
  memory: 'product of the forget gates f: how much c retains of an earlier i∘g',
  of(cell) {
    const { coupled, state } = cell.functions
    const stateOfC = `${symbolOf(state)}(c)`
    return {
      // i and f see the cell state before the step, o the one after it.
      input: withPeephole(cell, gateEquation(cell, 'input', 'i'), 0),
      forget: coupled ? coupledForget : withPeephole(cell, gateEquation(cell, 'forget', 'f'), 1),
      candidate: gateEquation(cell, 'candidate', 'g'),
      output: withPeephole(cell, gateEquation(cell, 'output', 'o'), 2),
      cell: {
        kind: 'sum',
        text: 'c = f∘c₋₁ + i∘g',
        terms: [
          { name: 'f∘c₋₁', factors: [f, cPrev] },
          { name: 'i∘g', factors: [i, g] },
        ],
      },
      saved: { kind: 'sum', text: stateOfC, terms: [{ name: 'c', factors: [c] }], activation: state },
      hidden: {
        kind: 'sum',
        text: `h = o∘${stateOfC}`,
        terms: [{ name: `o∘${stateOfC}`, factors: [o, { text: stateOfC, value: 'saved' }] }],
      },
    }
  },
}

/** The forget gate's own weights are not used. */
const coupledForget: Equation = {
  kind: 'sum',
  text: 'f = 1 − i',
  terms: [
    { name: '1', factors: [{ text: '1', constant: 1 }] },
    { name: '−i', factors: [{ text: '−1', constant: -1 }, i] },
  ],
}

function withPeephole(cell: Cell, gate: GateEquation, row: number): GateEquation {
  if (!cell.functions.peepholes) return gate
  const state = row === 2 ? c : cPrev
  return { ...gate, extra: { text: `P_${gate.letter}∘${state.text}`, row, state } }
}
