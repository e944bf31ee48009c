/** Every operator of the graph runner against numpy, PyTorch and the specification's equations (packages/latch/tests/golden/onnxOps.json). */
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { decodeOnnx } from '../../../src/formats/onnx/proto/decode.ts'
import type { OnnxDtype, OnnxTensor } from '../../../src/formats/onnx/graph.ts'
import { isFloat } from '../../../src/formats/onnx/runtime/node.ts'
import { COVERED, OnnxGraph } from '../../../src/formats/onnx/runtime/run.ts'
import {
  DataError,
  FormatError,
  type LatchError,
  ShapeError,
  UnsupportedError,
} from '../../../src/core/errors.ts'
import { floats, type GraphText, modelBytes, tensor, type Value, whole } from './onnxFiles.ts'

interface Plain {
  dtype: OnnxDtype
  shape: number[]
  data: (number | string)[]
}

interface Golden {
  name: string
  op: string
  opset: number
  attributes: Record<string, Value>
  inputs: (Plain | null)[]
  outputs: Plain[]
}

const { cases } = JSON.parse(readFileSync(new URL('../../golden/onnxOps.json', import.meta.url), 'utf8')) as {
  cases: Golden[]
}

const read = ({ dtype, shape, data }: Plain) => tensor(dtype, shape, data.map(Number))

async function open(graph: GraphText): Promise<OnnxGraph> {
  return new OnnxGraph(await decodeOnnx(modelBytes(graph), 'small.onnx'), { source: 'small.onnx' })
}

/** One node on its inputs; its outputs in order. */
async function runNode(
  op: string,
  opset: number,
  attributes: Record<string, Value>,
  inputs: readonly (OnnxTensor | null)[],
  outputs: number,
): Promise<OnnxTensor[]> {
  const named = inputs.map((input, i) => [input ? `in${i}` : '', input] as const)
  const given = Object.fromEntries(named.filter((pair): pair is [string, OnnxTensor] => pair[1] !== null))
  const made = Array.from({ length: outputs }, (_, i) => `out${i}`)
  const nodes = [{ op, inputs: named.map(([name]) => name), outputs: made, attributes }]
  const graph = await open({ opset, nodes, inputs: given, outputs: made })
  const results = graph.run(given)
  return made.map((name) => results[name])
}

/** Attributes that hold a tensor are written as plain ones. */
function attributesOf(attributes: Golden['attributes']): Record<string, Value> {
  return Object.fromEntries(
    Object.entries(attributes).map(([key, value]) =>
      typeof value === 'object' && 'dtype' in value ? [key, read(value as unknown as Plain)] : [key, value],
    ),
  )
}

/** Distance in units of 1e-6 of the wanted number, or of 1e-6 below one. */
function tooFar(got: number, wanted: number): boolean {
  if (Object.is(got, wanted) || got === wanted) return false
  return !(Math.abs(got - wanted) <= 1e-6 * Math.max(1, Math.abs(wanted)))
}

describe('operators', () => {
  it.each(cases.map((c) => [`${c.op} ${c.opset}: ${c.name}`, c] as const))('%s', async (_, golden) => {
    const { op, opset, attributes, inputs, outputs } = golden
    const given = inputs.map((input) => input && read(input))
    const got = await runNode(op, opset, attributesOf(attributes), given, outputs.length)
    outputs.map(read).forEach((wanted, k) => {
      expect({ dtype: got[k].dtype, shape: [...got[k].shape] }).toEqual({
        dtype: wanted.dtype,
        shape: [...wanted.shape],
      })
      const exact = !isFloat(wanted.dtype) || wanted.dtype === 'float16'
      const wrong = Array.from(wanted.data, (w, i) => [i, got[k].data[i], w] as const).filter(([, g, w]) =>
        exact ? !Object.is(g + 0, w + 0) : tooFar(g, w),
      )
      expect(wrong).toEqual([])
    })
  })

  it('all have a case', () => {
    const tried = new Set(cases.map(({ op }) => op))
    const untried = COVERED.filter((op) => !tried.has(op))
    // These have tests of their own: below, and in sorted.test.ts.
    const below = ['CastLike', 'Constant', 'GlobalAveragePool', 'GlobalMaxPool', 'IsNaN']
    const sorted = ['ConstantFill', 'Scatter', 'ScatterElements', 'TopK']
    expect(untried).toEqual([...below, ...sorted].toSorted())
  })
})

