/** A softmax over many words: one place for logits and their gradient, its memory said before work begins. */
import { describe, expect, it } from 'vitest'
import { MemoryError } from '../../src/core/errors.ts'
import { dense } from '../../src/layers/dense.ts'
import { embedding } from '../../src/layers/embedding.ts'
import { lstm } from '../../src/layers/recurrent/factories.ts'
import { internalsOf, network } from '../../src/model/network.ts'
import { PackedBatch } from '../../src/tensors/packedBatch.ts'
import { corpusDataset } from '../../src/training/segments/corpusDataset.ts'
import { fit } from '../../src/training/fit.ts'

const VOCABULARY = 6000
const loss = { type: 'softmaxCrossEntropy' } as const
const make = (vocabulary: number, activation?: 'tanh') =>
  network(
    [embedding({ vocabulary, size: 4 }), lstm(4), dense(vocabulary, activation ? { activation } : {})],
    {
      loss: activation ? { type: 'meanSquaredError' } : loss,
      engine: 'simd',
      threads: 1,
    },
  )
const bytesFor = (rows: number, activation?: 'tanh') => {
  const net = make(VOCABULARY, activation)
  net.prepareTraining()
  const { engine, reserve } = internalsOf(net)
  const before = engine.memory.mark()
  reserve({ sequences: rows / 10, steps: 10, rows, recorded: false, masked: false } as never)
  const used = engine.memory.mark() - before
  net.dispose()
  return used
}

it('the gradient of the logits takes no memory of its own', () => {
  const logits = 160 * VOCABULARY * 4
  expect(bytesFor(320) - bytesFor(160)).toBeLessThan(1.1 * logits)
  // Another loss keeps both, and its targets.
  expect(bytesFor(320, 'tanh') - bytesFor(160, 'tanh')).toBeGreaterThan(2.9 * logits)
})

describe('outputs after a backward pass', () => {
  it('are those of the forward pass, and so are a second loss and a second backward pass', () => {
    const net = make(50)
    net.prepareTraining()
    const batch = PackedBatch.ofIds([
      [1, 2, 3],
      [4, 49],
    ])
    const targets = {
      stepClasses: [
        [2, 3, -1],
        [49, 0],
      ],
    }
    const pass = { training: true, record: false, key: 1 }
    net.forward(batch, pass)
    const before = net.readOutput(batch)
    const first = net.backward(batch, targets, pass)
    const gradients = net.parameters.map(({ name }) => net.readParameter(name, 'gradients'))
    expect(net.readOutput(batch)).toEqual(before)
    expect(net.loss(batch, targets)).toEqual(first)
    net.zeroGradients()
    expect(net.backward(batch, targets, pass)).toEqual(first)
    net.zeroGradients()
    expect(net.backward(batch, targets, pass)).toEqual(first)
    expect(net.parameters.map(({ name }) => net.readParameter(name, 'gradients'))).toEqual(gradients)
  })
})

it('50,000 words train, and a batch that cannot fit is refused before any work', async () => {
  const net = make(50_000)
  const ids = Array.from({ length: 400 }, (_, i) => (i * 997) % 50_000)
  const report = await fit(net, { train: corpusDataset({ ids, batchSize: 4, steps: 10 }), epochs: 1 })
  expect(report.history[0].trainLoss).toBeGreaterThan(10)
  const many = Array.from({ length: 60_000 }, (_, i) => i % 50_000)
  const train = corpusDataset({ ids: many, batchSize: 500, steps: 100 })
  const error = await fit(net, { train, epochs: 1 }).catch((reason: unknown) => reason)
  expect(error).toBeInstanceOf(MemoryError)
  expect(String(error)).toMatch(/a batch of 500 sequences of up to 100 steps.*dense output.*(GiB|MiB)/s)
  net.dispose()
})
