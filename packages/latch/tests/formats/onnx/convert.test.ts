/**
 * ONNX graphs converted to layers: everything Latch writes comes back, what PyTorch exports gives PyTorch's outputs,
 * and for other graphs the error names the node.
 */
import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { ImportedModel } from '../../../src/formats/imported.ts'
import { decodeOnnx } from '../../../src/formats/onnx/proto/decode.ts'
import type { OnnxModel, OnnxTensor } from '../../../src/formats/onnx/graph.ts'
import { readOnnx } from '../../../src/formats/onnx/index.ts'
import { convertOnnx } from '../../../src/formats/onnx/convert/convert.ts'
import { OnnxGraph } from '../../../src/formats/onnx/runtime/run.ts'
import { verifyConversion } from '../../../src/formats/onnx/convert/verify.ts'
import { PackedBatch } from '../../../src/tensors/packedBatch.ts'
import type { Network } from '../../../src/model/network.ts'
import { configuredNetwork } from '../../networks.ts'
import { FormatError, UnsupportedError } from '../../../src/core/errors.ts'
import {
  CASES,
  MASK_CASES,
  ROW_CASES,
  SHAPE_CASES,
  answered,
  bytesOf,
  drawn,
  raggedFor,
  sourceOf,
  type Ragged,
} from './onnxHelpers.ts'
import { greatestDifference } from '../../closeTo.ts'

const golden = new URL('../../golden/onnx/', import.meta.url)
const shared = new URL('../../../../../../shared/conformance/onnx/pytorch_export/', import.meta.url)

function read(bytes: Uint8Array, options = {}): Promise<ImportedModel> {
  const sibling = () => Promise.reject(new Error('no sibling'))
  return readOnnx({ name: 'model.onnx', bytes, sibling }, options)
}

function networkOf({ network, weights }: ImportedModel): Network {
  return configuredNetwork(network, { weights: ({ name }) => weights.get(name)! })
}

function runGraph(model: OnnxModel, network: Network, { values, lengths, steps }: Ragged): OnnxTensor {
  const [first] = network.config.layers
  const size = [lengths.length, steps]
  const input: Record<string, OnnxTensor> =
    first.type === 'features'
      ? { features: { dtype: 'float32', shape: [...size, first.width], data: values } }
      : { ids: { dtype: 'int64', shape: size, data: Float64Array.from(values) } }
  const given: OnnxTensor = { dtype: 'int32', shape: [lengths.length], data: Float64Array.from(lengths) }
  return new OnnxGraph(model, { source: 'model.onnx' }).run({ ...input, lengths: given }).logits
}

describe('what Latch writes', () => {
  it.each([...CASES, ...MASK_CASES].map((test) => [test.name, test] as const))(
    '%s',
    async (_, { layers, outputActivation = 'linear' }) => {
      const network = drawn({ layers })
      const bytes = await bytesOf(sourceOf(network, { outputActivation }))
      const model = await decodeOnnx(bytes, 'model.onnx')
      const imported = await read(bytes)
      const back = networkOf(imported)
      expect(imported.outputActivation).toBe(outputActivation)
      for (const lengths of [[4, 1, 6, 3], [5], [2, 2]]) {
        const ragged = raggedFor(network, lengths)
        const expected = answered(network, ragged)
        expect(greatestDifference(answered(back, ragged), expected)).toBeLessThan(1e-6)
        expect(greatestDifference(runGraph(model, network, ragged).data, expected)).toBeLessThan(1e-5)
      }
    },
  )

  it.each([...SHAPE_CASES, ...ROW_CASES].map((test) => [test.name, test] as const))('%s', async (_, test) => {
    const network = drawn({ layers: test.layers })
    const bytes = await bytesOf(sourceOf(network))
    const model = await decodeOnnx(bytes, 'model.onnx')
    const back = networkOf(await read(bytes))
    for (const lengths of test.lengths ?? [[4, 1, 6, 3], [5]]) {
      const ragged = raggedFor(network, lengths)
      const expected = answered(network, ragged)
      expect(greatestDifference(answered(back, ragged), expected)).toBeLessThan(1e-6)
      expect(greatestDifference(runGraph(model, network, ragged).data, expected)).toBeLessThan(1e-5)
    }
  })

  it('carries names and the whole document', async () => {
    const network = drawn({
      layers: [
        { type: 'embedding', vocabulary: 3, size: 2 },
        { type: 'pool', pooling: 'mean' },
        { type: 'dense', units: 2 },
      ],
    })
    const labels = ['no', 'yes']
    const vocabulary = ['a', 'b', '"ü\n']
    const given = {
      labels,
      vocabulary,
      tokens: 'words',
      document: { format: 'latch', version: 1, task: 'x' } as const,
      outputActivation: 'softmax',
    } as const
    const imported = await read(await bytesOf(sourceOf(network, given)))
    const { format, producer, tokens, outputActivation, document, input } = imported
    expect(imported.labels).toEqual(labels)
    expect(imported.vocabulary).toEqual(vocabulary)
    expect({ format, producer, tokens, outputActivation, document }).toEqual({
      format: 'onnx',
      producer: 'Latch',
      tokens: 'words',
      outputActivation: 'softmax',
      document: { format: 'latch', version: 1, task: 'x' } as const,
    })
    expect(input).toEqual({ kind: 'ids', width: 3, steps: null })
    expect(imported.network.loss).toEqual({ type: 'softmaxCrossEntropy' })
  })
})

