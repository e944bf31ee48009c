/**
 * The registry of cells: a new cell adds itself to these lists, and every name, option and type elsewhere is derived
 * from them. `cells` compute with the engine's kernels; `genericCells` compute every form, and nothing that imports
 * only `cells` carries their code.
 */
import type { Engine } from '../engine/engine.ts'
import type { Cell, CellDefinition, CellInfo } from './cell.ts'
import type { CellEquations } from './equations.ts'
import { findCell } from './find.ts'
import { gruEquations } from './gru/equations.ts'
import { lstmEquations } from './lstm/equations.ts'
import { rnnEquations } from './rnn/equations.ts'
import { genericGruCell } from './gru/generic.ts'
import { gruCell } from './gru/gru.ts'
import { genericLstmCell } from './lstm/generic.ts'
import { lstmCell } from './lstm/lstm.ts'
import { genericRnnCell } from './rnn/generic.ts'
import { rnnCell } from './rnn/rnn.ts'

export { cellOptionReaders, findCell, takesOption } from './find.ts'

/** The fast form of each cell. */
export const cells = [lstmCell, gruCell, rnnCell] as const
/** Every form of each cell. */
export const genericCells = [genericLstmCell, genericGruCell, genericRnnCell] as const

/** The equations of each cell. */
export const cellEquations: { readonly [C in CellName]: CellEquations } = {
  lstm: lstmEquations,
  gru: gruEquations,
  rnn: rnnEquations,
}

type Definition = (typeof cells)[number]

/** Names of the cells. */
export type CellName = Definition['name']

/** The cells as facts: gates in the order of weight rows, states, and the gate that keeps the past. */
export const cellInfos: readonly CellInfo<CellName>[] = cells

/** Names of the cells, as the readers of options list them. */
export const cellNames: readonly CellName[] = cells.map(({ name }) => name)

/** Gate names by cell, so that a trace's type knows them. */
export type GatesOf = { [C in CellName]: Extract<Definition, { name: C }>['gateNames'][number] }

/** State names by cell. */
export type StatesOf = { [C in CellName]: Extract<Definition, { name: C }>['stateNames'][number] }

type OptionsOf<D> = D extends CellDefinition<string, string, string, infer Options> ? Options : never
type KeyOf<U> = U extends unknown ? keyof U : never
type ValueOf<U, K> = U extends unknown ? (K extends keyof U ? U[K] : never) : never

/** Options of several cells together, each with the values that any of them takes. */
export type OptionsOfAll<D> = { [K in KeyOf<OptionsOf<D>>]?: ValueOf<OptionsOf<D>, K> }

/** Options of all cells; which of them a cell takes is in its definition. */
export type CellOptions = OptionsOfAll<(typeof genericCells)[number]>

/** Which cell, and which form of it. */
export interface CellForm extends CellOptions {
  cell: CellName
}

/** The equations of a cell by its name. @throws UsageError for a name that is not in the registry */
export function findEquations(name: string): CellEquations {
  return cellEquations[findCell(cells, name).name]
}

/** The cell of a form on an engine, with the generic kernels where it needs them. */
export function cellOf(form: CellForm, engine: Engine): Cell {
  return findCell(genericCells, form.cell).create(form, engine)
}
