/** Streams: at each step the bits that the whole sequence so far would give, on every engine. */
import { describe, expect, it } from 'vitest'
import type { CellForm } from '../../../src/cells/registry.ts'
import type { LayerOptions } from '../../../src/model/config.ts'
import { PackedBatch } from '../../../src/tensors/packedBatch.ts'
import type { Network } from '../../../src/model/network.ts'
import { Random } from '../../../src/core/random.ts'
import { build, forms, offered } from './streamCase.ts'

const [V, F, T] = [9, 5, 13]
const random = new Random(3, 'steps')
const IDS = Array.from({ length: T }, () => random.integer(V))
const FEATURES = Array.from({ length: T }, () => Array.from({ length: F }, () => random.normal()))

type Input = 'oneHot' | 'embedding' | 'features'
const inputs = {
  oneHot: { type: 'oneHot', vocabulary: V },
  embedding: { type: 'embedding', vocabulary: V, size: 6 },
  features: { type: 'features', width: F },
} as const satisfies { [I in Input]: LayerOptions }

/** What stands above the input, for a cell. Units are none of the panels' multiples, or several panels. */
function stacks(form: CellForm): [string, Input, LayerOptions[]][] {
  const layer = { type: 'recurrent', ...form } as const
  const two = [
    { ...layer, units: 17 },
    { type: 'dropout', rate: 0.5 },
    { ...layer, units: 7, returnSequences: false },
  ] as const
  const dense = { type: 'dense', units: 3 } as const
  return [
    ['features, every', 'features', [{ ...layer, units: 33 }]],
    ['features, last, no bias', 'features', [{ ...layer, units: 7, bias: false, returnSequences: false }]],
    ['one-hot, stacked, dense stack', 'oneHot', [...two, { ...dense, activation: 'tanh' }, dense]],
    [
      'embedding, dense between',
      'embedding',
      [
        { ...dense, activation: 'relu' },
        { ...layer, units: 8 },
        { ...dense, bias: false, activation: 'sigmoid' },
      ],
    ],
    ['embedding, max', 'embedding', [{ ...layer, units: 7 }, { type: 'pool', pooling: 'max' }, dense]],
    ['one-hot, mean', 'oneHot', [{ ...layer, units: 7 }, { type: 'pool', pooling: 'mean' }, dense]],
    [
      'features, pooled last',
      'features',
      [
        { ...layer, units: 7 },
        { type: 'pool', pooling: 'last' },
      ],
    ],
  ]
}

const cases = offered.flatMap(([engine, options]) =>
  forms.flatMap(([form, cell]) =>
    stacks(cell).map(
      ([name, input, layers]) => [`${form}, ${name}, ${engine}`, input, layers, options] as const,
    ),
  ),
)

const batchOf = (input: Input, steps: number) =>
  input === 'features'
    ? PackedBatch.ofFeatures(FEATURES.slice(0, steps).flat(), [1, steps, F])
    : PackedBatch.ofIds([IDS.slice(0, steps)])

/** The network's outputs for every beginning of the sequence. */
function prefixes(net: Network, input: Input): number[][] {
  return IDS.map((_, t) => {
    const batch = batchOf(input, t + 1)
    net.forward(batch)
    return Array.from(net.readOutput(batch).subarray(-net.output.width))
  })
}

const steps = (input: Input): readonly (number | number[])[] => (input === 'features' ? FEATURES : IDS)

describe('a stream gives the bits of the whole sequence', () => {
  it.each(cases)('%s', (_, input, layers, options) => {
    const net = build([inputs[input], ...layers], options)
    const wanted = prefixes(net, input)
    const stream = net.stream()
    const pushed = steps(input).map((step) => [...stream.push(step)])
    expect(pushed).toEqual(wanted)
    expect(stream.steps).toBe(T)
    net.dispose()
  })
})
