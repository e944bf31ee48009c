/** The makers of each format: `make(draw)` gives `{ kind, parts: [{ name, bytes }], options }`. */
import { changedHdf5, madeKeras } from './keras.mjs'
import { madeArchive } from './archives.mjs'
import { madeFolder } from './folders.mjs'
import { madeOnnx } from './onnx.mjs'
import { madeParquet } from './parquet.mjs'
import { madeSafetensors } from './safetensors.mjs'
import { madeTable } from './tables.mjs'

/** Formats with makers, and that whose files each starts from. */
export const MADE = {
  latch: 'latch',
  torch: 'torch',
  archive: 'latch',
  onnx: 'onnx',
  graph: 'graph',
  keras: 'keras',
  hdf5: 'keras',
  tfjs: 'tfjs',
  tensorflow1: 'tensorflow1',
  table: 'latch',
  parquet: 'latch',
}

const isZip = ({ parts: [{ bytes }] }) => bytes[0] === 0x50 && bytes[1] === 0x4b

/** A model of three letters as TensorFlow 1 left it. */
function smallTensorflow1() {
  const shapes = {
    embedding: [3, 2],
    'cell_0/basic_lstm_cell/kernel': [4, 8],
    'cell_0/basic_lstm_cell/bias': [8],
  }
  Object.assign(shapes, { softmax_w: [2, 3], softmax_b: [3] })
  const manifest = Object.entries(shapes).map(([name, shape], i) => [name, { shape, filename: `v${i}` }])
  const json = (value) => new TextEncoder().encode(JSON.stringify(value))
  const raw = manifest.map(([, { shape, filename }]) => {
    return { name: filename, bytes: new Uint8Array(4 * shape.reduce((a, b) => a * b, 1)) }
  })
  const parts = [{ name: 'manifest.json', bytes: json(Object.fromEntries(manifest)) }, ...raw]
  return { parts: [...parts, { name: 'vocab.json', bytes: json({ a: 0, b: 1, c: 2 }) }], options: {} }
}

/** @param load imports a module of the built library */
export async function makerOf(format, files, load) {
  const one = (change) => (draw) => {
    const { parts, options } = draw.pick(files)
    return {
      kind: format === 'graph' ? 'graph' : 'model',
      parts: [{ ...parts[0], bytes: change(draw, parts[0].bytes) }],
      options,
    }
  }
  switch (format) {
    case 'latch':
    case 'torch':
      return one(madeSafetensors)
    case 'archive':
      return (draw) => ({
        kind: 'model',
        parts: [{ name: draw.pick(['m.pt', 'm.pth', 'm.bin', 'm.keras', 'm']), bytes: madeArchive(draw) }],
      })
    case 'onnx':
    case 'graph': {
      const tools = await onnxTools(load)
      return one((draw, bytes) => madeOnnx(draw, bytes, tools))
    }
    case 'keras': {
      const { unzipSync } = await import('fflate')
      files = files.filter(isZip)
      return one((draw, bytes) => madeKeras(draw, bytes, unzipSync))
    }
    case 'hdf5':
      files = files.filter((each) => !isZip(each))
      return one(changedHdf5)
    case 'table':
      return (draw) => {
        const { bytes, options } = madeTable(draw)
        return { kind: 'table', parts: [{ name: 'table', bytes }], options }
      }
    case 'parquet':
      return (draw) => ({ kind: 'parquet', parts: [{ name: 'table.parquet', bytes: madeParquet(draw) }] })
    default:
      if (format === 'tensorflow1') files.push(smallTensorflow1())
      return (draw) => {
        const { parts, options } = draw.pick(files)
        return { kind: 'model', parts: madeFolder(draw, parts), options }
      }
  }
}

async function onnxTools(load) {
  const protobuf = await import('@bufbuild/protobuf')
  const schemas = await load('formats/onnx/proto/schema.js')
  const { COVERED } = await load('formats/onnx/runtime/run.js')
  return { ...protobuf, ...schemas, operators: [...COVERED, 'Constant', 'If', 'Loop', 'Scan'] }
}
