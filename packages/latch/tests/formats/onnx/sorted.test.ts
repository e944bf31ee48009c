/**
 * Exports of `pack_padded_sequence(enforce_sorted=False)`, which sort the batch by its lengths and put it back, and of opsets
 * 7 and 8 with ConstantFill: PyTorch's numbers as graphs and as layers.
 */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import type { OnnxTensor } from '../../../src/formats/onnx/graph.ts'
import { OnnxGraph } from '../../../src/formats/onnx/runtime/run.ts'
import { decodeOnnx, filesInMemory, openOnnxGraph, readModel } from '../../../src/formats/open.ts'
import { PackedBatch } from '../../../src/tensors/packedBatch.ts'
import { relativeDifference } from '../../closeTo.ts'
import { configuredNetwork } from '../../networks.ts'
import { floats, modelBytes, whole, type GraphText } from './onnxFiles.ts'

interface Case {
  name: string
  shape: number[]
  input: number[]
  lengths: number[] | null
  /** One row for each sequence; else one for each step, padded. */
  final: boolean
  output: number[]
}

const FOLDER = fileURLToPath(new URL('../../golden/sorted/', import.meta.url))
const cases = JSON.parse(readFileSync(`${FOLDER}cases.json`, 'utf8')) as Case[]
const filesOf = ({ name }: Case) =>
  filesInMemory(`${name}.onnx`, new Uint8Array(readFileSync(`${FOLDER}${name}.onnx`)), new Map())

describe.each(cases.map((one) => [one.name, one] as const))('%s', (_, one) => {
  const [B, T, width] = one.shape
  const isFloat = width !== undefined

  it('as a graph', async () => {
    const graph = await openOnnxGraph(filesOf(one))
    const x: OnnxTensor = isFloat
      ? { dtype: 'float32', shape: one.shape, data: Float32Array.from(one.input) }
      : { dtype: 'int64', shape: one.shape, data: Float64Array.from(one.input) }
    const [output] = Object.values(graph.run({ x, ...(one.lengths && { lengths: whole(...one.lengths) }) }))
    expect(relativeDifference(output.data, one.output)).toBeLessThan(1e-5)
  })

  it('as layers', async () => {
    const { network: config, weights } = await readModel(filesOf(one))
    const network = configuredNetwork(config, { weights: ({ name }) => weights.get(name)! })
    const lengths = one.lengths ?? Array.from({ length: B }, () => T)
    const batch = isFloat
      ? PackedBatch.ofFeatures(one.input, [B, T, width], lengths)
      : PackedBatch.ofIds(lengths.map((length, b) => one.input.slice(b * T, b * T + length)))
    network.forward(batch)
    const steps = one.final ? 1 : T
    const within = (numbers: ArrayLike<number>) =>
      Array.from(numbers).filter(
        (_x, i) => one.final || Math.floor(i / 2) % steps < lengths[Math.floor(i / (2 * steps))],
      )
    expect(relativeDifference(within(network.readOutput(batch)), within(one.output))).toBeLessThan(1e-5)
    network.dispose()
  })
})

describe('operators', () => {
  const x = floats([2, 3], [1, 3, 2, 5, 5, 4])
  const run = async (graph: Omit<GraphText, 'opset' | 'inputs'>, opset: number) => {
    const bytes = modelBytes({ ...graph, opset, inputs: { x } })
    const model = await decodeOnnx(filesInMemory('m.onnx', bytes, new Map()))
    const made = new OnnxGraph(model, { source: 'm.onnx' }).run({ x })
    return Object.values(made).map(({ data, shape }) => [[...data], [...shape]])
  }

  it.each([
    ['largest', 1, -1, 2, [3, 2, 5, 5], [1, 2, 0, 1], [2, 2]],
    ['smallest', 0, -1, 2, [1, 2, 4, 5], [0, 2, 2, 0], [2, 2]],
    ['of columns', 1, 0, 1, [5, 5, 4], [1, 1, 1], [1, 3]],
    ['none', 1, 1, 0, [], [], [2, 0]],
  ])('TopK, %s', async (_, largest, axis, k, values, places, shape) => {
    const node = { op: 'TopK', inputs: ['x', 'k'], outputs: ['v', 'i'], attributes: { largest, axis } }
    const made = await run({ nodes: [node], outputs: ['v', 'i'], initializers: { k: whole(k) } }, 11)
    expect(made).toEqual([
      [values, shape],
      [places, shape],
    ])
  })

  it.each(['Scatter', 'ScatterElements'])('%s', async (op) => {
    const node = { op, inputs: ['x', 'at', 'u'], outputs: ['y'], attributes: { axis: 1 } }
    const at = { dtype: 'int64' as const, shape: [2, 2], data: Float64Array.of(2, 0, -1, 1) }
    const initializers = { at, u: floats([2, 2], [10, 20, 30, 40]) }
    const [[data]] = await run({ nodes: [node], outputs: ['y'], initializers }, op === 'Scatter' ? 9 : 11)
    expect(data).toEqual([20, 3, 10, 5, 40, 30])
  })
})
