/** The text classifier: every choice trains and predicts, figures equal a count by hand, seeds give the same bytes. */
import { internalsOf } from '../../../src/model/network.ts'
import { describe, expect, it } from 'vitest'
import { createEngine } from '../../../src/engine/createEngine.ts'
import { DataError } from '../../../src/core/errors.ts'
import { textClassifier } from '../../../src/tasks/textClassifier/textClassifier.ts'
import type { ClassifierOptions } from '../../../src/tasks/textClassifier/options.ts'
import type { ModelFitEvent } from '../../../src/tasks/fit/fitOptions.ts'
import { comments, hex, quick, THREE, thrown, tiny, trained } from './classifierHelpers.ts'

const choices: [string, ClassifierOptions][] = [
  ['lstm', { cell: 'lstm' }],
  ['gru, reset after', { cell: 'gru', reset: 'after' }],
  ['gru, reset before', { cell: 'gru', reset: 'before' }],
  ['rnn tanh', { cell: 'rnn' }],
  ['rnn relu', { cell: 'rnn', activation: 'relu' }],
  ['ann', { cell: 'ann', maximumLength: 10 }],
  ['bag', { cell: 'bag' }],
  ['stacked', { cell: 'gru', layers: 2 }],
  ['bidirectional', { cell: 'lstm', bidirectional: true }],
  ['stacked, bidirectional, max over time', { layers: 2, bidirectional: true, pooling: 'max' }],
  ['mean over time', { cell: 'gru', pooling: 'mean' }],
  ['characters', { cell: 'gru', tokens: 'chars', pooling: 'max', units: 16 }],
  ['one-hot', { cell: 'gru', embedding: 'oneHot' }],
  ['one-hot, bidirectional', { embedding: 'oneHot', bidirectional: true }],
  ['reference float32', { cell: 'gru', engine: 'reference' }],
  ['reference float64', { cell: 'lstm', engine: 'reference', precision: 'float64' }],
]

describe('every choice', () => {
  it.each(choices)('%s: two classes, learned', async (_, options) => {
    const rows = comments(48, 1)
    const model = await trained(options, { epochs: options.tokens ? 40 : 12 }, rows)
    const { accuracy, confusion } = await model.evaluate(rows, { text: 'text', label: 'label' })
    expect(accuracy).toBeGreaterThan(0.9)
    expect(confusion.flat().reduce((a, b) => a + b)).toBe(48)
    expect(model.labels).toEqual(['bad', 'good'])
    expect(model.network.config.loss?.type).toBe('binaryCrossEntropy')
    const {
      engine = createEngine({ engine: options.engine, precision: options.precision }).name,
      precision = 'float32',
    } = options
    expect(internalsOf(model.network).engine).toMatchObject({ name: engine, precision })
    const cells = internalsOf(model.network).recurrent.map(({ cell }) => cell.name)
    const feedForward = options.cell === 'ann' || options.cell === 'bag'
    expect(cells).toEqual(feedForward ? [] : Array(options.layers ?? 1).fill(options.cell ?? 'lstm'))
    expect(
      internalsOf(model.network).recurrent.every(
        ({ loops }) => loops.length === (options.bidirectional ? 2 : 1),
      ),
    ).toBe(true)
  })

  it.each(choices)('%s: three classes, with dropout', async (_, options) => {
    const model = await trained({ ...options, dropout: 0.2 }, { epochs: 1 }, comments(30, 2, THREE))
    expect(model.labels).toEqual(['bad', 'good', 'odd'])
    const { label, probabilities } = model.predict('a strange soup')
    const shares = Object.values(probabilities)
    expect(Object.keys(probabilities)).toEqual(['bad', 'good', 'odd'])
    expect(shares.reduce((a, b) => a + b)).toBeCloseTo(1, 12)
    expect(probabilities[label]).toBe(Math.max(...shares))
  })

  it('three classes are learned', async () => {
    const rows = comments(60, 3, THREE)
    const model = await trained({ cell: 'gru' }, { epochs: 15 }, rows)
    expect((await model.evaluate(comments(60, 4, THREE), { text: 'text', label: 'label' })).accuracy).toBe(1)
    expect(model.network.config.loss?.type).toBe('softmaxCrossEntropy')
  })
})

