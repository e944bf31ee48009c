/** ONNX files decoded: every type of number in every way that it may be written, names, versions, attributes. */
import { create, toBinary } from '@bufbuild/protobuf'
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire'
import { describe, expect, it } from 'vitest'
import { decodeOnnx, decodeOnnxTensor } from '../../../src/formats/onnx/proto/decode.ts'
import type { OnnxDtype } from '../../../src/formats/onnx/graph.ts'
import {
  ATTRIBUTE_TYPES,
  AttributeSchema,
  DATA_TYPES,
  ModelSchema,
  TensorSchema,
} from '../../../src/formats/onnx/proto/schema.ts'
import { FormatError, UnsupportedError } from '../../../src/core/errors.ts'
import { floats, modelBytes, modelProto, tensor, tensorProto, whole } from './onnxFiles.ts'

const halves = [0x0000, 0x8000, 0x3c00, 0xc000, 0x7bff, 0x0001, 0x03ff, 0x7c00, 0x3555]
const asHalves = [0, -0, 1, -2, 65504, 2 ** -24, 1023 * 2 ** -24, Infinity, 0.333251953125]
const bfloats = [0x3f80, 0xc000, 0x7f7f, 0x3eab]
const asBfloats = [1, -2, 3.3895313892515355e38, 0.333984375]

/** Numbers of each type, as bits where those are written, and how raw data has them. */
const TYPES: [OnnxDtype, number[], number[], (view: DataView, at: number, x: number) => void, number][] = [
  ['float32', [1.5, -0.25, Infinity], [1.5, -0.25, Infinity], (v, at, x) => v.setFloat32(at, x, true), 4],
  ['float64', [0.1, -1e300], [0.1, -1e300], (v, at, x) => v.setFloat64(at, x, true), 8],
  ['float16', halves, asHalves, (v, at, x) => v.setUint16(at, x, true), 2],
  ['bfloat16', bfloats, asBfloats, (v, at, x) => v.setUint16(at, x, true), 2],
  [
    'int64',
    [2 ** 53 - 1, -(2 ** 53 - 1), -1],
    [2 ** 53 - 1, -(2 ** 53 - 1), -1],
    (v, at, x) => v.setBigInt64(at, BigInt(x), true),
    8,
  ],
  ['int32', [2 ** 31 - 1, -(2 ** 31)], [2 ** 31 - 1, -(2 ** 31)], (v, at, x) => v.setInt32(at, x, true), 4],
  ['int16', [-32768, 32767], [-32768, 32767], (v, at, x) => v.setInt16(at, x, true), 2],
  ['int8', [-128, 127], [-128, 127], (v, at, x) => v.setInt8(at, x), 1],
  ['uint8', [0, 255], [0, 255], (v, at, x) => v.setUint8(at, x), 1],
  ['uint16', [0, 65535], [0, 65535], (v, at, x) => v.setUint16(at, x, true), 2],
  ['uint32', [0, 2 ** 32 - 1], [0, 2 ** 32 - 1], (v, at, x) => v.setUint32(at, x, true), 4],
  ['uint64', [0, 2 ** 53 - 1], [0, 2 ** 53 - 1], (v, at, x) => v.setBigUint64(at, BigInt(x), true), 8],
  ['bool', [1, 0], [1, 0], (v, at, x) => v.setUint8(at, x), 1],
]

describe.each(TYPES)('%s', (dtype, written, wanted, put, size) => {
  const head = { name: 't', dataType: DATA_TYPES[dtype], dims: [BigInt(written.length)] }
  const raw = new Uint8Array(written.length * size)
  written.forEach((x, i) => put(new DataView(raw.buffer), i * size, x))

  it('in its typed field', () => {
    const shape = [written.length]
    const bits = { dtype, shape, data: Float64Array.from(written) }
    const { name, tensor: got } = decodeOnnxTensor(toBinary(TensorSchema, tensorProto('t', bits)), 't.pb')
    expect(name).toBe('t')
    expect(got).toEqual(tensor(dtype, shape, wanted))
  })

  it.each([0, 1, 2, 3])('as raw bytes %i off their alignment', (off) => {
    const file = toBinary(TensorSchema, create(TensorSchema, { ...head, rawData: raw }))
    const shifted = new Uint8Array(file.length + off)
    shifted.set(file, off)
    const { tensor: got } = decodeOnnxTensor(shifted.subarray(off), 't.pb')
    expect(got).toEqual(tensor(dtype, [written.length], wanted))
  })
})

