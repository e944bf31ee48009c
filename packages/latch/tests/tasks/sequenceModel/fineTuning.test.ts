/** Imported models learn on: per-step classes, masked steps, one number of many steps, and the real files. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { importFile } from '../../../src/formatsNode.ts'
import { SequenceModel, type SequenceRow } from '../../../src/formats.ts'
import { Random } from '../../../src/core/random.ts'
import { everyStep, imported, oneNumber } from './sequenceFixtures.ts'

const models = join(
  import.meta.dirname,
  '..',
  '..',
  '..',
  '..',
  '..',
  '..',
  'shared',
  'conformance',
  'models',
)
const ENGINE = { reproducible: true, threads: 1 } as const

/** Mean loss of the first epoch and of the last. */
async function lossesOf(
  model: SequenceModel,
  rows: SequenceRow[],
  epochs: number,
): Promise<[number, number]> {
  const { history } = await model.fit(rows, { epochs, learningRate: 0.02, batchSize: 8, seed: 1 })
  return [history[0].trainLoss, history[history.length - 1].trainLoss]
}

const random = (seed: number) => new Random(seed, 'fine tuning')

test('classes of every step: whether the id before was larger', async () => {
  const model = SequenceModel.fromImported(everyStep(), ENGINE)
  const draw = random(1)
  const rows = Array.from({ length: 64 }, () => {
    const input = Array.from({ length: 4 + draw.integer(5) }, () => draw.integer(5))
    return { input, target: input.map((id, t) => (t === 0 ? 0 : id > input[t - 1] ? 1 : 2)) }
  })
  const [first, last] = await lossesOf(model, rows, 40)
  expect(last).toBeLessThan(first / 4)
  const { steps } = model.predict(rows[0].input)
  const said = steps!.map((row) => row.indexOf(Math.max(...row)))
  const right = said.filter((label, t) => label === rows[0].target[t]).length
  expect(right / said.length).toBeGreaterThan(0.7)
})

test('masked steps do not count: padding anywhere changes nothing that is learned', async () => {
  const masked = () =>
    SequenceModel.fromImported(
      imported(
        {
          layers: [
            { type: 'embedding', vocabulary: 6, size: 4, maskZero: true },
            { type: 'recurrent', cell: 'gru', units: 6, returnSequences: true },
            { type: 'pool', pooling: 'mean' },
            { type: 'dense', units: 2 },
          ],
        },
        { outputActivation: 'softmax', labels: ['more ones', 'more twos'] },
      ),
      ENGINE,
    )
  const draw = random(2)
  const rows = Array.from({ length: 48 }, () => {
    const input = Array.from({ length: 5 }, () => 1 + draw.integer(2))
    return { input, target: input.filter((id) => id === 1).length > 2 ? 0 : 1 }
  })
  const padded = rows.map(({ input, target }) => ({
    input: [0, ...input.slice(0, 2), 0, 0, ...input.slice(2)],
    target,
  }))
  const [bare, withPadding] = [masked(), masked()]
  const [first, last] = await lossesOf(bare, rows, 25)
  expect(last).toBeLessThan(first / 4)
  const [, other] = await lossesOf(withPadding, padded, 25)
  expect(other).toBeCloseTo(last, 3)
  expect(withPadding.predict(padded[0].input).label).toBe(bare.predict(rows[0].input).label)
})

test('numbers at masked steps do not count in an evaluation', async () => {
  const model = SequenceModel.fromImported(
    imported({
      layers: [
        { type: 'embedding', vocabulary: 4, size: 3, maskZero: true },
        { type: 'recurrent', cell: 'gru', units: 3 },
        { type: 'dense', units: 1 },
      ],
    }),
    ENGINE,
  )
  const inputs = [
    [0, 1, 2],
    [1, 0, 3, 1],
  ]
  const rows = inputs.map((input) => ({ input, target: input.map((id) => (id === 0 ? 1e6 : id)) }))
  const errors = rows.flatMap(({ input, target }) => {
    const { steps } = model.predict(input)
    return input.flatMap((id, t) => (id === 0 ? [] : [Math.abs(steps![t][0] - target[t])]))
  })
  const found = await model.evaluate(rows)
  expect(errors).toHaveLength(5)
  expect(found).toMatchObject({ kind: 'values', n: 5 })
  const mean = errors.reduce((sum, error) => sum + error, 0) / 5
  expect('meanAbsoluteError' in found && found.meanAbsoluteError).toBeCloseTo(mean, 6)
  expect(found.loss).toBeCloseTo(errors.reduce((sum, error) => sum + error * error, 0) / 5, 5)
})

test('a number of features: the sum of a column', async () => {
  const model = SequenceModel.fromImported(oneNumber(), ENGINE)
  const draw = random(3)
  const rows = Array.from({ length: 64 }, () => {
    const input = Array.from({ length: 4 }, () => [draw.between(-0.3, 0.3), draw.between(-1, 1), 1])
    return { input, target: input.reduce((sum, [x]) => sum + x, 0) }
  })
  const [first, last] = await lossesOf(model, rows, 60)
  expect(last).toBeLessThan(first / 5)
})

describe.skipIf(!existsSync(models))('the real files', () => {
  test('Keras, stacked GRU of numbers; TensorFlow 1, letters at every step', async () => {
    const gru = (await importFile(join(models, 'keras210_qoe/model_gru.h5'), {
      engine: ENGINE,
    })) as SequenceModel
    const draw = random(4)
    const series = Array.from({ length: 8 }, () => {
      const input = Array.from({ length: 24 }, () => Array.from({ length: 36 }, () => draw.between(0, 1)))
      return { input, target: draw.between(0, 1) }
    })
    const { history } = await gru.fit(series, { epochs: 6, learningRate: 0.003, batchSize: 4, seed: 1 })
    expect(history[5].trainLoss).toBeLessThan(history[0].trainLoss)

    const letters = (await importFile(join(models, 'ml5_charrnn_shakespeare'), {
      engine: ENGINE,
    })) as SequenceModel
    const text = 'to be latched or not to be latched'
    const target = text.slice(1).split('')
    const { history: learned } = await letters.fit([{ input: text.slice(0, -1), target }], {
      epochs: 15,
      learningRate: 0.005,
      seed: 1,
    })
    expect(learned[14].trainLoss).toBeLessThan(learned[0].trainLoss / 2)
    expect(letters.predict('to be latche').label).toBe('d')
  })
})
