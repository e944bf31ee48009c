/** The classifier of pairs of texts: what it learns, its rows and options, files and what it refuses. */
import { beforeAll, describe, expect, expectTypeOf, it } from 'vitest'
import {
  DataError,
  FormatError,
  TextPairClassifier,
  textPairClassifier,
  UnsupportedError,
  UsageError,
  type TextPairOptions,
} from '../../../src/index.ts'
import { openModelFile } from '../../../src/tasks/files/openModel.ts'
import { decodeModel, encodeModel, type ModelDocument } from '../../../src/formats/latch/modelFile.ts'
import { SMALL, sameNumber, TINY } from './pairHelpers.ts'

const EXACT = { engine: 'simd', threads: 1 } as const
const BRIEF = { epochs: 2, batchSize: 8, seed: 1, validation: 0.25, patience: null } as const
const rows = sameNumber(1000)
const held = sameNumber(300, 2)

async function tiny(options: TextPairOptions = {}, fit: object = {}): Promise<TextPairClassifier> {
  const model = textPairClassifier({ ...TINY, ...EXACT, ...options })
  await model.fit(rows.slice(0, 40), { ...BRIEF, ...fit })
  return model
}

describe('a classifier of pairs', () => {
  let model: TextPairClassifier<'same' | 'different'>
  beforeAll(async () => {
    model = textPairClassifier({ ...SMALL, ...EXACT, labels: ['different', 'same'] })
    await model.fit(rows, { epochs: 25, learningRate: 0.01, validation: 0, seed: 1 })
  })

  it('learns a relation that a bag of words cannot see', async () => {
    const { accuracy, macroF1, confusion, n } = await model.evaluate(held)
    expect(accuracy).toBeGreaterThanOrEqual(0.95)
    expect(macroF1).toBeGreaterThanOrEqual(0.95)
    expect(confusion.flat().reduce((sum, count) => sum + count)).toBe(n)
    const baseline = await model.baseline(rows)
    const { value } = baseline.evaluate(held)
    expect(value).toBeLessThan(0.65)
    // A pair without one of its texts counts for neither.
    const some = [...held.slice(0, 5), { ...held[5], a: ' ' }]
    expect([baseline.evaluate(some).n, (await model.evaluate(some)).n]).toEqual([5, 5])
  })

  it('predicts labels of the given type, with top', () => {
    const prediction = model.predict({ a: 'I have 3 apples', b: 'there are three apples' }, { top: 2 })
    expectTypeOf(prediction.label).toEqualTypeOf<'same' | 'different'>()
    expect(prediction.label).toBe('same')
    expect(prediction.top?.map(({ label }) => label)).toEqual(['same', 'different'])
    expect(model.predict([{ a: 'I have 3 apples', b: 'there are four apples' }])[0].label).toBe('different')
    expect(`${model.summary()}`).toContain('Input: pairs of texts as words (vocabulary of ')
    expect(model.summary()).toMatchObject({ reads: ['pair'], textColumn: 'a,b', per: 'sequence' })
  })

  it('encodes both texts as one sequence', () => {
    const { tokens, ids, known } = model.encode({ a: '3 Apples', b: 'three pears' })
    const { size } = model.vocabulary
    expect(tokens).toEqual(['3', 'apples', 'three', 'pears'])
    expect(known).toEqual([true, true, true, false])
    const [three, apples] = ['3', 'apples'].map((token) => model.vocabulary.idOf(token))
    expect(ids).toEqual([three, apples, size + model.vocabulary.idOf('three'), size])
  })
})

