/** Recurrent layers as data: how their options are read, with the cells of a list, and how they are built. */
import type { Cell, CellDefinition } from '../../cells/cell.ts'
import { cellOptionReaders, findCell } from '../../cells/find.ts'
import type { CellForm, CellName } from '../../cells/registry.ts'
import type { Engine } from '../../engine/engine.ts'
import { fieldAt, fieldError, readBoolean, readChoice, type Field } from '../../core/validation.ts'
import type { LayerDefinition } from '../definition.ts'
import { oneOf, optional, readFields, readOptions, readWidth, type FieldReaders } from '../fields.ts'
import { MergedLayer } from './merge.ts'
import { RecurrentLayer, type RecurrentOptions } from './recurrent.ts'

/** A class of recurrent layers with options of its own. */
export interface RecurrentKind {
  readers(cells: readonly CellDefinition[], cell: string): FieldReaders<RecurrentOptions>
  readonly Layer: typeof RecurrentLayer
}

/** Recurrent layers with the cells of a list, in one direction or two. */
export function recurrentLayer(
  cells: readonly CellDefinition[],
  kind?: RecurrentKind,
): LayerDefinition<RecurrentOptions> {
  return {
    type: 'recurrent',
    read: (field) => readOptions(field, readersOf(cells, field, kind)),
    build: (context, name, options, input) =>
      new (kind?.Layer ?? RecurrentLayer)(context, name, options, input, cellMaker(cells)),
  }
}

/** Recurrent layers that can also merge two directions element by element, and give each functions of its own. */
export function mergingRecurrentLayer(
  cells: readonly CellDefinition[],
  kind?: RecurrentKind,
): LayerDefinition<RecurrentOptions> {
  const { build } = recurrentLayer(cells, kind)
  return {
    type: 'recurrent',
    read(field) {
      const { value: cell } = fieldAt(field, 'cell')
      const options = readOptions<RecurrentOptions>(field, {
        ...readersOf(cells, field, kind),
        merge: optional(oneOf('concat', 'sum', 'multiply', 'average')),
        backward: optional((functions) => readFunctions(cells, String(cell), functions)),
      })
      if (options.direction === 'bidirectional') return options
      for (const name of ['merge', 'backward'])
        if (fieldAt(field, name).value) throw fieldError(fieldAt(field, name), NO_SECOND)
      return options
    },
    build(context, name, options, input, below, all) {
      const { merge = 'concat' } = options
      if (merge === 'concat') return build(context, name, options, input, below, all)
      return new MergedLayer(context, name, { ...options, merge }, input, cellMaker(cells))
    },
  }
}

const NO_SECOND = 'nothing for a layer with one direction'

function readersOf(
  cells: readonly CellDefinition[],
  field: Field,
  kind?: RecurrentKind,
): FieldReaders<Omit<RecurrentOptions, 'type'>> {
  const names = cells.map(({ name }) => name as CellName)
  const cell = readChoice(fieldAt(field, 'cell'), names)
  return {
    cell: () => cell,
    units: readWidth,
    direction: optional(oneOf('forward', 'reverse', 'bidirectional')),
    returnSequences: optional(readBoolean),
    bias: optional(readBias),
    ...formReaders(cells, cell),
    ...kind?.readers(cells, cell),
  }
}

/** Readers of the options of a cell. */
function formReaders(cells: readonly CellDefinition[], cell: string): FieldReaders<CellForm> {
  const readers = Object.entries(cellOptionReaders(cells, cell))
  return Object.fromEntries(readers.map(([name, read]) => [name, optional(read)])) as FieldReaders<CellForm>
}

const FUNCTIONS = ['activation', 'gateActivation', 'stateActivation'] as const

/** The functions of a second direction. */
function readFunctions(
  cells: readonly CellDefinition[],
  cell: string,
  field: Field,
): NonNullable<RecurrentOptions['backward']> {
  const readers = formReaders(cells, cell)
  const known = FUNCTIONS.filter((name) => readers[name])
  return readFields(field, Object.fromEntries(known.map((name) => [name, readers[name]])))
}

function readBias(field: Field): boolean | 'single' {
  if (typeof field.value === 'boolean' || field.value === 'single') return field.value
  throw fieldError(field, "true, false or 'single'")
}

function cellMaker(cells: readonly CellDefinition[]): (form: CellForm, engine: Engine) => Cell {
  return (form, engine) => findCell(cells, form.cell).create(form, engine)
}