describe('constants', () => {
  const constants: [string, Value, OnnxTensor][] = [
    ['value', tensor('int32', [2], [3, 4]), tensor('int32', [2], [3, 4])],
    ['value_float', { float: 0.5 }, floats([], [0.5])],
    ['value_floats', { floats: [0.5, 1] }, floats([2], [0.5, 1])],
    ['value_int', 7, tensor('int64', [], [7])],
    ['value_ints', [7, -8], whole(7, -8)],
  ]
  it.each(constants)('by %s', async (key, value, wanted) => {
    const [got] = await runNode('Constant', 13, { [key]: value }, [], 1)
    expect(got).toEqual(wanted)
  })

  it('of texts are refused', async () => {
    await expect(runNode('Constant', 13, { value_string: 'a' }, [], 1)).rejects.toThrow(UnsupportedError)
  })

  it('need one value', async () => {
    await expect(runNode('Constant', 13, {}, [], 1)).rejects.toThrow(FormatError)
  })
})

it('casts to the type of another tensor', async () => {
  const [got] = await runNode('CastLike', 15, {}, [floats([2], [1.75, -1.75]), whole(1)], 1)
  expect(got).toEqual(whole(1, -1))
})

it('pools over all axes after batch and channels', async () => {
  const x = floats([1, 2, 3], [1, 2, 6, -1, -5, 0])
  expect((await runNode('GlobalAveragePool', 13, {}, [x], 1))[0]).toEqual(floats([1, 2, 1], [3, -2]))
  expect((await runNode('GlobalMaxPool', 13, {}, [x], 1))[0]).toEqual(floats([1, 2, 1], [6, 0]))
})

it('handles values that are not numbers', async () => {
  const [got] = await runNode('IsNaN', 13, {}, [floats([3], [1, NaN, Infinity])], 1)
  expect(got).toEqual(tensor('bool', [3], [0, 1, 0]))
})

