/**
 * Forms that other exporters give to the same layers (tf2onnx for Keras, older opsets, other orders of axes), each
 * converted and compared with its own graph; and graphs that look alike but mean something else, which are refused.
 */
import { describe, expect, it } from 'vitest'
import type { OnnxAttribute, OnnxModel, OnnxNode, OnnxTensor } from '../../../src/formats/onnx/graph.ts'
import { convertOnnx } from '../../../src/formats/onnx/convert/convert.ts'
import { verifyConversion } from '../../../src/formats/onnx/convert/verify.ts'
import { UnsupportedError } from '../../../src/core/errors.ts'
import { Random } from '../../../src/core/random.ts'
const [F, H, C, V] = [3, 4, 2, 6]

type Line = readonly [op: string, inputs: string, outputs: string, attributes?: Record<string, OnnxAttribute>]

function floats(name: string, ...shape: number[]): readonly [string, OnnxTensor] {
  const random = new Random(7, name)
  const count = shape.reduce((a, b) => a * b, 1)
  return [
    name,
    { dtype: 'float32', shape, data: Float32Array.from({ length: count }, () => random.between(-0.7, 0.7)) },
  ]
}

function ints(name: string, ...data: number[]): readonly [string, OnnxTensor] {
  return [name, { dtype: 'int64', shape: [data.length], data: Float64Array.from(data) }]
}

function single(
  name: string,
  value: number,
  dtype: 'float32' | 'int64' = 'float32',
): readonly [string, OnnxTensor] {
  const data = dtype === 'float32' ? Float32Array.of(value) : Float64Array.of(value)
  return [name, { dtype, shape: [], data }]
}

/** Weights of a cell with G gates, for D directions. */
const weights = (G: number, D = 1, width = F) => [
  floats('W', D, G * H, width),
  floats('R', D, G * H, H),
  floats('B', D, 2 * G * H),
]

interface Graph {
  lines: readonly Line[]
  constants: readonly (readonly [string, OnnxTensor])[]
  input?: OnnxModel['inputs'][number]
  opset?: number
  more?: OnnxModel['inputs']
}

const x = { name: 'x', dtype: 'float32', shape: ['N', 'T', F] } as const
const ids = { name: 'ids', dtype: 'int64', shape: ['N', 'T'] } as const

function modelOf({ lines, constants, input = x, opset = 13, more = [] }: Graph): OnnxModel {
  const nodes = lines.map(([op, inputs, outputs, attributes = {}], index): OnnxNode => {
    const names = (text: string) => (text ? text.split(' ').map((name) => (name === '_' ? '' : name)) : [])
    return {
      name: `${op} ${index}`,
      op,
      domain: '',
      inputs: names(inputs),
      outputs: names(outputs),
      attributes: new Map(Object.entries(attributes)),
      index,
    }
  })
  return {
    fileBytes: 0,
    irVersion: 8,
    opset,
    producer: 'tf2onnx 1.16',
    graphName: 'g',
    nodes,
    initializers: new Map(constants),
    inputs: [input, ...more],
    outputs: [{ name: 'y', dtype: 'float32', shape: null }],
    metadata: new Map(),
  }
}

/** Converts, checks against the graph, and lists the layers. */
function layersOf(graph: Graph) {
  const model = modelOf(graph)
  const converted = convertOnnx(model, 'model.onnx')
  verifyConversion(model, converted, 'model.onnx')
  return converted.network.layers.map((layer) =>
    layer.type === 'recurrent'
      ? [layer.cell, layer.direction, layer.returnSequences === false ? 'last' : 'every', layer.merge]
          .filter(Boolean)
          .join(' ')
      : 'pooling' in layer
        ? `pool ${layer.pooling}`
        : layer.type,
  )
}

const turnIn: Line = ['Transpose', 'x', 'xt', { perm: [1, 0, 2] }]
const lstm = (more: Record<string, OnnxAttribute> = {}): Line => [
  'LSTM',
  'xt W R B',
  'Y Yh',
  { hidden_size: H, ...more },
]
const both = { direction: 'bidirectional' }

