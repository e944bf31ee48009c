/**
 * Which gate lies where, in every format: one table by gate name, and the only place that turns one order
 * into another. Inside (and in PyTorch) a weight is (G·H, width), gates in the order of `native`.
 * Sources: torch.nn.LSTM and GRU, keras layers/rnn, ONNX operators LSTM and GRU, TensorFlow 1 BasicLSTMCell.
 */
import type { CellName } from '../cells/registry.ts'
import { cells, findCell } from '../cells/registry.ts'

/** Formats whose gate order has a row in the table. */
export type WeightLayout = 'native' | 'keras' | 'onnx' | 'tensorflow1'

type GateOrder = readonly string[]

/** Gates by name, in the order of the format's rows or columns. In all of them a GRU's update gate keeps the old. */
export const GATE_ORDERS: Readonly<Record<WeightLayout, Readonly<Partial<Record<CellName, GateOrder>>>>> = {
  native: {
    rnn: ['candidate'],
    lstm: ['input', 'forget', 'candidate', 'output'], // i f g o
    gru: ['reset', 'update', 'candidate'], // r z n
  },
  // TensorFlow.js too.
  keras: {
    rnn: ['candidate'],
    lstm: ['input', 'forget', 'candidate', 'output'], // i f c o
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

/** Peephole weights lie in this order (no candidate has one). */
export const PEEPHOLE_ORDERS = {
  native: ['input', 'forget', 'output'],
  onnx: ['input', 'output', 'forget'],
} as const

/**
 * Blocks put in another order: `values` holds one block of equal size for each name of `from`; the result
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
  return reorderBlocks(values, orderOf(layout, cell), orderOf('native', cell))
}

/** Native gate rows (G·H, width) → those of a layout. */
export function rowsFromNative(values: Float32Array, layout: WeightLayout, cell: CellName): Float32Array {
  return reorderBlocks(values, orderOf('native', cell), orderOf(layout, cell))
}

/** Gate columns (width, G·H), as Keras and TensorFlow keep kernels → native rows (G·H, width). */
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

function orderOf(layout: WeightLayout, cell: CellName): GateOrder {
  const order = GATE_ORDERS[layout][cell]
  if (!order) throw new RangeError(`weightLayouts: ${layout} has no ${cell}`)
  return order
}

/** How many gates a cell has. */
export function gateCount(cell: CellName): number {
  return findCell(cells, cell).gateNames.length
}

/**
 * Gate blocks as Keras 2's CuDNN layers keep them, (width, G·H) in the order of `keras`: each block, read row
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
