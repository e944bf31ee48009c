/** Texts of several columns, joined as the readers of tables join them: `fit`, `evaluate`, `baseline`, checkpoints, languages. */
import { expect, expectTypeOf, test } from 'vitest'
import { languageModel, textClassifier, TextClassifier } from '../../../src/index.ts'
import type { Columns } from '../../../src/tasks/textClassifier/learned.ts'

const rows = Array.from({ length: 24 }, (_, i) => ({
  title: i % 3 === 0 ? '' : ` ${['good', 'bad'][i % 2]} film `,
  description: `${['lovely', 'awful'][i % 2]} story number ${i}`,
  label: ['yes', 'no'][i % 2],
}))
const joined = rows.map(({ title, description, label }) => ({
  text: [title.trim(), description].filter(Boolean).join(' '),
  label,
}))
const options = { cell: 'gru', units: 4, embedding: 4, threads: 1, reproducible: true } as const
const short = { epochs: 1, seed: 3 } as const
const text = ['title', 'description'] as const

test('are those of one column with both', async () => {
  const [several, single] = [textClassifier(options), textClassifier(options)]
  await several.fit(rows, { ...short, text, label: 'label' })
  await single.fit(joined, { ...short, text: 'text', label: 'label' })
  expect(several.vocabulary.tokens).toEqual(single.vocabulary.tokens)
  expect(several.predict('good film').probabilities).toEqual(single.predict('good film').probabilities)
  expect(several.summary().textColumn).toBe('title,description')
  const [a, b] = [
    await several.evaluate(rows, { text, label: 'label' }),
    await single.evaluate(joined, { text: 'text', label: 'label' }),
  ]
  expect(a.loss).toBe(b.loss)
  const baseline = await several.baseline(rows, { text, label: 'label' })
  expect(baseline.evaluate(joined.map((row) => ({ ...row, title: row.text, description: '' }))).n).toBe(24)
})

test('in a checkpoint, which goes on', async () => {
  let saved: Uint8Array | undefined
  const model = textClassifier(options)
  const columns = { text, label: 'label' } as const
  const write = (bytes: Uint8Array) => void (saved ??= bytes)
  await model.fit(rows, { ...columns, epochs: 2, seed: 3, checkpoint: { everySteps: 1, write } })
  const { model: resumed, fitOptions } = await TextClassifier.fromCheckpoint(saved!)
  expect(fitOptions.text).toEqual(text)
  await resumed.fit(rows, { ...fitOptions, resume: saved } as never)
  expect(resumed.predict('good').probabilities).toEqual(model.predict('good').probabilities)
})

test('of a language model', async () => {
  const settings = { tokens: 'words', cell: 'gru', units: 4, threads: 1, endToken: true } as const
  const [several, single] = [languageModel(settings), languageModel(settings)]
  await several.fit(rows, { epochs: 1, text: [...text] })
  await single.fit(joined, { epochs: 1 })
  expect(several.vocabulary.tokens).toEqual(single.vocabulary.tokens)
  await expect(several.fit([{ title: 'a' }], { text: [...text] })).rejects.toThrow(
    'row 0: expected a text, or { title, description }',
  )
})

test('are named, or refused', async () => {
  const model = textClassifier(options)
  const fit = (given: unknown) => model.fit(rows, { text: given as 'title', label: 'label' })
  for (const given of [[], ['title', 3], 3])
    await expect(fit(given)).rejects.toThrow('the name of the column with the text, or a list of names')
  await expect(fit(['title', 'body'])).rejects.toThrow(/body/)
  type Row = (typeof rows)[number]
  expectTypeOf<Columns<Row>['text']>().toEqualTypeOf<keyof Row | readonly (keyof Row)[]>()
})