describe('rows of pairs', () => {
  it('have their columns by name, of the type of the rows', async () => {
    const named = rows
      .slice(0, 40)
      .map(({ a, b, label }) => ({ question1: a, question2: b, is: label, id: 1 }))
    const columns = { texts: ['question1', 'question2'], label: 'is' } as const
    const model = textPairClassifier({ ...TINY, ...EXACT })
    await model.fit(named, { ...BRIEF, ...columns })
    const plain = await tiny()
    expect(model.network.readParameter('dense.0.weight')).toEqual(
      plain.network.readParameter('dense.0.weight'),
    )
    expect(model.summary().textColumn).toBe('question1,question2')
    expect(await model.evaluate(named, columns)).toEqual(await plain.evaluate(rows.slice(0, 40)))
    // @ts-expect-error no such column
    await expect(model.evaluate(named, { texts: ['question1', 'other'], label: 'is' })).rejects.toThrow(
      'rows: expected a column "other", got the columns "question1", "question2", "is", "id"',
    )
  })

  it('without one of the texts or a label are skipped, and counted', async () => {
    const model = textPairClassifier({ ...TINY, ...EXACT })
    const [first] = rows
    const given = [{ ...first, a: ' ' }, { ...first, b: '' }, ...rows.slice(0, 40), { ...first, label: '' }]
    const report = await model.fit(given, BRIEF)
    expect(report.warnings).toContain('rows: skipped 3 rows with an empty text or label.')
    expect(report.trainSize + report.validationSize).toBe(40)
    expect([...report.split.train, ...report.split.validation].sort((a, b) => a - b)).toEqual(
      Array.from({ length: 40 }, (_, i) => i + 2),
    )
    const cut = await textPairClassifier({ ...TINY, maximumLength: 3 }).fit(rows.slice(0, 40), BRIEF)
    expect(cut.warnings.join()).toMatch(/\d+ texts cut at 3 tokens\./)
  })

  it('that say nothing, or something else, are refused', async () => {
    const model = await tiny()
    const refusal = (given: object[], options: object = {}) => model.fit(given, options as never)
    await expect(refusal([{ a: '', b: 'x', label: 'same' }])).rejects.toBeInstanceOf(DataError)
    const crossed = [
      { a: '', b: 'x', label: 'same' },
      { a: 'x', b: '', label: 'same' },
    ]
    await expect(refusal(crossed)).rejects.toThrow(
      'rows: expected at least one row with two texts and a label, got 2 rows with an empty text or label',
    )
    await expect(refusal([{ a: 'x', b: 'y', label: 'odd' }])).rejects.toThrow(
      'row 0, label: expected one of the labels different, same, got "odd"',
    )
    const single = textPairClassifier().fit([{ a: 'x', b: 'y', label: 'same' }])
    await expect(single).rejects.toThrow('labels: expected at least two different labels')
    for (const [texts, got] of [
      ['a', '"a"'],
      [['a'], 'a list of 1'],
      [['a', 'a'], '"a" twice'],
      [['a', 3], 'a list of 2'],
    ] as const)
      await expect(refusal(rows, { texts })).rejects.toThrow(
        `fit option texts: expected a list of two different column names, those of the texts, got ${got}`,
      )
  })
})

