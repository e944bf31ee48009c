/** Outputs of prefixes are those of the prefixes themselves, whichever layers of the network read ahead. */
import { expect, it } from 'vitest'
import { dense, features, lstm, network, PackedBatch, reverse, rnn, type LayerSpec } from '../../src/index.ts'
import { prefixOutputs } from '../../src/inspection.ts'

const below: [string, LayerSpec[]][] = [
  ['nothing', []],
  ['a bidirectional layer', [rnn(3, { direction: 'bidirectional' })]],
  ['a reverse layer', [reverse()]],
  ['a bidirectional layer with a projection', [lstm(4, { projectionSize: 2, direction: 'bidirectional' })]],
]

it.each(below)('%s below the last recurrent layer', (_, layers) => {
  const net = network([features(1), ...layers, rnn(3, { returnSequences: false }), dense(2)], {
    reproducible: true,
    threads: 1,
  })
  const values = [0.5, -0.25, 0.75, 0.1]
  const batchOf = (steps: number) => PackedBatch.ofFeatures(values.slice(0, steps), [1, steps, 1])
  const wanted = values.map((_value, t) => {
    const batch = batchOf(t + 1)
    net.forward(batch)
    return [...net.readOutput(batch)]
  })
  expect(prefixOutputs(net, batchOf(4)).map((row) => [...row])).toEqual(wanted)
})