describe('texts of every kind', () => {
  it('unseen words, no words, emoji, one very long text', async () => {
    const model = await trained({ maximumLength: 20 })
    const odd = [
      'zyzzyva quux',
      '',
      '   ',
      '🙂🙃',
      '\ud800 lone',
      '0',
      'great '.repeat(500),
      '\u0000',
      '__proto__',
    ]
    for (const { label, probabilities } of model.predict(odd)) {
      expect(['good', 'bad']).toContain(label)
      expect(probabilities.good + probabilities.bad).toBeCloseTo(1, 12)
    }
    expect(model.predict('')).toEqual(model.predict('zyzzyva'))
    expect(model.predict('great '.repeat(500))).toEqual(model.predict('great '.repeat(20)))
    expect(model.predict([])).toEqual([])
  })

  it('characters: spaces around a text are nothing, as in rows', async () => {
    const model = await trained({ cell: 'gru', tokens: 'chars' }, { epochs: 1 })
    expect(model.predict('  great \n')).toEqual(model.predict('great'))
  })

  it('a value that is not a text is rejected', async () => {
    const model = await trained({}, { epochs: 1 })
    for (const value of [undefined, null, 5, {}, ['a', 5]]) {
      const error = await thrown(() => model.predict(value as string))
      expect(error).toBeInstanceOf(DataError)
      expect(error.message).toMatch(/^(row \d, )?text: expected a string/)
    }
  })

  it('truncated texts and omitted rows are counted and reported', async () => {
    const rows = [
      ...comments(20, 1),
      { text: ' ', label: 'good' },
      { text: 'great', label: '' },
      { text: 'a b c d e f g h i', label: 'bad' },
    ]
    const notes: string[] = []
    const onEvent = (event: ModelFitEvent) => event.type === 'start' && notes.push(...event.warnings)
    const model = textClassifier({ ...tiny, maximumLength: 8 })
    const report = await model.fit(rows, { ...quick, epochs: 1, onEvent })
    expect(report.trainSize).toBe(21)
    expect(report.warnings).toEqual(notes)
    expect(notes).toEqual([
      'rows: skipped 1 row with an empty text and 1 row with an empty label.',
      '1 text cut at 8 tokens.',
    ])
  })
})

describe('labels', () => {
  it('a label that the classifier does not have', async () => {
    const model = textClassifier({ ...tiny, labels: ['good', 'bad'] })
    const error = await thrown(() => model.fit(comments(9, 1, THREE), quick))
    expect(error).toBeInstanceOf(DataError)
    expect(error.message).toMatch(/^row 2, label: expected one of the labels good, bad, got "odd"/)
    await model.fit(comments(12, 1), { ...quick, epochs: 1 })
    expect(model.labels).toEqual(['good', 'bad'])
    const evaluating = await thrown(() =>
      model.evaluate(comments(9, 1, THREE), { text: 'text', label: 'label' }),
    )
    expect(evaluating.message).toMatch(/^row 2, label: expected one of/)
    const again = await thrown(() => model.fit(comments(9, 1, THREE), quick))
    expect(again.message).toMatch(/^row 2, label: expected one of/)
  })

  it('one class only', async () => {
    const rows = comments(9, 1, ['good'])
    for (const model of [textClassifier(tiny), textClassifier({ ...tiny, labels: ['good', 'bad'] })]) {
      const error = await thrown(() => model.fit(rows, quick))
      expect(error).toBeInstanceOf(DataError)
      expect(error.message).toMatch(
        /^labels: expected at least two different labels, got only "good" in 9 rows\. Check/,
      )
    }
  })

  it('no rows, unknown column', async () => {
    const model = textClassifier(tiny)
    expect((await thrown(() => model.fit([], quick))).message).toMatch(
      /^rows: expected a table with at least one row/,
    )
    const wrong = { ...quick, text: 'comment' as 'text' }
    expect((await thrown(() => model.fit(comments(4, 1), wrong))).message).toMatch(
      /comment.*text.*label|text.*label.*comment/,
    )
  })

  it('strange names are only names', async () => {
    const rows = comments(20, 1).map(({ text, label }) => ({
      text,
      label: label === 'good' ? '__proto__' : 'constructor',
    }))
    const model = await trained({}, { epochs: 1, classWeights: { constructor: 2 } }, rows)
    expect(Object.keys(model.predict('great').probabilities).sort()).toEqual(['__proto__', 'constructor'])
  })
})

describe('evaluation', () => {
  it.each([
    ['two', undefined],
    ['three', THREE],
  ] as const)('%s classes: equal to a count by hand', async (_, labels) => {
    const rows = comments(61, 7, labels as typeof THREE | undefined)
    const model = await trained({ cell: 'gru', units: 4 }, { epochs: 2, learningRate: 0.01 }, rows)
    const report = await model.evaluate(rows, { text: 'text', label: 'label' })
    let [right, loss] = [0, 0]
    const counts = new Map<string, number>()
    for (const { text, label } of rows) {
      const { label: said, probabilities } = model.predict(text)
      if (said === label) right++
      loss -= Math.log(probabilities[label])
      counts.set(`${label} ${said}`, (counts.get(`${label} ${said}`) ?? 0) + 1)
    }
    const count = (actual: string, said: string) => counts.get(`${actual} ${said}`) ?? 0
    expect(report.n).toBe(61)
    expect(report.accuracy).toBe(right / 61)
    expect(report.loss).toBeCloseTo(loss / 61, 5)
    expect(report.confusion).toEqual(model.labels.map((a) => model.labels.map((p) => count(a, p))))
    const scores = model.labels.map((name) => {
      const actual = model.labels.reduce((sum, other) => sum + count(name, other), 0)
      const said = model.labels.reduce((sum, other) => sum + count(other, name), 0)
      const precision = said ? count(name, name) / said : 0
      const recall = actual ? count(name, name) / actual : 0
      const f1 = precision + recall ? (2 * precision * recall) / (precision + recall) : 0
      return { precision, recall, f1, support: actual }
    })
    report.perClass.forEach(({ label, ...rest }, k) => {
      expect(label).toBe(model.labels[k])
      for (const name of ['precision', 'recall', 'f1', 'support'] as const)
        expect(rest[name]).toBeCloseTo(scores[k][name], 12)
    })
    expect(report.macroF1).toBeCloseTo(scores.reduce((sum, { f1 }) => sum + f1, 0) / scores.length, 12)
  })

  it.each(choices)('%s: many texts at once as each alone', async (_, options) => {
    const model = await trained(options, { epochs: 1 }, comments(24, 5, THREE))
    const texts = [...comments(70, 9).map(({ text }) => text), '', 'great', 'unseen']
    const exact = model.network.engine.name !== 'reference'
    model.predict(texts).forEach((together, i) => {
      const alone = model.predict(texts[i])
      expect(together.label).toBe(alone.label)
      expect(exact ? together : alone).toEqual(alone)
      for (const [label, share] of Object.entries(alone.probabilities))
        expect(together.probabilities[label]).toBeCloseTo(share, 6)
    })
  })
})

