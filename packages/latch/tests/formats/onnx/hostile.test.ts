/** Broken and hostile ONNX files: always an error with a place in it, never a crash, a hang or a large allocation. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { create, toBinary } from '@bufbuild/protobuf'
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire'
import { describe, expect, it } from 'vitest'
import { decodeOnnx, decodeOnnxTensor } from '../../../src/formats/onnx/proto/decode.ts'
import type { OnnxTensor } from '../../../src/formats/onnx/graph.ts'
import { readOnnx } from '../../../src/formats/onnx/index.ts'
import { COVERED, OnnxGraph } from '../../../src/formats/onnx/runtime/run.ts'
import {
  DATA_TYPES,
  EntrySchema,
  ModelSchema,
  TensorSchema,
  type TensorProto,
} from '../../../src/formats/onnx/proto/schema.ts'
import { FormatError, LatchError, UnsupportedError } from '../../../src/core/errors.ts'
import { Random } from '../../../src/core/random.ts'
import { filesOf } from '../conformance/files.ts'
import { floats, modelBytes, modelProto, tensor } from './onnxFiles.ts'
const FOLDER = new URL('../../../../../../shared/conformance/onnx/', import.meta.url)

const small = modelBytes({
  opset: 13,
  nodes: [
    {
      op: 'LSTM',
      inputs: ['x', 'w', 'r'],
      outputs: ['', 'h'],
      attributes: { hidden_size: 1, activations: ['Tanh', 'Relu', 'Tanh'] },
    },
    { op: 'Clip', inputs: ['h', 'low'], outputs: ['y'] },
  ],
  inputs: { x: ['float32', ['steps', 1, 2]] },
  initializers: {
    w: floats([1, 4, 2], [1, 2, 3, 4, 5, 6, 7, 8]),
    r: floats([1, 4, 1], [1, 2, 3, 4]),
    low: floats([], [0]),
  },
  outputs: ['y'],
  metadata: { key: 'value' },
})

/** Opens a file as far as it goes and runs it; only Latch's own errors may come out. @returns whether it was whole */
async function survives(bytes: Uint8Array, name: string): Promise<boolean> {
  try {
    const graph = new OnnxGraph(await decodeOnnx(bytes, name), { source: name })
    const inputs: Record<string, OnnxTensor> = {}
    for (const { name: input, dtype, shape } of graph.inputs) {
      const sizes = (shape ?? []).map((size) => (typeof size === 'number' ? Math.min(size, 8) : 2))
      const count = sizes.reduce((a, b) => a * b, 1)
      if (count > 4096) return false
      inputs[input] = tensor(dtype ?? 'float32', sizes, new Array(count).fill(1))
    }
    graph.run(inputs)
    return true
  } catch (error) {
    if (!(error instanceof LatchError)) throw error
    if (!error.where.includes(name)) throw error
    return false
  }
}

describe('a file cut off', () => {
  it('anywhere is broken', async () => {
    expect(await survives(small, 'small.onnx')).toBe(true)
    const whole: number[] = []
    for (let end = 0; end < small.length; end++)
      if (await survives(small.subarray(0, end), 'small.onnx')) whole.push(end)
    // Metadata is the last field; it need not be there.
    const metadata = modelProto({ opset: 13, nodes: [], outputs: [], metadata: { key: 'value' } })
      .metadataProps[0]
    expect(whole).toEqual([small.length - toBinary(EntrySchema, metadata).length - 2])
  })

  it('within its graph is a FormatError that names field and byte', async () => {
    await expect(decodeOnnx(small.subarray(0, 100), 'small.onnx')).rejects.toThrow(
      /^small\.onnx, graph, byte \d+: expected at most \d+ bytes, got a length of \d+$/,
    )
    await expect(decodeOnnx(new Uint8Array(0), 'small.onnx')).rejects.toThrow(
      'expected an ONNX model, got no graph',
    )
  })
})

const files = existsSync(FOLDER)
  ? ['node', 'pytorch_export'].flatMap((suite) =>
      readdirSync(new URL(`${suite}/`, FOLDER)).map((name) => `${suite}/${name}/model.onnx`),
    )
  : []

