/**
 * Files that do not open as they are: the first obstacle is named, each remedy works when it is followed, and all that is
 * in them is listed. Files of PyTorch 2.13 and Keras 3.15 (golden/unopened), and of users, where they lie beside the clone.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { LatchError } from '../../src/core/errors.ts'
import { describeFile } from '../../src/formats/describeFile.ts'
import type { ImportOptions, ModelFiles } from '../../src/formats/imported.ts'
import { getStorage, type OnnxTensor } from '../../src/formats/onnx/graph.ts'
import { filesInMemory, openOnnxGraph, readModel } from '../../src/formats/open.ts'

const GOLDEN = fileURLToPath(new URL('../golden/unopened/', import.meta.url))
const CASES = fileURLToPath(new URL('../../../../../shared/cases/', import.meta.url))

const filesAt = (path: string): ModelFiles =>
  filesInMemory(basename(path), new Uint8Array(readFileSync(path)), new Map())
const golden = (name: string) => filesAt(GOLDEN + name)

async function errorOf(files: ModelFiles, options: ImportOptions = {}): Promise<LatchError | null> {
  try {
    await readModel(files, options)
    return null
  } catch (error) {
    if (error instanceof LatchError) return error
    throw error
  }
}

/** Runs the graph on small inputs. */
async function runGraph(files: ModelFiles): Promise<number[]> {
  const graph = await openOnnxGraph(files)
  const feeds = graph.inputs.map(({ name, dtype, shape }): [string, OnnxTensor] => {
    const sizes = shape!.map((size, i) => (typeof size === 'number' ? size : 2 + i))
    const data = getStorage(
      dtype!,
      sizes.reduce((a, b) => a * b, 1),
    )
    return [name, { dtype: dtype!, shape: sizes, data }]
  })
  return [...Object.values(graph.run(Object.fromEntries(feeds)))[0].data]
}

const all = readdirSync(GOLDEN).map((name) => GOLDEN + name)
const users = existsSync(CASES)
  ? ['26-keras-layers', '46-torch-onnx', '47-onnx-hand'].flatMap((folder) =>
      readdirSync(CASES + folder)
        .filter((name) => /\.(onnx|h5)$/.test(name))
        .map((name) => `${CASES}${folder}/${name}`),
    )
  : []

describe('remedies', () => {
  it.each([...all, ...users].map((path) => [basename(path), path]))('of %s work', async (_, path) => {
    const files = filesAt(path)
    const error = await errorOf(files)
    const failed: unknown[] = []
    for (const { option, value } of error?.fixes ?? [])
      if (value !== undefined && (await errorOf(files, { [option]: value }))) failed.push([option, value])
    expect(failed).toEqual([])
    const asGraph = error?.message.includes('openOnnxGraph') ?? false
    const ran = asGraph ? await runGraph(files) : [0]
    expect(ran.length).toBeGreaterThan(0)
  })

  it.each([
    ['vad.onnx', /node '\/Abs'.*got Abs$/],
    ['two.onnx', /node '\/If' \(If.*then_branch'$/],
    [
      'transposedLast.onnx',
      /node '\/conv\/ConvTranspose'.*got ConvTranspose\. Pass `upTo: "\/rnn\/Squeeze_output_0"`[^.]*\.$/,
    ],
    ['h0.onnx', /A program can run the graph directly, with openOnnxGraph of latch\/formats\.$/],
    ['transformer.h5', /layer att: .*got MultiHeadAttention of emb, emb/],
    ['transposed.h5', /layer conv: .*got Conv1DTranspose\. Save the layers after it/],
    ['transposedLate.h5', /layer conv: .*got Conv1DTranspose\. Pass `upTo: "lstm"`[^.]*\.$/],
  ])('%s: the first obstacle, and nothing that was not tried', async (name, message) => {
    await expect(readModel(golden(name))).rejects.toThrow(message)
  })
})

describe('what is in them', () => {
  it.each([
    ['vad.onnx', 448, { Conv: 3, LSTM: 1, Pad: 1 }],
    ['two.onnx', 896, { If: 1, Conv: 6, LSTM: 2, Pad: 2 }],
    ['transposedLast.onnx', 224, { ConvTranspose: 1, GRU: 1, Gemm: 1 }],
    ['h0.onnx', 155, { GRU: 1 }],
    ['transformer.h5', 1134, { MultiHeadAttention: 1, LayerNormalization: 2, LSTM: 1 }],
    ['transposed.h5', 252, { Conv1DTranspose: 1, LSTM: 1 }],
  ])('%s: %i parameters, and its operators or layers', async (name, parameters, wanted) => {
    const contents = await describeFile(golden(name))
    expect(contents.parameters).toBe(parameters)
    const counts = Object.fromEntries(
      Object.keys(wanted).map((type) => [
        type,
        contents.layers.filter((layer) => layer.type === type).length,
      ]),
    )
    expect(counts).toEqual(wanted)
  })

  it('shapes, nodes within branches, and which operators run', async () => {
    const { layers } = await describeFile(golden('two.onnx'))
    const found = layers.find(({ name }) => name.startsWith('/If/') && name.endsWith('/conv/Conv'))!
    expect(found).toMatchObject({ type: 'Conv', weights: [[6, 8, 3], [6]], parameters: 150, opens: true })
    expect(layers.find(({ type }) => type === 'Pad')).toMatchObject({ opens: true })
    expect(layers.find(({ type }) => type === 'LSTM')).toMatchObject({ opens: true })
  })
})
