/** The summary of a network: as data, and as the table that it prints. */
import { expect, it } from 'vitest'
import { dense, embedding, gru, lstm, network } from '../../src/index.ts'

it('lists layers with output shapes and parameters, and prints them as a table', () => {
  const net = network([
    embedding({ vocabulary: 5000, size: 16 }),
    gru(96),
    lstm(4, { returnSequences: false }),
    dense(2),
  ])
  const summary = net.summary()
  expect(summary.layers).toEqual([
    { name: 'embedding.0', type: 'embedding', outputShape: ['batch', 'timesteps', 16], parameters: 80_000 },
    { name: 'recurrent.0', type: 'gru', outputShape: ['batch', 'timesteps', 96], parameters: 32_832 },
    { name: 'recurrent.1', type: 'lstm', outputShape: ['batch', 4], parameters: 1632 },
    { name: 'dense.0', type: 'dense', outputShape: ['batch', 2], parameters: 10 },
  ])
  expect(summary.parameters).toBe(net.parameterCount)
  expect(
    String(summary)
      .split('\n')
      .map((line) => line.trimEnd()),
  ).toEqual([
    'Layer (type)             Output shape            Parameters',
    '─'.repeat(59),
    'embedding.0 (embedding)  (batch, timesteps, 16)      80,000',
    'recurrent.0 (gru)        (batch, timesteps, 96)      32,832',
    'recurrent.1 (lstm)       (batch, 4)                   1,632',
    'dense.0 (dense)          (batch, 2)                      10',
    '─'.repeat(59),
    'Total parameters: 114,474',
  ])
})