describe('seeds', () => {
  const run = async (seed: number) =>
    hex((await trained({ dropout: 0.2 }, { epochs: 2, validation: 0.2, seed })).toBytes())

  it('the same gives the same bytes, another gives others', async () => {
    const first = await run(1)
    expect(await run(1)).toBe(first)
    expect(await run(2)).not.toBe(first)
  })
})

describe('training', () => {
  it('balanced class weights: every class counts the same', async () => {
    const rows = comments(40, 1).filter(({ label }, i) => label === 'good' || i % 10 === 1)
    const model = await trained({}, { epochs: 1, classWeights: 'balanced' }, rows)
    // 20 good and 4 bad rows; labels in the order bad, good.
    expect(model.network.config.loss?.classWeights).toEqual([24 / (2 * 4), 24 / (2 * 20)])
    const named = await trained({}, { epochs: 1, classWeights: { bad: 3 } }, rows)
    expect(named.network.config.loss?.classWeights).toEqual([3, 1])
    const error = await thrown(() => trained({}, { classWeights: { ugly: 3 } }, rows))
    expect(error.message).toMatch(/^label: expected one of the labels bad, good, got "ugly"/)
  })

  it('weights move the decision to the class that weighs more', async () => {
    const mixed = comments(40, 1).map(({ label }, i) => ({
      text: 'soup',
      label: i % 4 === 0 ? 'bad' : label,
    }))
    const plain = await trained({ minimumCount: 1 }, { epochs: 6 }, mixed)
    const weighted = await trained({ minimumCount: 1 }, { epochs: 6, classWeights: { good: 20 } }, mixed)
    expect(plain.predict('soup').label).toBe('bad')
    expect(weighted.predict('soup').label).toBe('good')
  })

  it('a second fit goes on: same vocabulary, lower loss, its own loss options', async () => {
    const model = textClassifier(tiny)
    const first = await model.fit(comments(40, 1), { ...quick, epochs: 2 })
    const words = model.vocabulary.toJSON()
    const second = await model.fit(comments(40, 2), { ...quick, epochs: 3 })
    expect(model.vocabulary.toJSON()).toEqual(words)
    expect(second.history[0].trainLoss).toBeLessThan(first.history[0].trainLoss)
    expect(model.history?.epochs).toBe(3)
    const before = model.predict('great soup')
    await model.fit(comments(40, 2), {
      ...quick,
      epochs: 1,
      learningRate: 1e-9,
      labelSmoothing: 0.25,
      classWeights: 'balanced',
    })
    expect(model.network.config.loss).toMatchObject({ labelSmoothing: 0.25, classWeights: [1, 1] })
    expect(model.predict('great soup').probabilities.good).toBeCloseTo(before.probabilities.good, 4)
  })

  it('one training at a time', async () => {
    const model = textClassifier(tiny)
    const running = model.fit(comments(20, 1), { ...quick, epochs: 1 })
    expect((await thrown(() => model.fit(comments(20, 1), quick))).message).toMatch(
      /^fit: expected one training at a time/,
    )
    await running
    await model.fit(comments(20, 1), { ...quick, epochs: 1 })
  })

  it('stops early and keeps the best weights', async () => {
    const model = textClassifier({ ...tiny, units: 16, counts: false })
    const rows = comments(60, 1).map((row, i) => ({
      ...row,
      label: i % 3 ? row.label : row.label === 'good' ? 'bad' : 'good',
    }))
    const validation = comments(30, 2)
    const report = await model.fit(rows, { ...quick, epochs: 60, patience: 2, validation })
    expect(report.stopped).toBe('patience')
    expect(report.kept).toBe('best')
    const { loss, accuracy } = await model.evaluate(validation, { text: 'text', label: 'label' })
    expect(loss).toBeCloseTo(report.best!.loss, 6)
    expect(accuracy).toBe(report.best!.accuracy)
  })
})
