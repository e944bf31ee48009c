/** Branches, attention, scaling: graphs of PyTorch with its outputs (golden/generate_onnxGraphs.py), as layers. */
import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { filesInMemory, readModel } from '../../../src/formats/open.ts'
import { writeModel } from '../../../src/formats/write.ts'
import { modelFromImported, openModel, type AnyModel } from '../../../src/tasks/files/openModel.ts'
import { expectClose } from '../../closeTo.ts'
import { bytesOf } from '../exportHelpers.ts'

type Nested = number | Nested[]
interface Golden {
  x: number[][]
  y: Nested[]
  file: string
}

const GOLDEN = new URL('../../golden/formats/onnxGraphs.json', import.meta.url)
const all = Object.entries(JSON.parse(readFileSync(GOLDEN, 'utf8')) as Record<string, Golden>)
/** No chain of layers: they run as graphs. */
const GRAPHS = /^(cell_unrolled|initial_constant)/
const bytesOfCase = ({ file }: Golden) => new Uint8Array(gunzipSync(Buffer.from(file, 'base64')))

function expectOutputs(model: AnyModel, { x, y }: Golden, what: string): void {
  const predict = model.predict.bind(model) as (input: unknown) => { output: number[] }
  x.forEach((sequence, i) => {
    expectClose(predict(sequence).output, [y[i]].flat(9) as number[], 2e-6, what)
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
})
