/** The gate table: orders are permutations of the cell's gates, class names lead back to the cell, gaps are refused. */
import { describe, expect, it } from 'vitest'
import { cells } from '../../src/cells/registry.ts'
import { UnsupportedError } from '../../src/core/errors.ts'
import {
  cellOfClass,
  classNameOf,
  classNames,
  GATE_ORDERS,
  gatesInWords,
  ONNX_ACTIVATIONS,
  requireClassName,
} from '../../src/formats/gateOrders.ts'

describe.each(cells.map(({ name, gateNames }) => [name, gateNames] as const))('%s', (cell, gateNames) => {
  it.each(Object.keys(GATE_ORDERS) as (keyof typeof GATE_ORDERS)[])('gates of %s', (layout) => {
    const order = GATE_ORDERS[layout][cell]
    if (order) expect([...order].sort()).toEqual([...gateNames].sort())
    const letters = gatesInWords(layout, cell)
    if (letters) expect(letters.split(' ')).toHaveLength(1 + gateNames.length)
    expect(GATE_ORDERS.native[cell]).toEqual(gateNames)
  })

  it.each(['keras', 'onnx', 'torch', 'tensorflow1'] as const)('class name of %s', (format) => {
    const name = classNameOf(format, cell)
    if (name) expect(cellOfClass(format, name)).toBe(cell)
    else expect(() => requireClassName(format, cell, 'export')).toThrow(UnsupportedError)
  })
})

it('a cell that a format does not have is refused with those it has', () => {
  expect(() => requireClassName('tensorflow1', 'gru', 'recurrent.0')).toThrow(
    'recurrent.0: expected a cell among BasicLSTMCell, got gru',
  )
  expect(cellOfClass('keras', 'LSTMCell')).toBeNull()
  expect(classNames('onnx')).toEqual(['RNN', 'LSTM', 'GRU'])
  expect(Object.keys(ONNX_ACTIVATIONS)).toHaveLength(classNames('onnx').length)
})