describe.skipIf(!files.length)('damaged real files', () => {
  it('survive or are refused with a place', async () => {
    const random = new Random(1, 'onnx damage')
    let whole = 0
    for (let round = 0; round < 1500; round++) {
      const bytes = new Uint8Array(readFileSync(new URL(random.pick(files), FOLDER)))
      for (let i = 1 + random.integer(3); i > 0; i--) {
        const at = random.integer(bytes.length)
        if (random.integer(3) === 0)
          bytes.copyWithin(at, random.integer(bytes.length), random.integer(bytes.length))
        else bytes[at] = random.integer(256)
      }
      if (await survives(bytes, 'damaged.onnx')) whole++
    }
    expect(whole).toBeGreaterThan(0)
    expect(whole).toBeLessThan(1500)
  })
})

const LENGTH = WireType.LengthDelimited

describe('operators', () => {
  it('that lack any of their inputs are refused with a place', async () => {
    let opened = 0
    for (const op of COVERED) {
      for (let count = 1; count <= 4; count++) {
        for (let missing = 0; missing <= count; missing++) {
          const inputs = Array.from({ length: count }, (_, i) => (i === missing ? '' : 'c'))
          const attributes = { axis: 0, hidden_size: 1, to: 1, equation: 'ij,jk->ik' }
          for (const [name, value] of [...Object.entries(attributes), ['', 0]] as const) {
            const node = { op, inputs, outputs: ['y'], ...(name && { attributes: { [name]: value } }) }
            const initializers = { c: floats([2, 2], [0, 1, 1, 0]) }
            const bytes = modelBytes({ opset: 13, nodes: [node], initializers, outputs: ['y'] })
            if (await survives(bytes, 'missing.onnx')) opened++
          }
        }
      }
    }
    expect(opened).toBeGreaterThan(COVERED.length)
  })

  it('named as what objects have already are read', async () => {
    for (const name of ['__proto__', 'constructor', 'toString']) {
      const bytes = modelBytes({
        opset: 13,
        nodes: [{ op: 'RNN', inputs: [name, 'w', 'r'], outputs: ['', 'h'], attributes: { hidden_size: 1 } }],
        inputs: Object.fromEntries([[name, ['float32', ['steps', 1, 2]]]]),
        initializers: { w: floats([1, 1, 2], [1, 2]), r: floats([1, 1, 1], [1]) },
        outputs: ['h'],
      })
      const { network } = await readOnnx({ ...filesOf({ 'm.onnx': bytes }), name: 'm.onnx' }, {})
      expect(network.layers.map(({ type }) => type)).toEqual(['features', 'recurrent'])
    }
  })
})

describe('protobuf that lies', () => {
  const inGraph = (graph: BinaryWriter) => {
    const writer = new BinaryWriter()
    writer.tag(1, WireType.Varint).int64(8)
    return writer.tag(7, LENGTH).bytes(graph.finish()).finish()
  }

  it('a length beyond its message', async () => {
    const graph = new BinaryWriter().tag(2, LENGTH).uint32(1000)
    await expect(decodeOnnx(inGraph(graph), 'm.onnx')).rejects.toThrow(
      'm.onnx, graph.name, byte 7: expected at most 0 bytes, got a length of 1000',
    )
  })

  it('a field of another kind', async () => {
    const graph = new BinaryWriter().tag(2, WireType.Varint).uint32(1000)
    await expect(decodeOnnx(inGraph(graph), 'm.onnx')).rejects.toThrow(
      'graph.name, byte 5: expected a length and bytes, got a varint',
    )
  })

  it('wire types that do not exist, and varints without an end', async () => {
    await expect(decodeOnnx(inGraph(new BinaryWriter().raw(Uint8Array.of(0x0f))), 'm.onnx')).rejects.toThrow(
      FormatError,
    )
    await expect(decodeOnnx(new Uint8Array(64).fill(0xff), 'm.onnx')).rejects.toThrow(FormatError)
    const endless = new BinaryWriter().tag(1, WireType.Varint).raw(new Uint8Array(20).fill(0xff)).finish()
    await expect(decodeOnnx(endless, 'm.onnx')).rejects.toThrow('m.onnx, irVersion, byte')
  })

  it('groups within groups', async () => {
    const bomb = new Uint8Array(1_000_000).fill((100 << 3) | (WireType.StartGroup & 7))
    const writer = new BinaryWriter()
    for (let i = 0; i < 100_000; i++) writer.tag(9, WireType.StartGroup)
    await expect(decodeOnnx(bomb, 'm.onnx')).rejects.toThrow(FormatError)
    await expect(decodeOnnx(writer.finish(), 'm.onnx')).rejects.toThrow('maximum recursion depth')
  })

  it('graphs within graphs, which are not entered', async () => {
    let graph = new Uint8Array(0)
    for (let depth = 0; depth < 2000; depth++) {
      const attribute = new BinaryWriter()
        .tag(1, LENGTH)
        .string('g')
        .tag(6, LENGTH)
        .bytes(graph)
        .tag(20, WireType.Varint)
        .int32(5)
      const node = new BinaryWriter().tag(4, LENGTH).string('If').tag(5, LENGTH).bytes(attribute.finish())
      graph = new BinaryWriter().tag(1, LENGTH).bytes(node.finish()).finish()
    }
    const bytes = new BinaryWriter().tag(7, LENGTH).bytes(graph).finish()
    await expect(decodeOnnx(bytes, 'm.onnx')).rejects.toThrow(UnsupportedError)
  })

  it('millions of parts', async () => {
    const empty = new Uint8Array(2 * 600_000)
    for (let i = 0; i < empty.length; i += 2) empty[i] = (11 << 3) | 2 // inputs of no name
    await expect(decodeOnnx(inGraph(new BinaryWriter().raw(empty)), 'm.onnx')).rejects.toThrow(
      'parts of a model',
    )
    const names = new Uint8Array(2 * 600_000)
    for (let i = 0; i < names.length; i += 2) names[i] = (1 << 3) | 2
    const node = new BinaryWriter().tag(1, LENGTH).bytes(names)
    await expect(decodeOnnx(inGraph(node), 'm.onnx')).rejects.toThrow('parts of a model')
  })
})

