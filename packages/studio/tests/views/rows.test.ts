/** The title of the unrolled network's input: the layers that make it, by name. */
import { batchNorm, conv1d, embedding, features, gru, network, oneHot } from 'latch'
import { expect, test } from 'vitest'
import { inputTitle } from '../../src/views/unrolled/rows.ts'

test.each([
  ['x, one-hot', [oneHot({ vocabulary: 4 }), gru(2)], 0],
  ['x, embedding', [embedding({ vocabulary: 4, size: 3 }), gru(2)], 3],
  ['x', [features(3), gru(2), batchNorm()], 3],
  [
    'x, batchNorm → conv1d → conv1d',
    [
      features(3),
      batchNorm(),
      conv1d({ filters: 4, kernelSize: 3, padding: 'same' }),
      conv1d({ filters: 2, kernelSize: 1 }),
      gru(2),
      gru(2),
    ],
    2,
  ],
])('%s', (title, layers, width) => {
  const { parameters } = network(layers)
  expect(inputTitle({ shapes: [...parameters] }, width)).toBe(title)
})