describe('forms of other exporters', () => {
  it('a dense layer on every step through a reshape, as tf2onnx writes tensordot', () => {
    const layers = layersOf({
      lines: [
        turnIn,
        lstm(),
        ['Squeeze', 'Y one', 'h'],
        ['Transpose', 'h', 'ht', { perm: [1, 0, 2] }],
        ['Shape', 'ht', 'shape'],
        ['Gather', 'shape places', 'outer', { axis: 0 }],
        ['Concat', 'outer units', 'full', { axis: 0 }],
        ['Reshape', 'ht flat', 'rows'],
        ['MatMul', 'rows K', 'product'],
        ['Reshape', 'product full', 'back'],
        ['Add', 'back b', 'logits'],
        ['Softmax', 'logits', 'y', { axis: -1 }],
      ],
      constants: [
        ...weights(4),
        ints('one', 1),
        ints('places', 0, 1),
        ints('units', C),
        ints('flat', -1, H),
        floats('K', H, C),
        floats('b', C),
      ],
    })
    expect(layers).toEqual(['features', 'lstm forward every', 'dense'])
  })

  it('two directions split, squeezed and put side by side', () => {
    const steps: Graph = {
      lines: [
        turnIn,
        lstm(both),
        ['Split', 'Y', 'a b', { axis: 1 }],
        ['Squeeze', 'a one', 'a1'],
        ['Squeeze', 'b one', 'b1'],
        ['Concat', 'a1 b1', 'h', { axis: 2 }],
        ['Transpose', 'h', 'y', { perm: [1, 0, 2] }],
      ],
      constants: [...weights(4, 2), ints('one', 1)],
    }
    expect(layersOf(steps)).toEqual(['features', 'lstm bidirectional every'])
    const last: Graph = {
      lines: [
        turnIn,
        lstm(both),
        ['Split', 'Yh', 'a b', { axis: 0 }],
        ['Squeeze', 'a zero', 'a1'],
        ['Squeeze', 'b zero', 'b1'],
        ['Add', 'a1 b1', 'y'],
      ],
      constants: [...weights(4, 2), ints('zero', 0)],
    }
    expect(layersOf(last)).toEqual(['features', 'lstm bidirectional last sum'])
  })

  it('one direction of two alone is a layer that reads one way', () => {
    const graph = (place: number): Graph => ({
      lines: [turnIn, lstm(both), ['Gather', 'Yh place', 'y', { axis: 0 }]],
      constants: [...weights(4, 2), single('place', place, 'int64')],
    })
    expect(layersOf(graph(0))).toEqual(['features', 'lstm forward last'])
    expect(layersOf(graph(-1))).toEqual(['features', 'lstm reverse last'])
  })

  it('opset 9: axes as attributes, ids that come as floats', () => {
    const layers = layersOf({
      opset: 9,
      input: { name: 'ids', dtype: 'float32', shape: ['N', 7] },
      lines: [
        ['Cast', 'ids', 'whole', { to: 6 }],
        ['Gather', 'E whole', 'e', { axis: 0 }],
        ['Transpose', 'e', 'xt', { perm: [1, 0, 2] }],
        ['GRU', 'xt W R B', '_ Yh', { hidden_size: H, linear_before_reset: 1 }],
        ['Squeeze', 'Yh', 'h', { axes: [0] }],
        ['MatMul', 'h K', 'product'],
        ['Add', 'product b', 'logits'],
        ['Sigmoid', 'logits', 'y'],
      ],
      constants: [...weights(3), floats('E', V, F), floats('K', H, 1), floats('b', 1)],
    })
    expect(layers).toEqual(['embedding', 'gru forward last', 'dense'])
  })

  it('layout 1: batch first', () => {
    const graph: Graph = {
      opset: 14,
      lines: [
        ['GRU', 'x W R B', 'Y', { hidden_size: H, layout: 1, ...both }],
        ['Reshape', 'Y shape', 'y'],
      ],
      constants: [...weights(3, 2), ints('shape', 0, 0, -1)],
    }
    expect(layersOf(graph)).toEqual(['features', 'gru bidirectional every'])
  })

  it('steps backwards by a slice', () => {
    const layers = layersOf({
      lines: [
        ['Slice', 'x start end axis step', 'turned'],
        ['Transpose', 'turned', 'xt', { perm: [1, 0, 2] }],
        lstm(),
        ['Squeeze', 'Yh zero', 'y'],
      ],
      constants: [
        ...weights(4),
        ints('start', -1),
        ints('end', -(2 ** 31)),
        ints('axis', 1),
        ints('step', -1),
        ints('zero', 0),
      ],
    })
    expect(layers).toEqual(['features', 'reverse', 'lstm forward last'])
  })

  it('a fixed number of steps flattened', () => {
    const layers = layersOf({
      input: { ...ids, shape: ['N', 5] },
      lines: [
        ['Gather', 'E ids', 'e'],
        ['Flatten', 'e', 'f'],
        ['Gemm', 'f K b', 'y', { transB: 0 }],
      ],
      constants: [floats('E', V, F), floats('K', 5 * F, C), floats('b', C)],
    })
    expect(layers).toEqual(['embedding', 'flatten', 'dense'])
  })

  it('a batch normalisation after a product goes into its weights', () => {
    const layers = layersOf({
      lines: [
        ['MatMul', 'x K', 'a'],
        ['Mul', 'a s', 'b'],
        ['Add', 'b t', 'c'],
        ['Tanh', 'c', 'y'],
      ],
      constants: [floats('K', F, C), floats('s', C), floats('t', C)],
    })
    expect(layers).toEqual(['features', 'dense'])
  })
})

