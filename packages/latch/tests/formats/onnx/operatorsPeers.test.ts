/**
 * The operators' golden numbers held against ONNX Runtime, so that what the graph runner is checked with is itself
 * checked. Needs the peers of bench/package.json (`cd bench && npm ci`); skipped where they are not installed.
 */
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import { create, toBinary } from '@bufbuild/protobuf'
import { describe, expect, it } from 'vitest'
import { decodeOnnxTensor } from '../../../src/formats/onnx/proto/decode.ts'
import type { OnnxDtype, OnnxTensor } from '../../../src/formats/onnx/graph.ts'
import { DATA_TYPES, TensorSchema } from '../../../src/formats/onnx/proto/schema.ts'
import { modelBytes, tensor, type Value } from './onnxFiles.ts'

type Numbers = ArrayLike<number | bigint> & { buffer: ArrayBufferLike }

interface Ort {
  InferenceSession: {
    create(
      bytes: Uint8Array,
      options: object,
    ): Promise<{ run(feeds: object): Promise<Record<string, { data: Numbers; dims: readonly number[] }>> }>
  }
  Tensor: new (type: string, data: object, dims: readonly number[]) => object
}

interface Plain {
  dtype: OnnxDtype
  shape: number[]
  data: (number | string)[]
}

interface Golden {
  name: string
  op: string
  opset: number
  attributes: Record<string, Value | Plain>
  inputs: (Plain | null)[]
  outputs: Plain[]
}

function peer(): Ort | null {
  try {
    const require = createRequire(
      fileURLToPath(new URL('../../../../../bench/package.json', import.meta.url)),
    )
    return require('onnxruntime-node') as Ort
  } catch {
    return null
  }
}

const ort = peer()
const { cases } = JSON.parse(readFileSync(new URL('../../golden/onnxOps.json', import.meta.url), 'utf8')) as {
  cases: Golden[]
}

/** What ONNX Runtime 1.30 does not do, or not as the specification says; Latch does. */
function exception({ op, name, attributes }: Golden): string {
  const isRecurrent = op === 'RNN' || op === 'LSTM' || op === 'GRU'
  if (!isRecurrent) return ''
  if (attributes.layout === 1) return 'it has no layout 1'
  if (!('hidden_size' in attributes)) return 'it wants hidden_size'
  if (name === 'sigmoid, defaults') return 'its RNN wants capitals'
  return name === 'ThresholdedRelu, defaults' ? 'it takes 0 for alpha; the operator says 1' : ''
}

const read = ({ dtype, shape, data }: Plain) => tensor(dtype, shape, data.map(Number))

function fed({ Tensor }: Ort, { dtype, shape, data }: OnnxTensor): object {
  const int64 = (x: number) => (x >= 2 ** 63 ? 2n ** 63n - 1n : BigInt(x))
  const kinds = {
    float32: Float32Array,
    float64: Float64Array,
    int32: Int32Array,
    uint8: Uint8Array,
    bool: Uint8Array,
  }
  const numbers =
    dtype === 'int64' ? BigInt64Array.from(data, int64) : kinds[dtype as keyof typeof kinds].from(data)
  return new Tensor(dtype, numbers, shape)
}

async function runPeer(engine: Ort, golden: Golden): Promise<{ dims: readonly number[]; data: number[] }[]> {
  const inputs = golden.inputs.map((input) => input && read(input))
  const given = Object.fromEntries(inputs.flatMap((input, i) => (input ? [[`in${i}`, input]] : [])))
  const outputs = golden.outputs.map((_, i) => `out${i}`)
  const attributes = Object.entries(golden.attributes).map(([key, value]) =>
    typeof value === 'object' && 'dtype' in value ? [key, read(value as Plain)] : [key, value],
  )
  const node = {
    op: golden.op,
    inputs: inputs.map((input, i) => (input ? `in${i}` : '')),
    outputs,
    attributes: Object.fromEntries(attributes) as Record<string, Value>,
  }
  const bytes = modelBytes({ opset: golden.opset, nodes: [node], inputs: given, outputs })
  const session = await engine.InferenceSession.create(bytes, { logSeverityLevel: 4 })
  const feeds = Object.fromEntries(Object.entries(given).map(([key, value]) => [key, fed(engine, value)]))
  const results = await session.run(feeds)
  return golden.outputs.map(({ dtype }, i) => {
    const { dims, data } = results[`out${i}`]
    return { dims, data: dtype === 'float16' ? halves(data) : Array.from(data, Number) }
  })
}

function halves(bits: Numbers): number[] {
  const head = { dataType: DATA_TYPES.float16, dims: [BigInt(bits.length)] }
  const file = toBinary(TensorSchema, create(TensorSchema, { ...head, rawData: new Uint8Array(bits.buffer) }))
  return Array.from(decodeOnnxTensor(file, 'halves').tensor.data)
}

describe.skipIf(!ort)('golden numbers in ONNX Runtime', () => {
  const done = cases.filter((golden) => !exception(golden))

  it('are nearly all of them', () => expect(cases.length - done.length).toBe(14))

  it.each(done.map((c) => [`${c.op} ${c.opset}: ${c.name}`, c] as const))('%s', async (_, golden) => {
    const got = await runPeer(ort!, golden)
    golden.outputs.map(read).forEach((wanted, k) => {
      expect([...got[k].dims]).toEqual([...wanted.shape])
      const wrong = Array.from(wanted.data, (w, i) => [i, got[k].data[i], w] as const).filter(
        ([, g, w]) => !(Object.is(g, w) || g === w || Math.abs(g - w) <= 2e-6 * Math.max(1, Math.abs(w))),
      )
      expect(wrong).toEqual([])
    })
  })
})
