/** Networks as a reader would give them, made by hand: small, asymmetric, with known weights. */
import type { ImportedModel } from '../../../src/formats/imported.ts'
import type { NetworkConfig } from '../../../src/model/config.ts'
import { configuredNetwork } from '../../networks.ts'
import { Random } from '../../../src/core/random.ts'
/** An imported model of these layers with drawn weights. */
export function imported(network: NetworkConfig, more: Partial<ImportedModel> = {}): ImportedModel {
  const random = new Random(7, 'fixture', JSON.stringify(network))
  const weights = new Map<string, Float32Array>()
  const shapes = configuredNetwork(network, { engine: 'reference' })
  for (const { name, size } of shapes.parameters) {
    weights.set(
      name,
      Float32Array.from({ length: size }, () => random.normal() * 0.4),
    )
  }
  const [first] = network.layers
  const input =
    first.type === 'features'
      ? ({ kind: 'features', width: first.width, steps: null } as const)
      : ({ kind: 'ids', width: (first as { vocabulary: number }).vocabulary, steps: null } as const)
  return {
    format: 'keras',
    producer: 'Keras 2.10.0',
    network,
    weights,
    outputActivation: 'linear',
    input,
    labels: null,
    vocabulary: null,
    tokens: null,
    layers: [],
    warnings: ['gates i f c o, as Latch has them'],
    omitted: [],
    stateful: false,
    document: null,
    ...more,
  }
}

const letters = ['', 'a', 'b', 'c', 'd', ' ']

/** Says the next letter of a text. */
export const nextLetter = () =>
  imported(
    {
      layers: [
        { type: 'embedding', vocabulary: 6, size: 4 },
        { type: 'recurrent', cell: 'lstm', units: 5, returnSequences: false },
        { type: 'dense', units: 6 },
      ],
    },
    { outputActivation: 'softmax', vocabulary: letters, tokens: 'chars' },
  )

/** A number of three features a step. */
export const oneNumber = () =>
  imported({
    layers: [
      { type: 'features', width: 3 },
      { type: 'recurrent', cell: 'gru', units: 4, returnSequences: false },
      { type: 'dense', units: 1 },
    ],
  })

/** Three classes by name of three features a step. */
export const threeClasses = () =>
  imported(
    {
      layers: [
        { type: 'features', width: 3 },
        { type: 'recurrent', cell: 'lstm', units: 4, direction: 'bidirectional', returnSequences: false },
        { type: 'dense', units: 3 },
      ],
    },
    { outputActivation: 'softmax', labels: ['low', 'middle', 'high'] },
  )

/** A class at every step of ids. */
export const everyStep = () =>
  imported(
    {
      layers: [
        { type: 'oneHot', vocabulary: 5 },
        { type: 'recurrent', cell: 'rnn', units: 4 },
        { type: 'dense', units: 3 },
      ],
    },
    { outputActivation: 'logSoftmax' },
  )

/** Two numbers at every step of features. */
export const numbersEveryStep = () =>
  imported({
    layers: [
      { type: 'features', width: 2 },
      { type: 'recurrent', cell: 'gru', units: 3, reset: 'before' },
      { type: 'dense', units: 2 },
    ],
  })
