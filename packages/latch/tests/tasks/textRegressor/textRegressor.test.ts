/** A text regressor: rows, scaling, losses, metrics, traces, files, threads and refusals. */
import { describe, expect, it } from 'vitest'
import { DataError, FormatError } from '../../../src/core/errors.ts'
import { openModelFile } from '../../../src/tasks/files/openModel.ts'
import type { RegressorOptions } from '../../../src/tasks/textRegressor/options.ts'
import { textRegressor, TextRegressor } from '../../../src/tasks/textRegressor/textRegressor.ts'
import { hex, thrown } from '../textClassifier/classifierHelpers.ts'
import { COLUMNS, ratings, TINY } from './regressorHelpers.ts'

const QUICK = {
  ...COLUMNS,
  epochs: 50,
  batchSize: 8,
  learningRate: 0.02,
  ema: null,
  validation: 0.25,
  seed: 1,
}
const ROWS = ratings(96)

async function trained(options: RegressorOptions = {}, rows: readonly object[] = ROWS, fit: object = {}) {
  const model = textRegressor({ ...TINY, ...options })
  const report = await model.fit(rows, { ...QUICK, ...fit } as never)
  return { model, report }
}

describe('textRegressor', () => {
  it.each(['meanSquaredError', 'huber'] as const)(
    'learns numbers in the units of the data: %s',
    async (loss) => {
      const { model } = await trained({ loss })
      expect(model.network.config.loss!.type).toBe(loss)
      expect(model.predict('the hotel was great').value).toBeGreaterThan(110)
      const { value, output, label } = model.predict('the hotel was awful')
      expect(value).toBeLessThan(90)
      expect(output).toEqual([value])
      expect(label).toBeNull()
      expect(model.labels).toEqual(['stars'])
      const rows = ratings(40, 9)
      const result = await model.evaluate(rows, COLUMNS)
      const errors = rows.map(({ text, stars }) => model.predict(text).value - stars)
      const mean = rows.reduce((sum, { stars }) => sum + stars, 0) / rows.length
      const squares = errors.reduce((sum, error) => sum + error * error, 0)
      const distances = rows.reduce((sum, { stars }) => sum + (stars - mean) ** 2, 0)
      expect(result.rSquared).toBeCloseTo(1 - squares / distances, 6)
      expect(result.rSquared).toBeGreaterThan(0.7)
      expect(result.rootMeanSquaredError).toBeCloseTo(Math.sqrt(squares / rows.length), 4)
    },
  )

  it('standardises by the training rows alone, and undoes it', async () => {
    const { model, report } = await trained({}, ROWS, { epochs: 1 })
    const used = report.split.train.map((i) => ROWS[i].stars)
    const mean = used.reduce((sum, x) => sum + x, 0) / used.length
    const deviation = Math.sqrt(used.reduce((sum, x) => sum + (x - mean) ** 2, 0) / used.length)
    expect(model.scaling.mean).toBeCloseTo(mean, 10)
    expect(model.scaling.deviation).toBeCloseTo(deviation, 10)
    const batch = model.pack(['the hotel was good'])
    model.network.forward(batch)
    const [inside] = model.network.readOutput(batch)
    expect(model.predict('the hotel was good').value).toBe(
      inside * model.scaling.deviation + model.scaling.mean,
    )
  })

  it('traces in the units of the targets', async () => {
    const { model } = await trained({}, ROWS, { epochs: 2 })
    const trace = model.trace('the hotel was good')
    expect(trace.probabilities.stars).toBe(model.predict('the hotel was good').value)
    expect(trace.steps[1].output.probabilities.stars).toBe(model.predict('the hotel').value)
  })

  it('compares with ridge regression and with the mean', async () => {
    const { model, report } = await trained({}, ROWS, { epochs: 1 })
    const pick = (numbers: number[]) => numbers.map((i) => ROWS[i])
    const baseline = await model.baseline(pick(report.split.train), COLUMNS)
    const held = pick(report.split.validation)
    const { metric, value, meanOnly, n } = baseline.evaluate(held)
    expect([metric, n]).toEqual(['meanAbsoluteError', held.length])
    expect(value).toBeLessThan(meanOnly! / 1.5)
  })

  it('gives the same bits on 1, 2 and 3 threads, and after a checkpoint', async () => {
    const checkpoint: Uint8Array[] = []
    const write = (bytes: Uint8Array) => void checkpoint.push(bytes.slice())
    const bytes = await Promise.all(
      [1, 2, 3].map(async (threads) => {
        const fit = { epochs: 2, checkpoint: { everySteps: 5, write } }
        return hex((await trained({ engine: 'simd', threads, loss: 'huber' }, ROWS, fit)).model.toBytes())
      }),
    )
    expect(new Set(bytes).size).toBe(1)
    const { model, fitOptions } = await TextRegressor.fromCheckpoint(checkpoint[0])
    await model.fit(ROWS, { ...fitOptions, resume: checkpoint[0] } as never)
    expect(hex(model.toBytes())).toBe(bytes[0])
  })

  it('comes back from its file with loss and scaling, and continues with them', async () => {
    const { model } = await trained({ loss: 'huber' }, ROWS, { epochs: 1 })
    const again = TextRegressor.fromBytes(model.toBytes())
    expect(again.settings).toEqual(model.settings)
    expect(again.scaling).toEqual(model.scaling)
    expect(openModelFile(model.toBytes())).toBeInstanceOf(TextRegressor)
    await again.fit(ratings(40, 5), { ...QUICK, epochs: 1 } as never)
    expect(again.scaling).toEqual(model.scaling)
    const more = ROWS.map((row) => ({ ...row, text: `${row.text} curtains` }))
    await again.fit(more, { ...QUICK, epochs: 1, extendVocabulary: true } as never)
    expect(again.vocabulary.size).toBe(model.vocabulary.size + 1)
  })

  it('reads numbers that are texts, and any size of number', async () => {
    const text = ROWS.map((row) => ({ ...row, stars: `${row.stars}` }))
    const [a, b] = [await trained({}, ROWS, { epochs: 1 }), await trained({}, text, { epochs: 1 })]
    expect(hex(a.model.toBytes())).toBe(hex(b.model.toBytes()))
    const large = ROWS.map((row) => ({ ...row, stars: 1e12 + row.stars * 1e6 }))
    const { model } = await trained({}, large, { epochs: 1 })
    expect(model.predict('the hotel was good').value).toBeGreaterThan(1e12)
  })

  it('refuses what it cannot learn from, by name', async () => {
    const fit = (rows: object[], more = {}) => thrown(() => trained({}, rows, more))
    const words = await fit([
      { text: 'a', stars: 1 },
      { text: 'b', stars: 'two' },
    ])
    expect(words).toBeInstanceOf(DataError)
    expect(words.message).toMatch(/^row 1, target: expected a finite number, got "two"/)
    expect(
      (
        await fit([
          { text: 'a', stars: 4 },
          { text: 'b', stars: 4 },
        ])
      ).message,
    ).toMatch(/targets: expected at least two different numbers, got only 4/)
    expect((await fit(ROWS, { labelSmoothing: 0.1 })).message).toMatch(/fit option labelSmoothing/)
    expect((await fit(ROWS, { classWeights: 'balanced' })).message).toMatch(/fit option classWeights/)
    expect(() => textRegressor({ counts: true } as never)).toThrow(
      /option counts: expected no value for a number/,
    )
    expect(() => textRegressor({ loss: 'squared' as never })).toThrow(
      /option loss: expected one of meanSquaredError, huber/,
    )
    expect(() => textRegressor({ labels: ['a', 'b'] } as never)).toThrow(/option labels/)
    const { model } = await trained({}, ROWS, { epochs: 1 })
    expect(() => model.predict('good', { top: 1 })).toThrow(/a model of labels/)
    const bytes = Buffer.from(model.toBytes())
      .toString('latin1')
      .replace(/\\"deviation\\":[^}]/, '\\"deviation\\":-')
    expect(() => TextRegressor.fromBytes(Buffer.from(bytes, 'latin1'))).toThrow(FormatError)
  })
})