interface Numbers {
  shape: number[]
  data: number[]
}

/** Rows in the order of the API; `timeFirst`: the file has (time, batch, …). */
function batchOf({ shape, data }: Numbers, ids: boolean, timeFirst: boolean, lengths?: readonly number[]) {
  const [T, B] = timeFirst ? shape : [shape[1], shape[0]]
  const F = ids ? 1 : shape[2]
  const at = (b: number, t: number) => (timeFirst ? t * B + b : b * T + t) * F
  const rows = Array.from({ length: B }, (_, b) =>
    Array.from({ length: T }, (_, t) => data.slice(at(b, t), at(b, t) + F)).flat(),
  )
  if (ids) return PackedBatch.ofIds(rows.map((row, b) => row.slice(0, lengths?.[b] ?? T)))
  return PackedBatch.ofFeatures(Float32Array.from(rows.flat()), [B, T, F], lengths)
}

function outputOf(imported: ImportedModel, batch: PackedBatch, timeFirst: boolean): number[] {
  const network = networkOf(imported)
  network.forward(batch)
  const logits = [...network.readOutput(batch)]
  const { width, per } = network.output
  const rows = Array.from({ length: logits.length / width }, (_, r) =>
    logits.slice(r * width, (r + 1) * width),
  )
  const said = rows.map((row) => {
    if (imported.outputActivation === 'linear') return row
    if (imported.outputActivation === 'sigmoid') return row.map((x) => 1 / (1 + Math.exp(-x)))
    const sum = row.reduce((all, x) => all + Math.exp(x), 0)
    return row.map((x) => (imported.outputActivation === 'softmax' ? Math.exp(x) / sum : x - Math.log(sum)))
  })
  if (per === 'sequence' || !timeFirst) return said.flat()
  const { sequences: B, steps: T } = batch
  return Array.from({ length: T }, (_, t) => Array.from({ length: B }, (_, b) => said[b * T + t])).flat(2)
}

const TIME_FIRST = ['rnn_relu_dropout', 'characters', 'rnn_tanh_2layer_with_state']
const exported = JSON.parse(readFileSync(new URL('index.json', golden), 'utf8')) as Record<
  string,
  { inputs: Record<string, Numbers>; output: Numbers }
>