function failure(graph: Graph): string {
  const model = modelOf(graph)
  let error: unknown = null
  try {
    verifyConversion(model, convertOnnx(model, 'model.onnx'), 'model.onnx')
  } catch (thrown) {
    error = thrown
  }
  expect(error).toBeInstanceOf(UnsupportedError)
  return String(error)
}

describe('graphs that are no chain of layers', () => {
  const sequence = [turnIn, lstm()]

  it('the cell state as output', () => {
    const lines: Line[] = [turnIn, ['LSTM', 'xt W R B', '_ _ y', { hidden_size: H }]]
    expect(failure({ lines, constants: weights(4) })).toMatch(/\(LSTM, number 1.*Y_c/)
  })

  it('a step in the middle', () => {
    const lines: Line[] = [...sequence, ['Gather', 'Y place', 'y', { axis: 0 }]]
    const constants = [...weights(4), single('place', 2, 'int64')]
    expect(failure({ lines, constants })).toMatch(/\(Gather, number 2.*first or the last step/)
  })

  it('weights that come from outside', () => {
    const [, ...rest] = weights(4)
    const more = [{ name: 'W', dtype: 'float32', shape: [1, 4 * H, F] }] as const
    expect(failure({ lines: [...sequence, ['Identity', 'Y', 'y']], constants: rest, more })).toMatch(
      /W as a constant/,
    )
  })

  it('an initial state that is not zero', () => {
    const lines: Line[] = [turnIn, ['GRU', 'xt W R B _ h', '_ y', { hidden_size: H }]]
    expect(failure({ lines, constants: [...weights(3), floats('h', 1, 3, H)] })).toMatch(/initial state/)
  })

  it('the mean over a padded batch that has lengths', () => {
    const lines: Line[] = [
      turnIn,
      ['GRU', 'xt W R B lengths', 'Y', { hidden_size: H }],
      ['Squeeze', 'Y one', 'h'],
      ['ReduceMean', 'h', 'y', { axes: [0], keepdims: 0 }],
    ]
    const more = [{ name: 'lengths', dtype: 'int32', shape: ['N'] }] as const
    expect(failure({ lines, constants: [...weights(3), ints('one', 1)], more })).toMatch(
      /mean over the padded batch/,
    )
  })

  it('an operator that no layer is made of, by name', () => {
    expect(failure({ lines: [['CumSum', 'x axis', 'y']], constants: [single('axis', 1, 'int64')] })).toMatch(
      /\(CumSum, number 0; inputs x, axis\): expected a supported operator, got CumSum/,
    )
  })

  it('directions in the other order are joined as they are', () => {
    const lines: Line[] = [
      turnIn,
      lstm(both),
      ['Gather', 'Yh first', 'a', { axis: 0 }],
      ['Gather', 'Yh second', 'b', { axis: 0 }],
      ['Concat', 'b a', 'y', { axis: 1 }],
    ]
    const constants = [...weights(4, 2), single('first', 0, 'int64'), single('second', 1, 'int64')]
    expect(layersOf({ lines, constants })).toEqual([
      'features',
      'lstm reverse last',
      'concat',
      'lstm forward last',
      'concat',
    ])
  })
})
