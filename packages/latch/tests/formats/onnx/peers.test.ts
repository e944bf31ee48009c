/**
 * Exported models in ONNX Runtime: every cell, direction and layer on ragged batches, against Latch. Needs the
 * peers of bench/package.json (`cd bench && npm ci`); skipped where they are not installed.
 */
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import type { Network } from '../../../src/model/network.ts'
import {
  CASES,
  MASK_CASES,
  ROW_CASES,
  SHAPE_CASES,
  WINDOW_CASES,
  answered,
  bytesOf,
  drawn,
  raggedFor,
  sourceOf,
  type Ragged,
} from './onnxHelpers.ts'
import { greatestDifference } from '../../closeTo.ts'

interface OrtTensor {
  data: ArrayLike<number>
  dims: readonly number[]
}
interface Ort {
  InferenceSession: {
    create(
      bytes: Uint8Array,
      options: object,
    ): Promise<{ run(feeds: object): Promise<Record<string, OrtTensor>> }>
  }
  Tensor: new (type: string, data: object, dims: readonly number[]) => OrtTensor
}

function peer(name: string): Ort | null {
  try {
    return createRequire(fileURLToPath(new URL('../../../../../bench/package.json', import.meta.url)))(
      name,
    ) as Ort
  } catch {
    return null
  }
}

const native = peer('onnxruntime-node')
const web = peer('onnxruntime-web')

async function run(ort: Ort, bytes: Uint8Array, network: Network, ragged: Ragged) {
  const session = await ort.InferenceSession.create(bytes, { logSeverityLevel: 3 })
  const { values, lengths, steps } = ragged
  const [first] = network.config.layers
  const size = [lengths.length, steps]
  const input =
    first.type === 'features'
      ? { features: new ort.Tensor('float32', values, [...size, first.width]) }
      : { ids: new ort.Tensor('int64', BigInt64Array.from(values, BigInt), size) }
  const given = { ...input, lengths: new ort.Tensor('int32', Int32Array.from(lengths), [lengths.length]) }
  return session.run(given)
}

function softmaxOf(logits: Float64Array, width: number): Float64Array {
  return logits.map((x, i) => {
    const row = logits.subarray(i - (i % width), i - (i % width) + width)
    return Math.exp(x) / row.reduce((sum, other) => sum + Math.exp(other), 0)
  })
}

async function check(ort: Ort, test: (typeof CASES)[number]) {
  const network = drawn({ layers: test.layers })
  const bytes = await bytesOf(sourceOf(network, { outputActivation: test.outputActivation ?? 'linear' }))
  for (const lengths of test.lengths ?? [[4, 1, 6, 3], [5], [2, 2], [1, 3]]) {
    const ragged = raggedFor(network, lengths)
    const { logits, probabilities } = await run(ort, bytes, network, ragged)
    const expected = answered(network, ragged)
    expect(greatestDifference(logits.data, expected)).toBeLessThan(1e-5)
    const isSoftmax = test.outputActivation === 'softmax'
    const shares = isSoftmax ? softmaxOf(expected, network.output.width) : expected
    expect(greatestDifference((isSoftmax ? probabilities : logits).data, shares)).toBeLessThan(1e-5)
  }
}

describe.skipIf(!native)('ONNX Runtime for Node', () => {
  it.each(
    [...CASES, ...MASK_CASES, ...WINDOW_CASES, ...SHAPE_CASES, ...ROW_CASES].map(
      (test) => [test.name, test] as const,
    ),
  )('%s', (_, test) => check(native!, test))
})

describe.skipIf(!web)('ONNX Runtime for the web', () => {
  it('a bidirectional LSTM with attention', async () => {
    await check(
      web!,
      CASES.find(({ name }) => name === 'pool attention')!,
    )
  })
})