describe('tensors that lie', () => {
  type Init = Partial<Omit<TensorProto, '$typeName' | '$unknown'>>
  const read = (init: Init) => () =>
    decodeOnnxTensor(toBinary(TensorSchema, create(TensorSchema, init as never)), 't.pb')
  const raw = new Uint8Array(8)
  const lies: [string, Init, string][] = [
    ['a negative size', { dataType: 1, dims: [-1n], rawData: raw }, 'expected a size of an axis'],
    ['a size of 2^40', { dataType: 1, dims: [2n ** 40n], rawData: raw }, 'expected a size of an axis'],
    [
      'a product beyond 2^31',
      { dataType: 1, dims: [65536n, 65536n], rawData: raw },
      'fewer than 2^31 numbers',
    ],
    [
      'a product beyond 2^64',
      { dataType: 1, dims: new Array(31).fill(2n ** 30n) as bigint[], rawData: raw },
      'fewer than 2^31 numbers',
    ],
    [
      'no numbers along enormous axes',
      { dataType: 1, dims: [2n ** 30n, 0n] },
      'fewer than 2^31 numbers, got a shape of (1073741824,0)',
    ],
    [
      'too many axes',
      { dataType: 1, dims: new Array(40).fill(1n) as bigint[], rawData: raw },
      'at most 32 axes',
    ],
    [
      'fewer raw bytes',
      { dataType: 1, dims: [2n ** 28n], rawData: raw },
      'expected 268,435,456 numbers of float32',
    ],
    [
      'more raw bytes',
      { dataType: 1, dims: [1n], rawData: raw },
      'expected 1 numbers of float32 for (1), got 2',
    ],
    ['raw bytes cut off', { dataType: 1, dims: [2n], rawData: raw.subarray(1) }, 'got 1.75'],
    ['fewer numbers', { dataType: 1, dims: [3n], floatData: [1, 2] }, 'got 2'],
    ['no numbers', { dataType: 1, dims: [3n] }, 'got 0'],
    ['numbers in the field of another type', { dataType: 7, dims: [2n], floatData: [1, 2] }, 'got 0'],
    ['no type', { dims: [2n], floatData: [1, 2] }, 'got type 0'],
    [
      'numbers beyond their type',
      { dataType: 3, dims: [1n], int32Data: [128] },
      'expected numbers of int8, got 128',
    ],
    [
      'a bool of 2',
      { dataType: 9, dims: [1n], rawData: raw.subarray(0, 1).fill(2) },
      'expected true or false',
    ],
    [
      'one of 64 bits for uint32',
      { dataType: 12, dims: [1n], uint64Data: [2n ** 40n] },
      'expected numbers of uint32',
    ],
  ]

  it.each(lies)('%s', (_, init, message) => {
    expect(read({ name: 'w', ...init })).toThrow(FormatError)
    expect(read({ name: 'w', ...init })).toThrow(message)
    expect(read({ name: 'w', ...init })).toThrow(/^t\.pb, tensor/)
  })

  it.each([
    ['texts', DATA_TYPES.string, 'got string'],
    ['complex numbers', DATA_TYPES.complex64, 'got complex64'],
    ['a type of tomorrow', 99, 'got type 99'],
  ] as const)('%s are refused', (_, dataType, message) => {
    expect(read({ name: 'w', dataType, dims: [1n] })).toThrow(UnsupportedError)
    expect(read({ name: 'w', dataType, dims: [1n] })).toThrow(message)
  })

  it('small numbers that would take eight times their bytes', () => {
    const ones = new Array<bigint>(2_000_000).fill(1n)
    expect(read({ dataType: 7, dims: [2_000_000n], int64Data: ones })).toThrow('expected data of at most')
  })
})

