/**
 * The defaults on real text: mean test accuracy of several seeds, naive Bayes printed beside it.
 * The same defaults as `latch train DATA --cell …`: nothing but the cell and the seed is set.
 */
import { describe, expect, it } from 'vitest'
import { naiveBayes, textClassifier } from '../../packages/latch/src/node.ts'
import { print } from './log.ts'
import { dataIsHere, datasets, type RealData } from './realData.ts'

const columns = { text: 'text', label: 'label' } as const

describe.skipIf(!dataIsHere)('defaults on real data', () => {
  for (const [name, { threshold, seeds, read }] of Object.entries(datasets)) {
    it.each(['lstm', 'gru'] as const)(`${name}: %s reaches ${threshold}`, async (cell) => {
      const data = read()
      const accuracies = []
      for (let seed = 1; seed <= seeds; seed++) accuracies.push(await accuracyOf(cell, data, seed))
      const mean = accuracies.reduce((a, b) => a + b, 0) / accuracies.length
      const baselines = ([1, 2] as const).map((ngrams) =>
        naiveBayes(data.train, { ...columns, ngrams })
          .evaluate(data.test)
          .accuracy.toFixed(4),
      )
      const each = accuracies.map((a) => a.toFixed(4)).join(' ')
      print(
        `${name}  ${cell}  mean ${mean.toFixed(4)} (${each})  naive Bayes words ${baselines[0]}, with pairs ${baselines[1]}`,
      )
      expect(mean).toBeGreaterThanOrEqual(threshold)
    })
  }
})

async function accuracyOf(cell: 'lstm' | 'gru', { train, test }: RealData, seed: number): Promise<number> {
  // The build whose bits are the same everywhere: no processor decides whether a threshold holds.
  const model = textClassifier({ cell, reproducible: true })
  await model.fit(train, { ...columns, seed })
  return (await model.evaluate(test, columns)).accuracy
}
