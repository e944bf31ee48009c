/** The equations of the simple recurrent cell, for `explain`. */
import { gateEquation, type CellEquations } from '../equations.ts'

export const rnnEquations: CellEquations = {
  stateLetters: { hidden: 'h' },
  memory: 'a simple RNN has no gate: each step overwrites all of its memory',
  of(cell) {
    const hidden = gateEquation(cell, 'candidate', 'h', '')
    return { candidate: hidden, hidden }
  },
}
