/**
 * The order of gates in every format: one table by gate name, and the only code that converts one order
 * into another. In Latch (and PyTorch) a weight is (G·H, width), gates in the order of `native`.
 * Sources: torch.nn.LSTM and GRU, keras layers/rnn, ONNX operators LSTM and GRU, TensorFlow 1 BasicLSTMCell.
 */
import { cells, findCell, type CellName } from '../cells/registry.ts'
import { UnsupportedError } from '../core/errors.ts'

/** Formats whose gate order has a row in the table. */
export type WeightLayout = 'native' | 'keras' | 'keras1' | 'onnx' | 'tensorflow1'

type GateOrder = readonly string[]

/** Gates by name, in the order of the format's rows or columns. In all of them, a GRU's update gate scales the old state. */
export const GATE_ORDERS: Readonly<Record<WeightLayout, Readonly<Partial<Record<CellName, GateOrder>>>>> = {
  // i f g o; r z n.
  native: Object.fromEntries(cells.map(({ name, gateNames }) => [name, gateNames])),
  // TensorFlow.js too.
  keras: {
    rnn: ['candidate'],
    lstm: ['input', 'forget', 'candidate', 'output'], // i f c o
    gru: ['update', 'reset', 'candidate'], // z r h
  },
  // Keras 1 has one array for each gate, in this order.
  keras1: {
    lstm: ['input', 'candidate', 'forget', 'output'], // i c f o
    gru: ['update', 'reset', 'candidate'], // z r h
  },
  onnx: {
    rnn: ['candidate'],
    lstm: ['input', 'output', 'forget', 'candidate'], // i o f c
    gru: ['update', 'reset', 'candidate'], // z r h
  },
  tensorflow1: {
    lstm: ['input', 'candidate', 'forget', 'output'], // i j f o
  },
}

/** The same in the letters that each format's documentation uses. */
const GATE_LETTERS: Readonly<Record<WeightLayout, Readonly<Partial<Record<CellName, string>>>>> = {
  native: { lstm: 'i f g o', gru: 'r z n' },
  keras: { lstm: 'i f c o', gru: 'z r h' },
  keras1: { lstm: 'i c f o', gru: 'z r h' },
  onnx: { lstm: 'i o f c', gru: 'z r h' },
  tensorflow1: { lstm: 'i j f o' },
}

/** `gates i f g o`: a readable order of a layout; empty for a cell with one block of weights. */
export function gatesInWords(layout: WeightLayout, cell: CellName): string {
  const letters = GATE_LETTERS[layout][cell]
  return letters ? `gates ${letters}` : ''
}

/** What reading a layout's gates changes, as a warning; null if the order is the same or there is only one block. */
export function describeReordering(layout: WeightLayout & ClassFormat, cell: CellName): string | null {
  const [from, to] = [GATE_LETTERS[layout][cell], GATE_LETTERS.native[cell]]
  if (!from || from === to) return null
  const { keepGate } = findCell(cells, cell)
  const keeps = keepGate ? `; the ${keepGate} gate scales the old state` : ''
  return `${requireClassName(layout, cell, layout)} gates ${from} were reordered to ${to}${keeps}`
}

/** Formats with names of their own for cells. TensorFlow.js uses the names of Keras. */
export const CLASS_FORMATS = ['keras', 'onnx', 'torch', 'tensorflow1'] as const
type ClassFormat = (typeof CLASS_FORMATS)[number]

/**
 * The cells' names in each format, which does not support other cells: classes of Keras, operators of ONNX, modules of
 * PyTorch. No other file spells them.
 */
const CLASS_NAMES: Readonly<Record<ClassFormat, Readonly<Partial<Record<CellName, string>>>>> = {
  keras: { rnn: 'SimpleRNN', lstm: 'LSTM', gru: 'GRU' },
  onnx: { rnn: 'RNN', lstm: 'LSTM', gru: 'GRU' },
  torch: { rnn: 'RNN', lstm: 'LSTM', gru: 'GRU' },
  tensorflow1: { lstm: 'BasicLSTMCell' },
}

/** A format's name for a cell; undefined if it has none. */
export function getClassName(format: ClassFormat, cell: CellName): string | undefined {
  return CLASS_NAMES[format][cell]
}

/** A format's name for a cell. @throws UnsupportedError if it has none */
export function requireClassName(format: ClassFormat, cell: CellName, where: string): string {
  const found = getClassName(format, cell)
  if (found) return found
  const expected = `a cell among ${classNames(format).join(', ')}`
  throw new UnsupportedError({ where, expected, got: cell })
}