describe('what a classifier of pairs takes', () => {
  it('every cell, pooling and number of layers of a text classifier', async () => {
    for (const options of [
      { cell: 'rnn', activation: 'relu' },
      { cell: 'lstm', layers: 2, bidirectional: true, pooling: 'mean', dropout: 0.2 },
      { cell: 'ann', maximumLength: 6 },
      { cell: 'bag' },
      { tokens: 'chars', pooling: 'max', combine: 'symmetric' },
    ] as const) {
      const model = await tiny(options)
      const again = TextPairClassifier.fromBytes(model.toBytes(), 'm', EXACT)
      expect(again.settings).toEqual(model.settings)
      expect(again.predict(held.slice(0, 5))).toEqual(model.predict(held.slice(0, 5)))
    }
  })

  it('symmetric features answer both orders alike', async () => {
    const exchanged = held.map(({ a, b }) => ({ a: b, b: a }))
    const symmetric = await tiny({ combine: 'symmetric' })
    expect(symmetric.predict(exchanged)).toEqual(symmetric.predict(held))
    const ordered = await tiny()
    expect(ordered.predict(exchanged)).not.toEqual(ordered.predict(held))
  })

  it('pretrained vectors begin its embedding', async () => {
    const vectors = { three: [1, 2, 3, 4, 5], '3': [1, 2, 3, 4, 5] }
    const model = textPairClassifier({ ...TINY, ...EXACT, embedding: 5, vectors })
    const report = await model.fit(rows.slice(0, 40), { ...BRIEF, frozen: ['pairEmbedding.0'] })
    expect(report.vectors?.vocabulary.covered).toBe(2)
    const table = model.network.readParameter('pairEmbedding.0.weight')
    const at = 5 * model.vocabulary.idOf('three')
    expect([...table.subarray(at, at + 5)]).toEqual([1, 2, 3, 4, 5])
  })

  it('no counts, one-hot texts or unknown features', () => {
    const refuse = (options: object) => () => textPairClassifier(options as never)
    expect(refuse({ counts: true })).toThrow(/option counts: expected no value for pairs of texts/)
    expect(refuse({ embedding: 'oneHot' })).toThrow(/option embedding: expected a width for pairs of texts/)
    expect(refuse({ combine: 'sum' })).toThrow(/option combine: expected one of concat, symmetric, got sum/)
  })

  it('pairs of texts alone', async () => {
    const model = await tiny()
    for (const [input, message] of [
      ['x', 'input: expected two texts, { a, b }, got "x"'],
      [null, 'input: expected two texts, { a, b }, got null'],
      [{ a: 'x' }, 'input.b: expected a string, got nothing'],
      [{ a: 1, b: 'x' }, 'input.a: expected a string, got 1'],
      [
        [
          { a: 'x', b: 'y' },
          { a: 'x', b: 2 },
        ],
        'row 1, input.b: expected a string, got 2',
      ],
    ] as const)
      expect(() => model.predict(input as never)).toThrow(message)
    expect(() => model.stream()).toThrow(UnsupportedError)
    expect(() => model.trace({ a: 'x', b: 'y' })).toThrow(
      'trace: expected one sequence of steps in every layer, got pairEmbedding.0, which reads two texts',
    )
  })
})

describe('files and runs of a classifier of pairs', () => {
  it('the same bits on 1, 2 and 3 threads', async () => {
    const bytes = await Promise.all([1, 2, 3].map(async (threads) => (await tiny({ threads })).toBytes()))
    expect(bytes[1]).toEqual(bytes[0])
    expect(bytes[2]).toEqual(bytes[0])
  })

  it('a vocabulary grows with new rows, and its old rows stay', async () => {
    const model = await tiny()
    const before = model.vocabulary.size
    const pair = { a: 'zebras run', b: 'a zebra runs', label: 'same' }
    const more = [pair, { ...pair, label: 'different' }]
    const old = model.network.readParameter('pairEmbedding.0.weight')
    await model.fit(more, { ...BRIEF, validation: 0, extendVocabulary: true, frozen: ['pairEmbedding'] })
    expect(model.vocabulary.size).toBeGreaterThan(before)
    expect(model.encode(pair).known).toEqual([true, true, true, true, true])
    expect(model.network.readParameter('pairEmbedding.0.weight').slice(0, old.length)).toEqual(old)
  })

  it('opens as a model of its class, and refuses sections that contradict each other', async () => {
    const model = await tiny()
    const bytes = model.toBytes()
    expect(openModelFile(bytes)).toBeInstanceOf(TextPairClassifier)
    const { document, tensors } = decodeModel(bytes, 'm')
    const changed = (change: object) => () =>
      TextPairClassifier.fromBytes(
        encodeModel({ ...(document as ModelDocument), ...change }, [...tensors.values()]),
        'm',
      )
    expect(changed({})).not.toThrow()
    expect(changed({ combine: 'symmetric' })).toThrow(/m, document\.network\.layers: expected .*symmetric/)
    expect(changed({ combine: 'sum' })).toThrow(FormatError)
    expect(changed({ labels: ['a', 'b', 'c'] })).toThrow(FormatError)
    expect(changed({ task: 'textClassifier' })).toThrow(/expected a textPairClassifier/)
    await expect(model.baseline(rows, { text: 'a' })).rejects.toBeInstanceOf(UsageError)
  })
})
