/** The equations of the GRU, reset after the product or before it, for `explain`. */
import { gateEquation, type CellEquations } from '../equations.ts'

const [r, z, n] = [
  { text: 'r', value: 'reset' },
  { text: 'z', value: 'update' },
  { text: 'n', value: 'candidate' },
]
const hPrev = { text: 'h₋₁', value: 'hidden', previous: true } as const

export const gruEquations: CellEquations = {
  stateLetters: { hidden: 'h' },
  memory: 'product of the update gates z, which keep the old here: how much h retains of an earlier (1−z)∘n',
  of(cell) {
    const candidate = gateEquation(cell, 'candidate', 'n')
    const after = cell.separateRecurrent
    return {
      reset: gateEquation(cell, 'reset', 'r'),
      update: gateEquation(cell, 'update', 'z'),
      candidate: after
        ? { ...candidate, factor: r }
        : { ...candidate, state: { text: 'r∘h₋₁', value: 'saved' } },
      saved: after
        ? { kind: 'gate', gate: 'candidate', letter: null, subscript: 'n', input: false, state: hPrev }
        : { kind: 'sum', text: 'r∘h₋₁', terms: [{ name: 'r∘h₋₁', factors: [r, hPrev] }] },
      hidden: {
        kind: 'sum',
        text: 'h = z∘h₋₁ + (1 − z)∘n',
        terms: [
          { name: 'z∘h₋₁', factors: [z, hPrev] },
          { name: '(1 − z)∘n', factors: [{ ...z, text: '1 − z', complement: true }, n] },
        ],
      },
    }
  },
}
