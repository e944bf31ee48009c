/** A classifier of pairs of texts passes the contract of every model. */
import { naiveBayes } from '../../../src/tasks/baselines/naiveBayes.ts'
import { textPairClassifier } from '../../../src/tasks/textPairClassifier/textPairClassifier.ts'
import type { TextPair } from '../../../src/tasks/textPairClassifier/learned.ts'
import { describeModelContract, type ModelCase } from '../modelContract.ts'
import { TINY, sameNumber } from './pairHelpers.ts'

const EXACT = { engine: 'simd', threads: 1 } as const

for (const [name, options] of [
  ['a gru', { cell: 'gru' }],
  ['three labels, two layers both ways and a pooling', { layers: 2, bidirectional: true, pooling: 'max' }],
  ['symmetric features of bags of words', { cell: 'bag', combine: 'symmetric' }],
] as const) {
  describeModelContract(`pairs of texts, ${name}`, async (): Promise<ModelCase<TextPair, string>> => {
    const model = textPairClassifier({ ...TINY, ...EXACT, ...options })
    const isWide = 'layers' in options
    const rows = sameNumber(32).map((row, i) => (isWide && i % 4 === 0 ? { ...row, label: 'other' } : row))
    const joined = rows.map(({ a, b, label }) => ({ text: `${a} ${b}`, label }))
    await model.fit(rows, { epochs: 1, batchSize: 8, seed: 1, validation: 0.25, patience: null })
    return {
      model: model as never,
      inputs: [
        { a: 'I have one apples', b: 'there are 2 apples' },
        { a: 'we counted seven', b: 'I have 7 apples on the table today' },
        { a: '3', b: 'three lie' },
      ],
      steps: null,
      examples: rows,
      options: {},
      truth: (i) => ({ input: rows[i], target: model.labels.indexOf(rows[i].label as never) }),
      baseline: naiveBayes(joined, { text: 'text', label: 'label' }).evaluate(joined).accuracy,
      isPair: true,
      formats: [],
    }
  })
}
