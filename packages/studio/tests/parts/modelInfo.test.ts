/** What the page shows about a model, and which models it does not show. */
import { expect, test } from 'vitest'
import { textClassifier, textPairClassifier } from '../../../latch/src/node.ts'
import { UnsupportedError } from '../../../latch/src/core/errors.ts'
import { modelInfo } from '../../src/worker/modelInfo.ts'

const TINY = { units: 4, embedding: 4, minimumCount: 1 } as const
const once = { epochs: 1, validation: 0 } as const

test('a model of one text is shown, one of pairs of texts is refused by its name', async () => {
  const one = textClassifier(TINY)
  const rows = [
    { text: 'yes', label: 'good' },
    { text: 'no', label: 'bad' },
  ]
  await one.fit(rows, { ...once, text: 'text', label: 'label' })
  expect(modelInfo(one as never, 'one')).toMatchObject({ name: 'one', reads: 'text', vocabularySize: 3 })

  const pairs = textPairClassifier(TINY)
  await pairs.fit(
    rows.map(({ text, label }) => ({ a: text, b: text, label })),
    once,
  )
  expect(() => modelInfo(pairs as never, 'm.safetensors')).toThrow(UnsupportedError)
  expect(() => modelInfo(pairs as never, 'm.safetensors')).toThrow(
    'm.safetensors: expected a model of one sequence, got a classifier of pairs of texts. Use it on the command line',
  )
})
