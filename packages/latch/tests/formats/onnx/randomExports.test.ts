/**
 * Random networks as ONNX: opened again by Latch they predict the same, and so they do in ONNX Runtime (skipped where
 * the peers of bench/package.json are not installed). Small widths, and activations per direction, among them.
 */
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import type { ActivationChoice } from '../../../src/cells/activations.ts'
import { Random } from '../../../src/core/random.ts'
import { filesInMemory, readModel } from '../../../src/formats/open.ts'
import type { LayerOptions } from '../../../src/model/config.ts'
import { allLayers } from '../../../src/model/allLayers.ts'
import { buildNetwork } from '../../../src/model/network.ts'
import { greatestDifference } from '../../closeTo.ts'
import { answered, bytesOf, drawn, raggedFor, sourceOf } from './onnxHelpers.ts'

interface Ort {
  InferenceSession: {
    create(bytes: Uint8Array, options: object): Promise<{ run(feeds: object): Promise<Outputs> }>
  }
  Tensor: new (type: string, data: object, dims: readonly number[]) => object
}
type Outputs = Record<string, { data: ArrayLike<number> }>

function peer(): Ort | null {
  try {
    const at = fileURLToPath(new URL('../../../../../bench/package.json', import.meta.url))
    return createRequire(at)('onnxruntime-node') as Ort
  } catch {
    return null
  }
}

const ort = peer()
const ACTIVATIONS: readonly ActivationChoice[] = [
  'tanh',
  'sigmoid',
  'relu',
  'linear',
  'softsign',
  { type: 'hardSigmoid', alpha: 0.2, beta: 0.5 },
  { type: 'elu', alpha: 0.7 },
  { type: 'leakyRelu', alpha: 0.1 },
  { type: 'affine', alpha: 0.5, beta: 0.25 },
  { type: 'scaledTanh', alpha: 0.9, beta: 0.6 },
]

/** Draws networks by their number. */
class Drawer {
  readonly #random: Random

  constructor(seed: number) {
    this.#random = new Random(seed, 'random exports')
  }

  pick<T>(list: readonly T[]): T {
    return list[this.#random.integer(list.length)]
  }

  /** Some of the functions that the cell has. */
  functions(cell: string): Record<string, ActivationChoice> {
    const names = { rnn: ['activation'], gru: ['activation', 'gateActivation'] }[cell] ?? [
      'activation',
      'gateActivation',
      'stateActivation',
    ]
    return Object.fromEntries(
      names.flatMap((name) => (this.pick([true, false]) ? [[name, this.pick(ACTIVATIONS)]] : [])),
    )
  }

  recurrent(returnSequences: boolean): LayerOptions {
    const cell = this.pick(['rnn', 'gru', 'lstm'] as const)
    const direction = this.pick(['forward', 'reverse', 'bidirectional', 'bidirectional'] as const)
    const both = direction === 'bidirectional'
    return {
      type: 'recurrent',
      cell,
      units: this.pick([1, 1, 2, 3]),
      direction,
      returnSequences,
      bias: this.pick([true, false, 'single']),
      ...(cell === 'gru' && { reset: this.pick(['before', 'after'] as const) }),
      ...this.functions(cell),
      ...(both && { merge: this.pick(['concat', 'sum', 'average', 'multiply'] as const) }),
      ...(both && this.pick([true, false]) && { backward: this.functions(cell) }),
    }
  }

  layers(): LayerOptions[] {
    const input: LayerOptions = this.pick([
      { type: 'features', width: 1 },
      { type: 'features', width: 2 },
      { type: 'embedding', vocabulary: 5, size: 1 },
      { type: 'embedding', vocabulary: 5, size: 3 },
      { type: 'oneHot', vocabulary: 4 },
    ] as const)
    const below = this.pick([0, 1]) ? [this.recurrent(true)] : []
    const last = this.pick(['last', 'steps', 'pool', 'flatten'] as const)
    const above: LayerOptions[] =
      last === 'pool'
        ? [{ type: 'pool', pooling: this.pick(['last', 'first', 'max', 'mean', 'sum'] as const) }]
        : last === 'flatten'
          ? [{ type: 'flatten', steps: 3 }]
          : []
    const head: LayerOptions[] = this.pick([0, 1, 1]) ? [{ type: 'dense', units: this.pick([1, 2, 3]) }] : []
    return [input, ...below, this.recurrent(last !== 'last'), ...above, ...head]
  }
}

async function check(layers: LayerOptions[], seed: number): Promise<void> {
  const network = drawn({ layers }, seed)
  const bytes = await bytesOf(sourceOf(network))
  const flat = layers.some(({ type }) => type === 'flatten')
  const ragged = raggedFor(network, flat ? [3, 3] : [4, 1, 3])
  const expected = answered(network, ragged)
  const read = await readModel(filesInMemory('m.onnx', bytes, new Map()))
  const again = buildNetwork(read.network, allLayers, { weights: ({ name }) => read.weights.get(name)! })
  expect(greatestDifference(answered(again, ragged), expected)).toBeLessThan(1e-5)
  if (!ort) return
  const session = await ort.InferenceSession.create(bytes, { logSeverityLevel: 3 })
  const size = [ragged.lengths.length, ragged.steps]
  const [first] = layers
  const input =
    first.type === 'features'
      ? { features: new ort.Tensor('float32', ragged.values, [...size, first.width]) }
      : { ids: new ort.Tensor('int64', BigInt64Array.from(ragged.values, BigInt), size) }
  const lengths = new ort.Tensor('int32', Int32Array.from(ragged.lengths), [ragged.lengths.length])
  const { logits } = await session.run({ ...input, lengths })
  expect(greatestDifference(logits.data, expected)).toBeLessThan(1e-5)
}

describe(`random networks as ONNX${ort ? ', also in ONNX Runtime' : ''}`, () => {
  it.each(Array.from({ length: 80 }, (_, seed) => seed))('%i', async (seed) => {
    const layers = new Drawer(seed).layers()
    await check(layers, seed).catch((reason: unknown) => {
      throw new Error(JSON.stringify(layers), { cause: reason })
    })
  })
})