it('does not copy raw float32 that lies evenly in the file', () => {
  const make = (name: string) =>
    toBinary(
      TensorSchema,
      create(TensorSchema, { name, dataType: 1, dims: [2n], rawData: new Uint8Array(8) }),
    )
  const names = ['a', 'ab', 'abc', 'abcd']
  const files = names.map(make)
  const same = files.filter((file) => decodeOnnxTensor(file, 't.pb').tensor.data.buffer === file.buffer)
  expect(same).toHaveLength(1)
})

it('reads numbers that are not packed', () => {
  const writer = new BinaryWriter()
  for (const dim of [2, 1]) writer.tag(1, WireType.Varint).int64(dim)
  writer.tag(2, WireType.Varint).int32(DATA_TYPES.float32)
  for (const x of [0.5, -0.5]) writer.tag(4, WireType.Bit32).float(x)
  expect(decodeOnnxTensor(writer.finish(), 't.pb').tensor).toEqual(floats([2, 1], [0.5, -0.5]))
})

it('reads single numbers and empty tensors', () => {
  const one = toBinary(TensorSchema, tensorProto('t', tensor('int64', [], [5])))
  expect(decodeOnnxTensor(one, 't.pb').tensor).toEqual(tensor('int64', [], [5]))
  const none = toBinary(TensorSchema, tensorProto('t', floats([0, 3], [])))
  expect(decodeOnnxTensor(none, 't.pb').tensor).toEqual(floats([0, 3], []))
})

describe('whole numbers beyond 2^53', () => {
  const int64 = (value: bigint) => {
    const raw = new Uint8Array(8)
    new DataView(raw.buffer).setBigInt64(0, value, true)
    const head = { name: 't', dataType: DATA_TYPES.int64, dims: [1n] }
    return [
      { ...head, rawData: raw },
      { ...head, int64Data: [value] },
    ].map(
      (init) => () =>
        decodeOnnxTensor(toBinary(TensorSchema, create(TensorSchema, init)), 't.pb').tensor.data[0],
    )
  }

  it('are refused', () => {
    for (const read of int64(2n ** 53n + 1n)) expect(read).toThrow(UnsupportedError)
    for (const read of int64(-(2n ** 60n))) expect(read).toThrow('t.pb, tensor')
  })

  it('but for the ends of int64, which say as far as there is', () => {
    for (const read of int64(2n ** 63n - 1n)) expect(read()).toBe(2 ** 63)
    for (const read of int64(-(2n ** 63n))) expect(read()).toBe(-(2 ** 63))
    for (const read of int64(-(2n ** 63n) + 1n)) expect(read()).toBe(-(2 ** 63))
  })
})

