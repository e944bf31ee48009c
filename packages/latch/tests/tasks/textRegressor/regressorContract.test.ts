/** A text regressor passes the contract of every model. */
import { textRegressor } from '../../../src/tasks/textRegressor/textRegressor.ts'
import { describeModelContract, type ModelCase } from '../modelContract.ts'
import { COLUMNS, ratings, TINY } from './regressorHelpers.ts'

const EXACT = { engine: 'simd', threads: 1 } as const

describeModelContract('text regressor', async (): Promise<ModelCase<string, string>> => {
  const model = textRegressor({ ...TINY, ...EXACT })
  const rows = ratings(32)
  await model.fit(rows, { ...COLUMNS, epochs: 1, batchSize: 8, seed: 1, validation: 0.25, patience: null })
  return {
    model: model as never,
    inputs: ['the hotel was bad', 'great and good today again', 'awful today again'],
    steps: (text) => text.split(' '),
    examples: rows,
    options: COLUMNS,
    truth: (i) => ({ input: rows[i].text, target: rows[i].stars }),
    baseline: 9.07333094975861,
    lossUnit: model.scaling.deviation ** 2,
    formats: ['onnx', 'torch', 'keras', 'tfjs'],
  }
})
