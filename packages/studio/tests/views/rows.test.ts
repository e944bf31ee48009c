/** The title of the unrolled network's input: the layers that make it, by name; every type of layer has one. */
import {
  allLayers,
  batchNorm,
  conv1d,
  dropout,
  embedding,
  features,
  gru,
  network,
  oneHot,
  permute,
  reshape,
} from 'latch'
import { expect, test } from 'vitest'
import { LAYER_NAMES } from '../../src/parts/layerNames.ts'
import { inputTitle } from '../../src/views/unrolled/rows.ts'

test.each([
  ['x, one-hot', [oneHot({ vocabulary: 4 }), gru(2)]],
  ['x, embedding', [embedding({ vocabulary: 4, size: 3 }), dropout(0.1), gru(2)]],
  ['x', [features(3), gru(2), batchNorm()]],
  ['x, permute → reshape', [features(3), permute(4), reshape(6, 2), gru(2)]],
  [
    'x, batch norm → convolution → convolution',
    [
      features(3),
      batchNorm(),
      conv1d({ filters: 4, kernelSize: 3, padding: 'same' }),
      conv1d({ filters: 2, kernelSize: 1 }),
      gru(2),
      gru(2),
    ],
  ],
])('%s', (title, layers) => {
  const { config } = network(layers)
  expect(inputTitle({ layers: config.layers.map(({ type }) => type) })).toBe(title)
})

test('every type of layer has a name', () => {
  const types = allLayers.map(({ type }) => type)
  expect(Object.keys(LAYER_NAMES).toSorted()).toEqual(types.toSorted())
})