/** The cell by a format's name for it, or null. */
export function cellOfClass(format: ClassFormat, className: string): CellName | null {
  const found = Object.entries(CLASS_NAMES[format]).find(([, name]) => name === className)
  return (found?.[0] as CellName | undefined) ?? null
}

/** The format's names of cells, or of those for which `which` is true. */
export function classNames(format: ClassFormat, which: (cell: CellName) => boolean = () => true): string[] {
  const entries = Object.entries(CLASS_NAMES[format]) as [CellName, string][]
  return entries.flatMap(([cell, name]) => (which(cell) ? [name] : []))
}

/** Keras' layers around a cell of any kind (not ONNX' simple cell of that name), and around a stack of cells. */
export const KERAS_WRAPPERS = { cell: 'RNN', stack: 'StackedRNNCells' } as const

/** The default activations of a cell's ONNX operator, in the order of its `activations`. */
export const ONNX_ACTIVATIONS: Readonly<Partial<Record<CellName, readonly string[]>>> = {
  rnn: ['Tanh'],
  lstm: ['Sigmoid', 'Tanh', 'Tanh'],
  gru: ['Sigmoid', 'Tanh'],
}

/** Peephole weights lie in this order (no candidate has one). */
export const PEEPHOLE_ORDERS = {
  native: ['input', 'forget', 'output'],
  onnx: ['input', 'output', 'forget'],
} as const

/**
 * Reorders blocks: `values` has one block of equal size for each name of `from`; the result
 * has them in the order of `to`.
 */
export function reorderBlocks<A extends Float32Array | Float64Array>(
  values: A,
  from: GateOrder,
  to: GateOrder,
): A {
  const size = values.length / from.length
  const out = values.slice() as A
  to.forEach((name, place) => {
    const at = from.indexOf(name) * size
    out.set(values.subarray(at, at + size), place * size)
  })
  return out
}

/** (rows, columns) row-major → (columns, rows). */
export function transposed(values: Float32Array, rows: number, columns: number): Float32Array {
  const out = new Float32Array(values.length)
  for (let r = 0; r < rows; r++) {
    for (let c = 0; c < columns; c++) out[c * rows + r] = values[r * columns + c]
  }
  return out
}

/** Gate rows (G·H, width) of a layout → native. A bias is of width 1. */
export function rowsToNative<A extends Float32Array | Float64Array>(
  values: A,
  layout: WeightLayout,
  cell: CellName,
): A {
  return reorderBlocks(values, findOrder(layout, cell), findOrder('native', cell))
}

/** Native gate rows (G·H, width) → those of a layout. */
export function rowsFromNative(values: Float32Array, layout: WeightLayout, cell: CellName): Float32Array {
  return reorderBlocks(values, findOrder('native', cell), findOrder(layout, cell))
}

/** Gate columns (width, G·H), as in kernels of Keras and TensorFlow → native rows (G·H, width). */
export function columnsToNative(
  values: Float32Array,
  layout: WeightLayout,
  cell: CellName,
  width: number,
): Float32Array {
  return rowsToNative(transposed(values, width, values.length / width), layout, cell)
}

/** Native rows (G·H, width) → gate columns (width, G·H). */
export function columnsFromNative(
  values: Float32Array,
  layout: WeightLayout,
  cell: CellName,
  width: number,
): Float32Array {
  const rows = rowsFromNative(values, layout, cell)
  return transposed(rows, values.length / width, width)
}

function findOrder(layout: WeightLayout, cell: CellName): GateOrder {
  const order = GATE_ORDERS[layout][cell]
  if (!order) throw new RangeError(`gate orders: layout ${layout} has no cell ${cell}`)
  return order
}

/** The number of gates of a cell. */
export function gateCount(cell: CellName): number {
  return findCell(cells, cell).gateNames.length
}

/**
 * Gate blocks of Keras 2's CuDNN layers, (width, G·H) in the order of `keras`: each block, read row
 * by row, is already the gate's native rows (H, width), for kernels and recurrent kernels alike.
 */
export function cudnnToNative(values: Float32Array, cell: CellName, width: number): Float32Array {
  const gates = gateCount(cell)
  const columns = values.length / width // G·H
  const size = columns / gates // H
  const rows = new Float32Array(values.length)
  for (let gate = 0; gate < gates; gate++) {
    for (let k = 0; k < width; k++) {
      const from = k * columns + gate * size
      rows.set(values.subarray(from, from + size), gate * size * width + k * size)
    }
  }
  return rowsToNative(rows, 'keras', cell)
}
