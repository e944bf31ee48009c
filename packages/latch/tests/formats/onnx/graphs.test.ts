/**
 * Branches, attention, scaling, windows, shapes: graphs of PyTorch with its outputs (golden/generate_onnxGraphs.py,
 * generate_onnxWindows.py, generate_onnxShapes.py), as layers.
 */
import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { create, fromBinary, toBinary } from '@bufbuild/protobuf'
import { describe, expect, it } from 'vitest'
import { ModelSchema, TensorSchema } from '../../../src/formats/onnx/proto/schema.ts'
import { filesInMemory, openOnnxGraph, readModel } from '../../../src/formats/open.ts'
import { writeModel } from '../../../src/formats/write.ts'
import { modelFromImported, openModel, type AnyModel } from '../../../src/tasks/files/openModel.ts'
import { expectClose } from '../../closeTo.ts'
import { bytesOf, exportCase } from '../exportHelpers.ts'

type Nested = number | Nested[]
interface Golden {
  x: number[][]
  y: Nested[]
  file: string
}

const all = ['onnxGraphs', 'onnxWindows', 'onnxShapes'].flatMap((name) => {
  const golden = new URL(`../../golden/formats/${name}.json`, import.meta.url)
  return Object.entries(JSON.parse(readFileSync(golden, 'utf8')) as Record<string, Golden>)
})
/** No chain of layers: they run as graphs. */
const GRAPHS = /^(cell_unrolled|initial_constant|refused)/
const bytesOfCase = ({ file }: Golden) => new Uint8Array(gunzipSync(Buffer.from(file, 'base64')))

function expectOutputs(model: AnyModel, { x, y }: Golden, what: string): void {
  const predict = model.predict.bind(model) as (input: unknown) => {
    output: number[]
    steps: number[][] | null
  }
  x.forEach((sequence, i) => {
    const wanted = [y[i]].flat(9) as number[]
    const { steps, output } = predict(sequence)
    expectClose(steps && wanted.length > output.length ? steps.flat() : output, wanted, 2e-6, what)
  })
}

describe('layers of PyTorch graphs', () => {
  it.each(all.filter(([name]) => !GRAPHS.test(name)))('%s, and written again', async (name, golden) => {
    const model = await openModel({ name: 'm.onnx', bytes: bytesOfCase(golden) })
    expectOutputs(model, golden, name)
    const [file] = await writeModel(model.exportSource('m'), 'onnx')
    const again = await readModel(filesInMemory('m.onnx', bytesOf(file.chunks), new Map()))
    expectOutputs(modelFromImported({ ...again, document: null }, 'm.onnx'), golden, `${name}, written`)
  })

  it.each(all.filter(([name]) => GRAPHS.test(name)))('%s is named, with a remedy', async (_, golden) => {
    await expect(openModel({ name: 'm.onnx', bytes: bytesOfCase(golden) })).rejects.toThrow(/openOnnxGraph/)
  })

  it('one recurrent layer, where its steps and its final state are read', async () => {
    const [, golden] = all.find(([name]) => name === 'attention_bmm_17')!
    const { network } = await openModel({ name: 'm.onnx', bytes: bytesOfCase(golden) })
    expect(network.config.layers.filter(({ type }) => type === 'recurrent')).toHaveLength(1)
  })

  it('a repetition is written as the graph that computes it', async () => {
    const { source, features, output } = exportCase(
      'repetition',
      [
        { type: 'features', width: 3 },
        { type: 'recurrent', cell: 'lstm', units: 4, returnSequences: false },
        { type: 'repeat', steps: 5 },
        { type: 'recurrent', cell: 'gru', units: 2 },
      ],
      {},
      [5, 5],
    )
    const [file] = await writeModel(source, 'onnx')
    const graph = await openOnnxGraph(filesInMemory('m.onnx', bytesOf(file.chunks), new Map()))
    const feeds = graph.inputs.map(({ name, dtype }) => {
      const data = Float32Array.from(name === 'features' ? features!.flat(2) : [5, 5])
      return [name, { dtype: dtype!, shape: name === 'features' ? [2, 5, 3] : [2], data }] as const
    })
    const [{ data }] = Object.values(graph.run(Object.fromEntries(feeds)))
    expectClose(data, [...output], 1e-6)
  })
})

it('lists a weight of another element type that nothing reads as omitted', async () => {
  const [, golden] = all.find(([name]) => name === 'univariate_17')!
  const model = fromBinary(ModelSchema, bytesOfCase(golden))
  // FLOAT8E4M3FN
  const extra = create(TensorSchema, { name: 'scale', dataType: 17, dims: [2n], rawData: new Uint8Array(2) })
  const graph = model.graph!
  graph.initializer.push(extra)
  const read = (bytes: Uint8Array) => readModel(filesInMemory('m.onnx', bytes, new Map()), {})
  expect((await read(toBinary(ModelSchema, model))).omitted).toEqual(['initializer scale'])
  graph.node[0].input.push('scale')
  await expect(read(toBinary(ModelSchema, model))).rejects.toThrow(/initializer\[\d+\] 'scale'/)
})