describe('what PyTorch 1.13 exports', () => {
  const names = Object.keys(exported)
  it.each(names)('%s', async (name) => {
    const { inputs, output } = exported[name]
    const imported = await read(readFileSync(new URL(`${name}.onnx`, golden)))
    expect(imported.producer).toBe('pytorch 1.13.0')
    const given = inputs.x ?? inputs.ids
    const timeFirst = TIME_FIRST.includes(name)
    const batch = batchOf(given, !inputs.x, timeFirst, inputs.lengths?.data)
    const got = outputOf(imported, batch, timeFirst)
    const { steps, sequences } = batch
    // PyTorch's outputs beyond a length are the bias; Latch's are zero.
    const beyond = (i: number) => {
      const width = output.data.length / (steps * sequences)
      const row = Math.floor(i / width)
      return (
        output.shape.length === 3 && row % steps >= (inputs.lengths?.data[Math.floor(row / steps)] ?? steps)
      )
    }
    const expected = output.data.map((x, i) => (beyond(i) ? 0 : x))
    expect(greatestDifference(got, expected)).toBeLessThan(1e-5)
  })

  it('a step in the middle is refused by node, and the part before it named', async () => {
    const bytes = readFileSync(new URL('../unopened/middle.onnx', golden))
    const error = await read(bytes).catch((e: unknown) => e)
    expect(error).toBeInstanceOf(UnsupportedError)
    expect(String(error)).toMatch(/node '\/Gather' \(Gather, number \d+; inputs .*the first or the last step/)
    expect(String(error)).toMatch(/openOnnxGraph/)
    expect((error as UnsupportedError).fixes).toMatchObject([
      { option: 'upTo', value: '/rnn/Transpose_1_output_0' },
    ])
    const part = await read(bytes, { upTo: '/rnn/Transpose_1' })
    expect(part.network.layers.map(({ type }) => type)).toEqual(['features', 'recurrent'])
    expect(part.omitted).toEqual(['What follows /rnn/Transpose_1'])
  })
})

describe.skipIf(!existsSync(shared))('the exports of ../shared', () => {
  const cases = [
    ['lstm_last_step', false],
    ['lstm_last_step_dynamic', false],
    ['gru_2layer_sequence', false],
    ['embedding_bilstm_softmax', false],
    ['rnn_tanh_2layer_with_state', true],
  ] as const
  it.each(cases)('%s', async (name, timeFirst) => {
    const folder = new URL(`${name}/`, shared)
    const imported = await read(readFileSync(new URL('model.onnx', folder)))
    const tensor = async (file: string) => plain(readFileSync(new URL(`test_data_set_0/${file}`, folder)))
    const given = await tensor('input_0.pb')
    const batch = batchOf(given, imported.input.kind === 'ids', timeFirst)
    const hasState = name === 'rnn_tanh_2layer_with_state'
    const got = hasState
      ? afterState(imported, batch, (await tensor('input_1.pb')).data)
      : outputOf(imported, batch, timeFirst)
    expect(greatestDifference(got, (await tensor('output_0.pb')).data)).toBeLessThan(1e-5)
    const warning = 'Initial states come from outside (input h0)'
    expect(imported.warnings.join().includes(warning)).toBe(hasState)
  })

  /** The output (T, B, W) of a network of two layers that starts from given states. */
  function afterState(imported: ImportedModel, batch: PackedBatch, states: number[]): number[] {
    const network = networkOf(imported)
    const each = states.length / 2
    for (const layer of [0, 1])
      network.writeInitialState(batch, states.slice(layer * each, (layer + 1) * each), { layer })
    network.forward(batch)
    const { sequences: B, steps: T } = batch
    const got = network.readOutput(batch)
    const W = network.output.width
    return Array.from({ length: T * B * W }, (_, i) => {
      const [t, b, j] = [Math.floor(i / (B * W)), Math.floor(i / W) % B, i % W]
      return got[(b * T + t) * W + j]
    })
  }
})

/** A TensorProto: read as the only initializer of a model. */
async function plain(bytes: Uint8Array): Promise<Numbers> {
  const { fromBinary } = await import('@bufbuild/protobuf')
  const { TensorSchema } = await import('../../../src/formats/onnx/proto/schema.ts')
  const { dims, dataType, rawData } = fromBinary(TensorSchema, bytes)
  const { buffer } = Uint8Array.from(rawData)
  const data = dataType === 1 ? [...new Float32Array(buffer)] : Array.from(new BigInt64Array(buffer), Number)
  return { shape: dims.map(Number), data }
}

describe('a wrong conversion', () => {
  it('is found out', async () => {
    const network = drawn({
      layers: [
        { type: 'features', width: 3 },
        { type: 'recurrent', cell: 'gru', units: 4 },
      ],
    })
    const model = await decodeOnnx(await bytesOf(sourceOf(network)), 'model.onnx')
    const converted = convertOnnx(model, 'model.onnx')
    verifyConversion(model, converted, 'model.onnx')
    const weights = new Map(converted.weights)
    const turned = weights.get('recurrent.0.weight_hh_l0')!.slice().reverse()
    weights.set('recurrent.0.weight_hh_l0', turned)
    expect(() => verifyConversion(model, { ...converted, weights }, 'model.onnx')).toThrow(FormatError)
  })
})
