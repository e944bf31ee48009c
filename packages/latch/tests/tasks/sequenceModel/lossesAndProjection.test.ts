/** Sequence models with smooth L1 and a projected LSTM: trained, saved, opened; losses that do not fit are errors. */
import { describe, expect, it } from 'vitest'
import { UsageError } from '../../../src/core/errors.ts'
import { lstm } from '../../../src/layers/recurrent/factories.ts'
import { sequenceModel } from '../../../src/tasks/sequenceModel/build.ts'
import { SequenceModel } from '../../../src/tasks/sequenceModel/sequenceModel.ts'
import type { OptimizerOptions } from '../../../src/training/optimizer.ts'

const rows = Array.from({ length: 40 }, (_, i) => {
  const [a, b] = [Math.sin(i), Math.cos(1.7 * i)]
  return {
    input: [
      [a, 1],
      [b, 0],
      [0.2, 0],
    ],
    target: [0.5 * a - 0.3 * b],
  }
})
const build = (optimizer: OptimizerOptions['type'] | OptimizerOptions = 'adamw') => {
  const model = sequenceModel({
    input: { features: 2 },
    layers: [lstm(8, { projectionSize: 4 })],
    output: { values: 1 },
    loss: { type: 'smoothL1', beta: 0.25 },
    engine: 'simd',
  })
  return {
    model,
    fit: (epochs: number) => model.fit(rows, { optimizer, epochs, validation: 0, batchSize: 8 }),
  }
}

describe('smooth L1 over a projection', () => {
  it('learns, and is the same model once saved', async () => {
    const { model, fit } = build()
    const { history } = await fit(60)
    expect(history.at(-1)!.trainLoss).toBeLessThan(history[0].trainLoss / 4)
    const opened = SequenceModel.fromBytes(model.toBytes(), 'bytes', { engine: 'simd' })
    expect(opened.network.config).toEqual(model.network.config)
    const answer = (from: SequenceModel) => from.predict(rows[3].input)
    expect(answer(opened)).toEqual(answer(model as never))
  })

  it.each(['adadelta', 'lion'] as const)('%s takes its own default rate', async (type) => {
    const { fit } = build(type)
    const { history } = await fit(1)
    expect(history[0].learningRate).toBe(type === 'lion' ? 0.0001 : 1)
  })

  it('CTC, whose outputs are no values, is an error', () => {
    const wrong = () =>
      sequenceModel({ input: { features: 2 }, layers: [lstm(4)], output: { values: 3 }, loss: 'ctc' })
    expect(wrong).toThrow(UsageError)
    expect(wrong).toThrow(/option loss: expected a regression loss, got "?ctc/)
  })
})
