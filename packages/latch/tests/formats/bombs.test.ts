/** Small files that stand for gigabytes or hours: each reader stops at its budget, by name, before either is spent. */
import { linkSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { toBinary } from '@bufbuild/protobuf'
import { zipSync } from 'fflate'
import { File, ready } from 'h5wasm'
import { describe, expect, it } from 'vitest'
import { BudgetError, ReadBudget } from '../../src/formats/budget.ts'
import { openHdf5 } from '../../src/formats/keras/hdf5/file.ts'
import { ZipFile } from '../../src/formats/keras/read/zip.ts'
import { modelFilesAt } from '../../src/formats/modelFilesNode.ts'
import { readModel } from '../../src/formats/open.ts'
import { decodeOnnx } from '../../src/formats/onnx/proto/decode.ts'
import { ModelSchema } from '../../src/formats/onnx/proto/schema.ts'
import { readTensorflow1 } from '../../src/formats/tensorflow1/index.ts'
import { readTfjs } from '../../src/formats/tfjs/index.ts'
import { filesOf } from './conformance/files.ts'
import { floats, modelProto, tensor, whole, type NodeText } from './onnx/onnxFiles.ts'

const encode = (value: unknown) => new TextEncoder().encode(JSON.stringify(value))
const zeros = (count: number) => new Float32Array(count)

describe('a budget', () => {
  it('is four times the files and a constant; the same file again raises nothing', () => {
    const budget = new ReadBudget(2 ** 20)
    const file = new Uint8Array(2 ** 20)
    budget.addFile(file)
    budget.addFile(file)
    expect(budget.fileBytes).toBe(2 ** 21)
    budget.spend('bytes', 12 * 2 ** 20, 'm')
    expect(() => budget.spend('bytes', 1, 'm, array w')).toThrow(
      'm, array w: expected data of at most 12,582,912 bytes in files of 2,097,152 bytes, got 12,582,913',
    )
    budget.spend('numbers', 12 * 2 ** 20, 'm')
    expect(() => budget.spend('numbers', 1, 'm')).toThrow('at most 12,582,912 numbers in files')
    expect(() => budget.spend('multiplications', 2 ** 28, () => 'm')).toThrow(BudgetError)
  })
})

describe('HDF5', () => {
  /** A dataset of one chunk, whose tree lists that chunk `count` times. */
  async function chunkListed(count: number, compression?: 'gzip'): Promise<Uint8Array> {
    const { FS } = await ready
    const file = new File('/listed.h5', 'w')
    const shape = [64, 64]
    file.create_dataset({ name: 'x', data: zeros(64 * 64), shape, chunks: shape, compression })
    file.close()
    const bytes = FS!.readFile('/listed.h5')
    const at = Buffer.from(bytes).indexOf('TREE\u0001', 0, 'latin1')
    const key = 8 + 8 * 3
    const entry = bytes.subarray(at + 24, at + 24 + key + 8)
    const tree = new Uint8Array(24 + count * entry.length + key)
    tree.set(bytes.subarray(at, at + 24))
    new DataView(tree.buffer).setUint16(6, count, true)
    for (let i = 0; i < count; i++) tree.set(entry, 24 + i * entry.length)
    const all = new Uint8Array(bytes.length + tree.length)
    all.set(bytes)
    all.set(tree, bytes.length)
    const view = new DataView(all.buffer)
    for (let i = 0; i + 8 <= bytes.length; i++)
      if (view.getBigUint64(i, true) === BigInt(at)) view.setBigUint64(i, BigInt(bytes.length), true)
    return all
  }

  it.each([undefined, 'gzip'] as const)('one chunk listed very often (%s)', async (compression) => {
    const read = (bytes: Uint8Array) => openHdf5(bytes, 'b.h5').at('x')!.read()
    expect(read(await chunkListed(2, compression)).data).toHaveLength(64 * 64)
    const bomb = await chunkListed(60_000, compression)
    expect(() => read(bomb)).toThrow(/b\.h5, byte \d+: expected data of at most [\d,]+ bytes in files of/)
  })

  it('one dataset read very often: it is decoded once, and its numbers count each time', async () => {
    const { FS } = await ready
    const file = new File('/links.h5', 'w')
    file.create_dataset({ name: 'x', data: zeros(2 ** 18), shape: [2 ** 18] })
    file.close()
    const root = openHdf5(FS!.readFile('/links.h5'), 'b.h5')
    const first = root.at('x')!.read().data
    expect(root.at('x')!.read().data).toBe(first)
    const all = () => Array.from({ length: 100 }, () => root.at('x')!.read())
    expect(all).toThrow(/b\.h5, byte \d+: expected at most [\d,]+ numbers/)
  })
})

describe('archives', () => {
  it('many members, each below the ratio, that are too much together', () => {
    const member = new Uint8Array(2 ** 20).map((_, i) => (i % 256 === 0 ? (i * 7919) >> 8 : 0))
    const names = Array.from({ length: 8 }, (_, i) => `m${i}`)
    const zip = new ZipFile(zipSync(Object.fromEntries(names.map((name) => [name, member]))), 'a.keras')
    expect(() => names.map((name) => zip.read(name))).toThrow(
      /a\.keras, m\d+: expected data of at most [\d,]+ bytes/,
    )
  })
})

describe('ONNX', () => {
  const recurrent = (
    extra: readonly NodeText[],
    more: Parameters<typeof modelProto>[0]['initializers'] = {},
  ) => {
    const proto = modelProto({
      opset: 13,
      nodes: [
        ...extra,
        { op: 'RNN', inputs: ['x', 'W', 'R'], outputs: ['y', 'h'], attributes: { hidden_size: 2 } },
      ],
      inputs: { x: ['float32', ['time', 'batch', 2]] },
      initializers: {
        W: floats([1, 2, 2], [1, 2, 3, 4]),
        R: floats([1, 2, 2], [0, 1, 0, 1]),
        ...more,
      },
      outputs: ['h'],
    })
    return readModel({ ...filesOf({ 'm.onnx': toBinary(ModelSchema, proto) }), name: 'm.onnx' })
  }
  /** Nodes that double a constant so many times: `a0` → `a<times>`. */
  const doubled = (times: number): NodeText[] =>
    Array.from({ length: times }, (_, i) => ({
      op: 'Concat',
      inputs: [`a${i}`, `a${i}`],
      outputs: [`a${i + 1}`],
      attributes: { axis: 0 },
    }))
  const chain = (op: string, count: number, inputs: (from: string) => string[], start: string): NodeText[] =>
    Array.from({ length: count }, (_, i) => ({
      op,
      inputs: inputs(i === 0 ? start : `e${i - 1}`),
      outputs: [`e${i}`],
    }))
  const small = { a0: floats([1024], zeros(1024)) }

  it('opens without a bomb', async () => {
    expect((await recurrent([], small)).network.layers).toHaveLength(2)
    expect((await recurrent(doubled(3), small)).network.layers).toHaveLength(2)
  })

  it.each([
    ['constants that double', doubled(24)],
    ['long chains of large constants', [...doubled(9), ...chain('Erf', 40, (from) => [from], 'a9')]],
    ['one large constant read by many', [...doubled(9), ...chain('Add', 40, (from) => [from, 'a9'], 'a9')]],
  ])('%s', async (_, nodes) => {
    await expect(recurrent(nodes, small)).rejects.toThrow(
      /m\.onnx, node '.*: expected .*at most [\d,]+ numbers/,
    )
  })

  it('products of constants', async () => {
    const nodes = [
      ...doubled(8),
      { op: 'Reshape', inputs: ['a8', 'shape'], outputs: ['m'] },
      ...chain('MatMul', 8, (from) => [from, 'm'], 'm'),
    ]
    await expect(recurrent(nodes, { ...small, shape: whole(512, 512) })).rejects.toThrow(
      /node 'MatMul \d+'.*: expected at most [\d,]+ multiplications of constants/,
    )
  })

  it('a reduction of one constant, very often', async () => {
    const nodes = Array.from({ length: 200 }, (_, i) => ({
      op: 'ReduceSum',
      inputs: ['a9'],
      outputs: [`s${i}`],
    }))
    await expect(recurrent([...doubled(9), ...nodes], small)).rejects.toThrow('multiplications of constants')
  })

  it('weights that many layers share', async () => {
    const [units, layers] = [256, 60]
    const weights = zeros(units * units)
    const nodes = Array.from({ length: layers }, (_, i) => ({
      op: 'RNN',
      inputs: [i === 0 ? 'big' : `q${i - 1}`, 'V', 'V'],
      outputs: [`p${i}`],
      attributes: { hidden_size: units },
    }))
    const squeezed = nodes.flatMap((node, i) => [
      node,
      { op: 'Squeeze', inputs: [`p${i}`, 'axis'], outputs: [`q${i}`] },
    ])
    const proto = modelProto({
      opset: 13,
      nodes: squeezed,
      inputs: { big: ['float32', ['time', 'batch', units]] },
      initializers: { V: floats([1, units, units], weights), axis: whole(1) },
      outputs: [`q${layers - 1}`],
    })
    const files = filesOf({ 'm.onnx': toBinary(ModelSchema, proto) })
    await expect(readModel({ ...files, name: 'm.onnx' })).rejects.toThrow(/expected at most [\d,]+ numbers/)
  })

  it('one file beside the model for very many tensors', async () => {
    const names = Array.from({ length: 200 }, (_, i) => `w${i}`)
    const bytes = tensor('int8', [2 ** 18], new Float32Array(2 ** 18))
    const proto = modelProto({
      opset: 13,
      nodes: [],
      initializers: Object.fromEntries(names.map((name) => [name, tensor('int8', [1], [0])])),
      outputs: [names[0]],
    })
    for (const w of proto.graph!.initializer) {
      w.int32Data = []
      w.dims = bytes.shape.map(BigInt)
      w.dataLocation = 1
      w.externalData = [{ $typeName: 'onnx.StringStringEntryProto', key: 'location', value: 'w.bin' }]
    }
    const shard = new Uint8Array(2 ** 18)
    await expect(decodeOnnx(toBinary(ModelSchema, proto), 'm.onnx', async () => shard)).rejects.toThrow(
      /m\.onnx, graph\.initializer\[\d+\].*: expected (?:data of )?at most/,
    )
  })

  it('fixed axes that make the check of the layers too long: a warning, not hours', async () => {
    const nodes = Array.from({ length: 40 }, (_, i) => ({
      op: 'MatMul',
      inputs: [i === 0 ? 'x' : `e${i - 1}`, 'm'],
      outputs: [`e${i}`],
    }))
    const proto = modelProto({
      opset: 13,
      nodes: [
        ...nodes,
        { op: 'RNN', inputs: ['e39', 'W', 'R'], outputs: ['y', 'h'], attributes: { hidden_size: 2 } },
      ],
      inputs: { x: ['float32', [2 ** 13, 1, 64]] },
      initializers: {
        m: floats([64, 64], zeros(64 * 64)),
        W: floats([1, 2, 64], zeros(128)),
        R: floats([1, 2, 2], [0, 1, 0, 1]),
      },
      outputs: ['h'],
    })
    const files = filesOf({ 'm.onnx': toBinary(ModelSchema, proto) })
    const { warnings } = await readModel({ ...files, name: 'm.onnx' })
    expect(warnings.join()).toContain('the layers were not compared with the graph')
  })
})

describe('files beside a model', () => {
  const layers = [
    { class_name: 'InputLayer', config: { name: 'input', batch_input_shape: [null, null, 1] } },
    { class_name: 'SimpleRNN', config: { name: 'rnn', units: 1, activation: 'linear' } },
  ]
  const weights = ['kernel', 'recurrent_kernel', 'bias'].map((name) => ({
    name: `rnn/${name}`,
    shape: name === 'bias' ? [1] : [1, 1],
    dtype: 'float32',
  }))
  const manifestOf = (paths: readonly string[], more: readonly object[] = []) =>
    encode({
      modelTopology: { class_name: 'Sequential', config: { name: 's', layers } },
      weightsManifest: [{ paths: ['a', ...paths], weights: [...weights, ...more] }],
    })
  const SHARD = new Uint8Array(2 ** 21)

  it('TensorFlow.js: one shard listed very often', async () => {
    const paths = Array.from({ length: 50 }, () => 'pad')
    const files = filesOf({ 'model.json': manifestOf(paths), a: new Uint8Array(12), pad: SHARD })
    await expect(readTfjs(files)).rejects.toThrow(/paths\[\d+\]: expected data of at most [\d,]+ bytes/)
  })

  it('TensorFlow.js: very many empty shards and empty weights take no time', async () => {
    const count = 20_000
    const empty = Array.from({ length: count }, (_, i) => ({ name: `z${i}/k`, shape: [0], dtype: 'float32' }))
    const paths = Array.from({ length: count }, () => 'none')
    const files = filesOf({
      'model.json': manifestOf(paths, empty),
      a: new Uint8Array(12),
      none: new Uint8Array(0),
    })
    expect((await readTfjs(files)).network.layers).toHaveLength(2)
  })

  it('many names of one file count as one', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'latch-bombs-'))
    try {
      const names = Array.from({ length: 20 }, (_, i) => `n${i}`)
      writeFileSync(join(folder, 'a'), new Uint8Array(12))
      writeFileSync(join(folder, 'pad'), SHARD)
      names.forEach((name, i) => {
        if (i % 2 === 0) symlinkSync('pad', join(folder, name))
        else linkSync(join(folder, 'pad'), join(folder, name))
      })
      const paths = [...names, './pad', './/pad', 'pad']
      writeFileSync(join(folder, 'model.json'), manifestOf(paths))
      await expect(modelFilesAt(folder).then((files) => readTfjs(files))).rejects.toThrow(
        /paths\[\d+\]: expected data of at most [\d,]+ bytes/,
      )
    } finally {
      rmSync(folder, { recursive: true })
    }
  })

  it('TensorFlow 1: one file for every layer', async () => {
    const units = 64
    const shapes: Record<string, readonly number[]> = { embedding: [3, units] }
    for (let l = 0; l < 120; l++) {
      shapes[`cell_${l}/basic_lstm_cell/kernel`] = [2 * units, 4 * units]
      shapes[`cell_${l}/basic_lstm_cell/bias`] = [4 * units]
    }
    Object.assign(shapes, { softmax_w: [units, 3], softmax_b: [3] })
    const entries = Object.entries(shapes).map(([name, shape]) => {
      return [name, { shape, filename: `f${shape.join('x')}` }] as const
    })
    const raw = entries.map(([, { shape, filename }]) => {
      return [filename, new Uint8Array(4 * shape.reduce((a, b) => a * b, 1))] as const
    })
    const files = { 'manifest.json': encode(Object.fromEntries(entries)), ...Object.fromEntries(raw) }
    await expect(readTensorflow1(filesOf(files))).rejects.toThrow(/expected data of at most [\d,]+ bytes/)
  })
})