describe('refused when the graph is opened', () => {
  const opened = (node: GraphText['nodes'][number], opset = 13) =>
    open({ opset, nodes: [node], inputs: { x: floats([1], [1]) }, outputs: ['y'] })

  it('an operator that is not covered, by name and place', async () => {
    const node = { op: 'ConvTranspose', name: 'first', inputs: ['x', 'x'], outputs: ['y'] }
    await expect(opened(node)).rejects.toThrow(
      "small.onnx, node 'first' (ConvTranspose, number 0; inputs x, x): expected a supported ONNX operator, got ConvTranspose",
    )
  })

  it('an operator of another domain', async () => {
    const node = { op: 'Gelu', domain: 'com.microsoft', inputs: ['x'], outputs: ['y'] }
    await expect(opened(node)).rejects.toThrow('got Gelu of com.microsoft')
  })

  it('an attribute that is not covered', async () => {
    const node = { op: 'Relu', inputs: ['x'], outputs: ['y'], attributes: { slope: 1 } }
    await expect(opened(node)).rejects.toThrow("got 'slope'")
    await expect(opened(node)).rejects.toThrow(UnsupportedError)
  })

  it('an attribute of another kind', async () => {
    const node = { op: 'Softmax', inputs: ['x'], outputs: ['y'], attributes: { axis: 'first' } }
    await expect(opened(node)).rejects.toThrow('expected a whole number for \'axis\', got "first"')
  })

  it('inputs that are missing or too many', async () => {
    await expect(opened({ op: 'Add', inputs: ['x'], outputs: ['y'] })).rejects.toThrow(
      'expected 2 inputs, got 1',
    )
    await expect(opened({ op: 'Add', inputs: ['x', ''], outputs: ['y'] })).rejects.toThrow('got no input 1')
  })

  it('training', async () => {
    const flag = tensor('bool', [], [1])
    const node = { op: 'Dropout', inputs: ['x', '', 't'], outputs: ['y'] }
    const graph = { opset: 13, nodes: [node], inputs: { x: floats([1], [1]) }, outputs: ['y'] }
    await expect(open({ ...graph, initializers: { t: flag } })).rejects.toThrow('training_mode')
    const fed = await open({ ...graph, inputs: { ...graph.inputs, t: flag } })
    expect(() => fed.run({ x: floats([1], [1]), t: flag })).toThrow(UnsupportedError)
    const batch = {
      op: 'BatchNormalization',
      inputs: 'xxxxx'.split(''),
      outputs: ['y'],
      attributes: { training_mode: 1 },
    }
    await expect(opened(batch, 14)).rejects.toThrow(UnsupportedError)
  })

  it('unknown activations of a cell, or without their parameters', async () => {
    const node = (attributes: Record<string, Value>) => ({
      op: 'RNN',
      inputs: ['x', 'x', 'x'],
      outputs: ['y'],
      attributes,
    })
    await expect(opened(node({ activations: ['Swish'] }))).rejects.toThrow("got 'Swish'")
    await expect(opened(node({ activations: ['Affine'] }))).rejects.toThrow('an activation_alpha for Affine')
    await expect(opened(node({ activations: ['Tanh', 'Tanh'] }))).rejects.toThrow(
      'expected 1 activations, got 2',
    )
    await expect(opened(node({ activation_alpha: { floats: [0.5] } }))).rejects.toThrow('got 1 more')
  })
})

describe('refused when it runs', () => {
  const wrong: [string, string, Record<string, Value>, OnnxTensor[], typeof LatchError][] = [
    ['shapes that do not broadcast', 'Add', {}, [floats([2], [1, 2]), floats([3], [1, 2, 3])], ShapeError],
    ['two types', 'Add', {}, [floats([1], [1]), whole(1)], DataError],
    ['integers that are not exact', 'Mul', {}, [whole(2 ** 40), whole(2 ** 40)], DataError],
    ['an integer divided by zero', 'Div', {}, [whole(1), whole(0)], DataError],
    ['a place outside', 'Gather', {}, [floats([2], [1, 2]), whole(2)], DataError],
    ['an axis outside', 'Concat', { axis: 1 }, [floats([2], [1, 2])], ShapeError],
    ['another count', 'Reshape', {}, [floats([3], [1, 2, 3]), whole(2, -1)], ShapeError],
    ['an enormous shape', 'ConstantOfShape', {}, [whole(2 ** 20, 2 ** 20)], ShapeError],
    ['an enormous shape', 'Expand', {}, [floats([1], [1]), whole(2 ** 20, 2 ** 20)], ShapeError],
    ['an enormous shape', 'Tile', {}, [floats([1], [1]), whole(2 ** 40)], ShapeError],
    ['an enormous range', 'Range', {}, [0, 2 ** 52, 1].map((x) => tensor('int64', [], [x])), ShapeError],
    ['a size other than 1', 'Squeeze', {}, [floats([2], [1, 2]), whole(0)], ShapeError],
    ['inner sizes', 'MatMul', {}, [floats([1, 2], [1, 2]), floats([1, 2], [1, 2])], ShapeError],
    ['a step of 0', 'Slice', {}, [floats([1], [1]), whole(0), whole(1), whole(0), whole(0)], DataError],
  ]
  it.each(wrong)('%s: %s', async (_, op, attributes, inputs, kind) => {
    const run = runNode(op, 13, attributes, inputs, 1)
    await expect(run).rejects.toThrow(kind)
    await expect(run).rejects.toThrow(`small.onnx, node '${op} 0' (${op}, number 0; inputs in0`)
  })

  it('tensors larger than the graph may make', async () => {
    const nodes = [{ op: 'ConstantOfShape', inputs: ['n'], outputs: ['y'] }]
    const model = await decodeOnnx(
      modelBytes({ opset: 13, nodes, initializers: { n: whole(9) }, outputs: ['y'] }),
      'm',
    )
    expect(new OnnxGraph(model, { source: 'm', mostNumbers: 9 }).run({}).y.data).toHaveLength(9)
    const graph = new OnnxGraph(model, { source: 'm', mostNumbers: 8 })
    expect(() => graph.run({})).toThrow('expected a shape of at most 8 numbers, got (9)')
  })

  it('enormous axes without numbers', async () => {
    const made = runNode('ConstantOfShape', 13, {}, [whole(2 ** 30, 0)], 1)
    await expect(made).rejects.toThrow(ShapeError)
    const [product] = await runNode('MatMul', 13, {}, [floats([0, 3, 0], []), floats([0, 0, 3], [])], 1)
    expect(product.shape).toEqual([0, 3, 3])
  })

  it('inputs that the graph does not have, or not so', async () => {
    const nodes = [{ op: 'Relu', inputs: ['x'], outputs: ['y'] }]
    const graph = await open({ opset: 13, nodes, inputs: { x: ['float32', ['batch', 2]] }, outputs: ['y'] })
    expect(graph.inputs).toEqual([{ name: 'x', dtype: 'float32', shape: ['batch', 2] }])
    expect(() => graph.run({})).toThrow(DataError)
    expect(() => graph.run({ x: floats([1, 2], [1, 2]), z: whole(1) })).toThrow("got 'z'")
    expect(() => graph.run({ x: tensor('float64', [1, 2], [1, 2]) })).toThrow('expected float32, got float64')
    expect(() => graph.run({ x: floats([1, 3], [1, 2, 3]) })).toThrow('expected shape (batch, 2), got (1, 3)')
    expect(graph.run({ x: floats([2, 2], [1, -2, 3, -4]) }).y.data).toEqual(Float32Array.of(1, 0, 3, 0))
  })
})