describe('a model', () => {
  const graph = {
    opset: 17,
    nodes: [
      { op: 'Add', inputs: ['x', 'w'], outputs: ['s'] },
      { op: 'Clip', name: 'cut', inputs: ['s', '', 'top'], outputs: ['y'] },
    ],
    inputs: { x: ['float32', ['batch', 2]], w: ['float32', [2]] },
    initializers: { w: floats([2], [1, 2]), top: floats([], [3]) },
    outputs: ['y'],
    metadata: { labels: 'a,b' },
  } as const

  it('as plain data', async () => {
    const bytes = modelBytes(graph)
    const model = await decodeOnnx(bytes, 'm.onnx')
    expect(model).toEqual({
      fileBytes: bytes.length,
      irVersion: 8,
      opset: 17,
      producer: 'tests',
      graphName: 'small',
      nodes: [
        {
          name: 'Add 0',
          op: 'Add',
          domain: '',
          inputs: ['x', 'w'],
          outputs: ['s'],
          attributes: new Map(),
          index: 0,
        },
        {
          name: 'cut',
          op: 'Clip',
          domain: '',
          inputs: ['s', '', 'top'],
          outputs: ['y'],
          attributes: new Map(),
          index: 1,
        },
      ],
      initializers: new Map(Object.entries(graph.initializers)),
      inputs: [{ name: 'x', dtype: 'float32', shape: ['batch', 2] }],
      outputs: [{ name: 'y', dtype: null, shape: null }],
      metadata: new Map([['labels', 'a,b']]),
    })
  })

  it('with attributes of every kind, with and without their type', async () => {
    const attributes = {
      f: { float: 0.5 },
      i: 3,
      s: 'text',
      t: whole(1, 2),
      floats: { floats: [0.5, 1] },
      ints: [3, -4],
      strings: ['a', 'é'],
    }
    const proto = modelProto({ ...graph, nodes: [{ op: 'Any', inputs: [], outputs: ['y'], attributes }] })
    const wanted = new Map<string, unknown>(Object.entries({ ...attributes, f: 0.5, floats: [0.5, 1] }))
    const read = async () => (await decodeOnnx(toBinary(ModelSchema, proto), 'm.onnx')).nodes[0].attributes
    expect(await read()).toEqual(wanted)
    for (const attribute of proto.graph!.node[0].attribute) attribute.type = 0
    expect(await read()).toEqual(wanted)
  })

  it("with ONNX' domain by its full name", async () => {
    const proto = modelProto(graph)
    proto.opsetImport[0].domain = 'ai.onnx'
    proto.graph!.node[0].domain = 'ai.onnx'
    const { opset, nodes } = await decodeOnnx(toBinary(ModelSchema, proto), 'm.onnx')
    expect([opset, nodes[0].domain]).toEqual([17, ''])
  })

  it('of a version that is too old is refused', async () => {
    const old = modelProto({ ...graph, opset: 6 })
    await expect(decodeOnnx(toBinary(ModelSchema, old), 'm.onnx')).rejects.toThrow(
      'm.onnx, opset_import: expected opset 7 or newer, got opset 6',
    )
    const older = modelProto(graph)
    older.irVersion = 2n
    await expect(decodeOnnx(toBinary(ModelSchema, older), 'm.onnx')).rejects.toThrow(UnsupportedError)
  })

  it('with weights in a file beside it', async () => {
    const proto = modelProto(graph)
    const [w] = proto.graph!.initializer
    w.floatData = []
    w.dataLocation = 1
    w.externalData = [
      ['location', 'w.bin'],
      ['offset', '4'],
      ['length', '8'],
    ].map(([key, value]) => ({ $typeName: 'onnx.StringStringEntryProto', key, value }))
    const bytes = toBinary(ModelSchema, proto)
    const file = new Uint8Array(Float32Array.of(9, 1, 2).buffer)
    let reads = 0
    const sibling = async (name: string) => (expect(name).toBe('w.bin'), reads++, file)
    const { initializers } = await decodeOnnx(bytes, 'm.onnx', sibling)
    expect(initializers.get('w')).toEqual(floats([2], [1, 2]))
    expect(reads).toBe(1)
    await expect(decodeOnnx(bytes, 'm.onnx')).rejects.toThrow(
      "graph.initializer[0] 'w': expected all numbers in one file",
    )
    await expect(decodeOnnx(bytes, 'm.onnx', async () => file.subarray(1))).rejects.toThrow(
      'expected bytes within the 11 of w.bin, got 4 to 12',
    )
  })

  it('with a graph inside a node is refused by the name and place of the node', async () => {
    const proto = modelProto({
      ...graph,
      nodes: [{ op: 'If', name: 'either', inputs: ['x'], outputs: ['y'] }],
    })
    const g = modelProto(graph).graph!
    const branch = create(AttributeSchema, { name: 'then_branch', type: ATTRIBUTE_TYPES.graph, g })
    proto.graph!.node[0].attribute = [branch]
    const reading = decodeOnnx(toBinary(ModelSchema, proto), 'm.onnx')
    await expect(reading).rejects.toThrow(UnsupportedError)
    await expect(reading).rejects.toThrow(
      "m.onnx, node 'either' (If, number 0; inputs x): expected attributes that are numbers, texts or one tensor, got a graph in 'then_branch'",
    )
  })

  it('that reads an undefined value, or defines it twice, is broken', async () => {
    const [add, clip] = graph.nodes
    const backwards = decodeOnnx(modelBytes({ ...graph, nodes: [clip, add] }), 'm.onnx')
    await expect(backwards).rejects.toThrow(
      "expected inputs defined before the node, got 's', which is not defined",
    )
    const twice = decodeOnnx(modelBytes({ ...graph, nodes: [add, add, clip] }), 'm.onnx')
    await expect(twice).rejects.toThrow("got 's', which is already defined")
    await expect(decodeOnnx(modelBytes({ ...graph, outputs: ['z'] }), 'm.onnx')).rejects.toThrow(FormatError)
  })
})
