/** What the compiler knows of a classifier: labels, gate names by cell, columns; misuse does not compile. */
import { describe, expect, expectTypeOf, it } from 'vitest'
import { TextClassifier, textClassifier } from '../../../src/tasks/textClassifier/textClassifier.ts'
import { LatchError } from '../../../src/core/errors.ts'
import { quick, thrown, tiny } from './classifierHelpers.ts'

const rows = [
  { text: 'great soup', label: 'good', stars: 5 },
  { text: 'awful soup', label: 'bad', stars: 1 },
]
const expectError = async (action: () => unknown) => expect(await thrown(action)).toBeInstanceOf(LatchError)
const fitting = { ...quick, epochs: 1 }

describe('types', () => {
  it('labels given are the type of predictions', async () => {
    const model = textClassifier({ ...tiny, labels: ['good', 'bad'] })
    await model.fit(rows, fitting)
    const prediction = model.predict('soup')
    expectTypeOf(prediction.label).toEqualTypeOf<'good' | 'bad'>()
    expectTypeOf(prediction.probabilities).toEqualTypeOf<Record<'good' | 'bad', number>>()
    expectTypeOf(model.predict(['soup'])).items.toEqualTypeOf<typeof prediction>()
    expectTypeOf(model.labels).toEqualTypeOf<readonly ('good' | 'bad')[]>()
    const { perClass } = await model.evaluate(rows, { text: 'text', label: 'label' })
    expectTypeOf(perClass[0].label).toEqualTypeOf<'good' | 'bad'>()
    // @ts-expect-error no such label
    expect((await thrown(() => model.trace('soup', { label: 'ugly' }))).message).toMatch(/ugly/)
    // @ts-expect-error no such label
    expect(prediction.probabilities.ugly).toBeUndefined()
  })

  it('labels not given are texts', () => {
    const model = textClassifier()
    expectTypeOf<(typeof model)['labels']>().toEqualTypeOf<readonly string[]>()
    expectTypeOf(model).toEqualTypeOf<TextClassifier<'lstm', string>>()
    expectTypeOf((bytes: Uint8Array) =>
      TextClassifier.fromBytes(bytes),
    ).returns.toEqualTypeOf<TextClassifier>()
  })

  it('gates have the names of the cell', async () => {
    const lstm = textClassifier({ ...tiny, labels: ['good', 'bad'] })
    await lstm.fit(rows, fitting)
    const [step] = lstm.trace('soup').steps
    expectTypeOf(step.gates).toEqualTypeOf<Record<'input' | 'forget' | 'output', Float64Array>>()
    expectTypeOf(step.output.label).toEqualTypeOf<'good' | 'bad'>()
    expect(Object.keys(step.gates).sort()).toEqual(['forget', 'input', 'output'])
    expect(step.gates.forget).toHaveLength(8)
    // @ts-expect-error an LSTM has no update gate
    expect(step.gates.update).toBeUndefined()

    const gru = textClassifier({ ...tiny, cell: 'gru' })
    await gru.fit(rows, fitting)
    const trace = gru.trace('soup')
    expectTypeOf(trace.cell).toEqualTypeOf<'gru'>()
    expectTypeOf(trace.steps[0].gates).toEqualTypeOf<Record<'reset' | 'update', Float64Array>>()
    expect(Object.keys(trace.steps[0].gates).sort()).toEqual(['reset', 'update'])
    expectTypeOf(trace.layers[0].steps[0].gates.update).toEqualTypeOf<Float64Array>()
    // @ts-expect-error a GRU has no forget gate
    expect(trace.steps[0].gates.forget).toBeUndefined()

    const rnn = textClassifier({ ...tiny, cell: 'rnn' })
    await rnn.fit(rows, fitting)
    expectTypeOf(rnn.trace('soup').steps[0].gates).toEqualTypeOf<Record<never, Float64Array>>()
    const loaded = TextClassifier.fromBytes(lstm.toBytes()).trace('soup')
    // @ts-expect-error which cell it is, only the file knows
    expect(loaded.steps[0].gates.forget).toHaveLength(8)
    if (loaded.cell === 'lstm') expectTypeOf(loaded.steps[0].gates.forget).toEqualTypeOf<Float64Array>()
    expect(rnn.trace('soup').steps[0].gates).toEqual({})
  })

  it('unknown options and columns', async () => {
    // @ts-expect-error no such cell
    await expectError(() => textClassifier({ cell: 'transformer' }))
    // @ts-expect-error units is a number
    await expectError(() => textClassifier({ units: '64' }))
    // @ts-expect-error no such option: it is called units
    await expectError(() => textClassifier({ unit: 64 }))
    // @ts-expect-error no such share
    await expectError(() => textClassifier({ dropout: { word: 0.1 } }))
    // @ts-expect-error no such column
    const wrongColumn = textClassifier(tiny).fit(rows, { ...fitting, text: 'comment' })
    await expectError(() => wrongColumn)
    const textOnly = { text: 'text' } as const
    // @ts-expect-error the label's column is missing
    await textClassifier(tiny).fit(rows, textOnly).catch(String)
    // @ts-expect-error no such optimizer
    await expectError(() => textClassifier(tiny).fit(rows, { ...fitting, optimizer: 'tiger' }))
    await textClassifier(tiny).fit(rows, { ...fitting, label: 'stars' })
  })
})