describe('recurrent operators', () => {
  const weights = { w: floats([1, 1, 1], [1]), r: floats([1, 1, 1], [0.5]) }
  const nodes = [{ op: 'RNN', inputs: ['x', 'w', 'r'], outputs: ['', 'h'] }]
  const x = floats([2, 1, 1], [0.5, -0.25])
  const wanted = Math.tanh(-0.25 + 0.5 * Math.tanh(0.5))

  it('compute again with the weights of each call', async () => {
    const graph = await open({ opset: 13, nodes, inputs: { x, ...weights }, outputs: ['h'] })
    const other = { w: floats([1, 1, 1], [0]), r: floats([1, 1, 1], [0]) }
    expect(graph.run({ x, ...weights }).h.data[0]).toBeCloseTo(wanted, 6)
    expect(graph.run({ x, ...other }).h.data[0]).toBe(0)
    expect(graph.run({ x, ...weights }).h.data[0]).toBeCloseTo(wanted, 6)
  })

  it('are float64 where their tensors are', async () => {
    const double = ({ shape, data }: OnnxTensor) => tensor('float64', shape, data)
    const inputs = { x: double(x), w: double(weights.w), r: double(weights.r) }
    const graph = await open({ opset: 13, nodes, inputs, outputs: ['h'] })
    const { h } = graph.run(inputs)
    expect(h.dtype).toBe('float64')
    expect(Math.abs(h.data[0] - wanted)).toBeLessThan(1e-15)
  })

  it('check every shape', async () => {
    const lstm = [
      { op: 'RNN', inputs: ['x', 'w', 'r', 'b'], outputs: ['', 'h'], attributes: { hidden_size: 1 } },
    ]
    const b = floats([1, 3], [0, 0, 0])
    const graph = await open({ opset: 13, nodes: lstm, inputs: { x, ...weights, b }, outputs: ['h'] })
    expect(() => graph.run({ x, ...weights, b })).toThrow('expected B of shape (1, 2), got (1, 3)')
  })
})
