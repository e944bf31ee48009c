/** The gate table: orders are permutations of the cell's gates, class names lead back to the cell, gaps are refused. */
import { expect, it } from 'vitest'
import { cells } from '../../src/cells/registry.ts'
import { UnsupportedError } from '../../src/core/errors.ts'
import {
  cellOfClass,
  getClassName,
  classNames,
  GATE_ORDERS,
  gatesInWords,
  ONNX_ACTIVATIONS,
  requireClassName,
} from '../../src/formats/gateOrders.ts'

const layouts = Object.keys(GATE_ORDERS) as (keyof typeof GATE_ORDERS)[]
const formats = ['keras', 'onnx', 'torch', 'tensorflow1'] as const
const pairs = cells.flatMap((cell) =>
  layouts.map((layout) => ({ cell, layout, order: GATE_ORDERS[layout][cell.name] })),
)
const named = cells.flatMap(({ name }) =>
  formats.map((format) => ({ name, format, own: getClassName(format, name) })),
)

it.each(pairs.filter(({ order }) => order))(
  '$layout has every gate of $cell.name',
  ({ cell, layout, order }) => {
    expect(order!.toSorted()).toEqual(cell.gateNames.toSorted())
    expect(GATE_ORDERS.native[cell.name]).toEqual(cell.gateNames)
    const words = gatesInWords(layout, cell.name).split(' ')
    expect(words).toHaveLength(cell.gateNames.length === 1 ? 1 : 1 + cell.gateNames.length)
  },
)

it.each(named.filter(({ own }) => own))('$format names $name, and back', ({ name, format, own }) => {
  expect(cellOfClass(format, own!)).toBe(name)
})

it.each(named.filter(({ own }) => !own))('$format does not have $name', ({ name, format }) => {
  expect(() => requireClassName(format, name, 'export')).toThrow(UnsupportedError)
})

it('a cell that a format does not have is refused with those it has', () => {
  expect(() => requireClassName('tensorflow1', 'gru', 'recurrent.0')).toThrow(
    'recurrent.0: expected a cell among BasicLSTMCell, got gru',
  )
  expect(cellOfClass('keras', 'LSTMCell')).toBeNull()
  expect(classNames('onnx')).toEqual(['RNN', 'LSTM', 'GRU'])
  expect(Object.keys(ONNX_ACTIVATIONS)).toHaveLength(classNames('onnx').length)
})
