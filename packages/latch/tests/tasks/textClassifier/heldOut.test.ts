/** The report of `fit` says which rows were trained on and which were held out: the split need not be derived again. */
import { describe, expect, it } from 'vitest'
import { textClassifier } from '../../../src/tasks/textClassifier/textClassifier.ts'
import type { ClassifierFitOptions } from '../../../src/tasks/textClassifier/learned.ts'

const COLUMNS = { text: 'text', label: 'label' } as const

/** Each row has a word of its own, so that the vocabulary shows which rows were trained on. */
const rows = Array.from({ length: 40 }, (_, i) => ({
  text: i % 9 === 4 ? ' ' : `word${i}`,
  label: i % 11 === 5 ? '' : i % 3 ? 'many' : 'few',
}))
const usable = rows.flatMap(({ text, label }, i) => (text.trim() && label ? [i] : []))

async function trained(options: Partial<ClassifierFitOptions>) {
  const model = textClassifier({ cell: 'bag', minimumCount: 1, embedding: 2 })
  const report = await model.fit(rows, { ...COLUMNS, epochs: 1, ...options })
  const known = [...model.vocabulary.tokens]
    .flatMap((token) => /^word(\d+)$/.exec(token)?.[1] ?? [])
    .map(Number)
  model.dispose()
  return { ...report, known: known.sort((a, b) => a - b) }
}

describe('the report’s split', () => {
  const choices: Partial<ClassifierFitOptions>[] = [
    {},
    { validation: 0.4 },
    { seed: 7 },
    { validation: 0.25, seed: 3 },
  ]

  it.each(choices)('names the rows by their numbers among those that were given: %j', async (options) => {
    const { split, known, trainSize, validationSize } = await trained(options)
    expect(split.train).toEqual(known)
    expect([split.train.length, split.validation.length]).toEqual([trainSize, validationSize])
    expect(validationSize).toBeGreaterThan(0)
    expect([...split.train, ...split.validation].sort((a, b) => a - b)).toEqual(usable)
  })

  it.each<Partial<ClassifierFitOptions>>([
    { validation: 0 },
    {
      validation: [
        { text: 'word1', label: 'many' },
        { text: 'word3', label: 'few' },
      ],
    },
  ])('puts none aside where there is no share to take: %j', async (options) => {
    const { split } = await trained(options)
    expect(split).toEqual({ train: usable, validation: [] })
  })

  it('is that of the run that is resumed', async () => {
    const model = textClassifier({ cell: 'bag', minimumCount: 1, embedding: 2 })
    let bytes: Uint8Array | undefined
    const checkpoint = { everySteps: 1, write: (state: Uint8Array) => void (bytes ??= state.slice()) }
    const options = { ...COLUMNS, epochs: 2, validation: 0.3, seed: 5, batchSize: 8 }
    const first = await model.fit(rows, { ...options, checkpoint })
    const again = textClassifier({ cell: 'bag', minimumCount: 1, embedding: 2 })
    const second = await again.fit(rows, { ...options, resume: bytes })
    expect(second.split).toEqual(first.split)
  })
})