describe('weights outside the file', () => {
  const open = (entries: Record<string, string>, file = new Uint8Array(16)) => {
    const proto = modelProto({
      opset: 13,
      nodes: [],
      initializers: { w: floats([4], [1, 2, 3, 4]) },
      outputs: ['w'],
    })
    const [w] = proto.graph!.initializer
    w.floatData = []
    w.dataLocation = 1
    w.externalData = Object.entries(entries).map(
      ([key, value]) => ({ key, value, $typeName: 'onnx.StringStringEntryProto' }) as const,
    )
    return decodeOnnx(toBinary(ModelSchema, proto), 'm.onnx', async () => file)
  }

  it.each([
    ['above', { location: '../w.bin' }, 'a file in the folder of the model'],
    ['above, further in', { location: 'a/../../w.bin' }, 'a file in the folder of the model'],
    ['anywhere', { location: '/etc/w.bin' }, 'a file in the folder of the model'],
    ['on another drive', { location: 'C:\\w.bin' }, 'a file in the folder of the model'],
    ['nowhere', {}, 'a file in the folder of the model'],
    ['behind its end', { location: 'w.bin', offset: '1' }, 'within the 16 of w.bin, got 1 to 17'],
    ['far behind its end', { location: 'w.bin', offset: '999999999999999' }, 'within the 16 of w.bin'],
    ['before its start', { location: 'w.bin', offset: '-4' }, 'a whole number for its offset'],
    ['at no number', { location: 'w.bin', offset: '0x10' }, 'a whole number for its offset'],
    [
      'of another length',
      { location: 'w.bin', length: '12' },
      'external data of 16 bytes, got a length of 12',
    ],
  ])('%s', async (_, entries, message) => {
    const opened = open(entries as Record<string, string>)
    await expect(opened).rejects.toThrow(FormatError)
    await expect(opened).rejects.toThrow(`m.onnx, graph.initializer[0] 'w': expected`)
    await expect(opened).rejects.toThrow(message)
  })

  it('in the file are read', async () => {
    expect((await open({ location: 'sub/w.bin' })).initializers.get('w')!.data).toHaveLength(4)
  })
})

it.each([2 ** 30, 0])('a fixed axis of %i is refused where the graph becomes layers', async (size) => {
  const nodes = [{ op: 'RNN', inputs: ['x', 'w', 'r'], outputs: ['y'], attributes: { hidden_size: 1 } }]
  const initializers = { w: floats([1, 1, 1], [1]), r: floats([1, 1, 1], [1]) }
  const squeezed = [...nodes, { op: 'Squeeze', inputs: ['y', 'axes'], outputs: ['z'] }]
  const shape = ['batch', 1]
  const bytes = (steps: number | string) =>
    modelBytes({
      opset: 13,
      nodes: squeezed,
      inputs: { x: ['float32', [steps, ...shape]] },
      initializers: { ...initializers, axes: tensor('int64', [1], [1]) },
      outputs: ['z'],
    })
  expect((await readOnnx(filesOf({ 'm.onnx': bytes('steps') }), {})).network.layers).toHaveLength(2)
  const reading = readOnnx(filesOf({ 'm.onnx': bytes(size) }), {})
  await expect(reading).rejects.toThrow("m.onnx, input 'x': expected fixed axes of 1 to 32,768 steps in all")
})
