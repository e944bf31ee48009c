/** A multi-label classifier passes the contract of every model. */
import { multiLabelClassifier } from '../../../src/tasks/multiLabelClassifier/multiLabelClassifier.ts'
import { describeModelContract, type ModelCase } from '../modelContract.ts'
import { COLUMNS, complaints, LABELS, TINY } from './multiLabelHelpers.ts'

const EXACT = { engine: 'simd', threads: 1 } as const

describeModelContract('multi-label classifier', async (): Promise<ModelCase<string, string>> => {
  const model = multiLabelClassifier({ ...TINY, ...EXACT })
  const rows = complaints(32, 2)
  await model.fit(rows, { ...COLUMNS, epochs: 1, batchSize: 8, seed: 1, validation: 0.25, patience: null })
  return {
    model: model as never,
    inputs: ['the hotel was rude', 'late and loud today again', 'fine today again'],
    steps: (text) => text.split(' '),
    examples: rows,
    options: COLUMNS,
    truth: (i) => ({
      input: rows[i].text,
      target: LABELS.map((label) => Number(rows[i].labels.includes(label))),
    }),
    formats: ['onnx', 'torch', 'keras', 'tfjs'],
  }
})
